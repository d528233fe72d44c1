"""The engine: what a preview without a change costs, next to that of an empty program."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from dev.bench.benchmark import Figures, benchmark, ratio, seconds
from dev.bench.lab import Cloud, Duration, Lab, run
from eros.project.settings import PROJECT_ROOT

_EMPTY_PROGRAM = {"Pulumi.yaml": "name: empty\nruntime: python\n", "__main__.py": ""}
_PREVIEW = ("pulumi", "preview", "--non-interactive", "--expect-no-changes", "--stack")


@benchmark("preview", "preview without a change: the whole system, and an empty program")
def preview(lab: Lab) -> Figures:
    """Same engine, same kind of backend, in turns."""
    cloud = lab.cloud()
    empty = lab.folder("empty")
    for name, text in _EMPTY_PROGRAM.items():
        (empty / name).write_text(text, encoding="utf-8")
    environment = cloud.backend
    run(["pulumi", "stack", "init", "empty"], environment=environment, folder=empty)
    run(["pulumi", "up", "--yes", "--stack", "empty"], environment=environment, folder=empty)

    def time_preview(stack: str, folder: Path) -> Duration:
        return run([*_PREVIEW, stack], environment=environment, folder=folder)

    whole, nothing = lab.in_turns(
        lambda: time_preview("local", PROJECT_ROOT), lambda: time_preview("empty", empty)
    )
    return Figures(
        (
            ratio("system / empty program", _wall(whole), _wall(nothing)),
            ratio("system / empty program, CPU", _cpu(whole), _cpu(nothing)),
            seconds("preview of the system", _wall(whole)),
            seconds("preview of an empty program", _wall(nothing)),
        ),
        {"resources": _resources(cloud)},
    )


def _wall(durations: list[Duration]) -> list[float]:
    return [one.wall for one in durations]


def _cpu(durations: list[Duration]) -> list[float]:
    return [one.cpu for one in durations]


def _resources(cloud: Cloud) -> int:
    """Number of resources in the state of the stack."""
    answer = subprocess.run(
        ["pulumi", "stack", "export", "--stack", "local"],
        cwd=PROJECT_ROOT,
        env=cloud.backend,
        capture_output=True,
        check=True,
    )
    return len(json.loads(answer.stdout)["deployment"]["resources"])
