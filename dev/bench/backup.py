"""`eros backup` at the medium sample: made, proven, put back, each as a command of its own."""

from __future__ import annotations

from dev.bench.benchmark import Figures, benchmark, ratio, seconds
from dev.bench.lab import Cloud, Lab, run

# Figure: arguments of `eros backup`, in an order in which each finds what it needs.
_COMMANDS = {
    "create": ("create",),
    "create with export": ("create", "--export"),
    "list": ("list",),
    "verify": ("verify",),
    "verify of the export": ("verify", "--from", "export"),
    "restore of all tables": ("restore", "--yes"),
    "restore from the export": ("restore", "--yes", "--from", "export"),
}


@benchmark("backup", "eros backup create, list, verify and restore, at the medium sample")
def backup(lab: Lab) -> Figures:
    """Every table each time; a restore includes its safety backup and the comparison."""
    cloud = lab.cloud()
    run(["eros", "sample", "--size", "medium", "--replace"], environment=cloud.backend)
    found: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for number in range(lab.repeat):
        for name, arguments in _COMMANDS.items():
            found[name].append(_eros_backup(cloud, *arguments))
        lab.say(f"round {number + 1} of {lab.repeat}")
    create = found["create"]
    return Figures(
        (
            ratio("verify / create", found["verify"], create),
            ratio("restore / create", found["restore of all tables"], create),
            *(seconds(name, samples) for name, samples in found.items()),
        ),
        {"sample": "medium"},
    )


def _eros_backup(cloud: Cloud, *arguments: str) -> float:
    return run(["eros", "backup", *arguments], environment=cloud.backend).wall
