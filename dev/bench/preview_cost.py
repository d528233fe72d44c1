"""What a preview without a change costs, next to an empty program and to the least that it can."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from dev.bench import floor
from dev.bench.benchmark import Figures, benchmark, ratio, seconds
from dev.bench.lab import Cloud, Duration, Lab, run
from eros.project.settings import PROJECT_ROOT

_EMPTY_PROGRAM = {"Pulumi.yaml": "name: empty\nruntime: python\n", "__main__.py": ""}
_PREVIEW = ("pulumi", "preview", "--non-interactive", "--expect-no-changes", "--stack")


@benchmark("preview", "preview without a change: the system, its floor, and an empty program")
def preview(lab: Lab) -> Figures:
    """Same engine, same kind of backend, in turns.

    The floor declares the same resources in literals (`dev.bench.floor`), on the same state.
    """
    cloud = lab.cloud()
    empty = lab.folder("empty")
    for name, text in _EMPTY_PROGRAM.items():
        (empty / name).write_text(text, encoding="utf-8")
    environment = cloud.backend
    run(["pulumi", "stack", "init", "empty"], environment=environment, folder=empty)
    run(["pulumi", "up", "--yes", "--stack", "empty"], environment=environment, folder=empty)

    resources = _resources(cloud)
    literal = lab.folder("floor")
    shutil.copy(PROJECT_ROOT / "Pulumi.yaml", literal)
    shutil.copy(PROJECT_ROOT / "Pulumi.local.yaml", literal)
    (literal / "__main__.py").write_text(floor.program(resources), encoding="utf-8")

    def time_preview(stack: str, folder: Path) -> Duration:
        return run([*_PREVIEW, stack], environment=environment, folder=folder)

    whole, least, nothing = lab.in_turns(
        lambda: time_preview("local", PROJECT_ROOT),
        lambda: time_preview("local", literal),
        lambda: time_preview("empty", empty),
    )
    return Figures(
        (
            ratio("system / empty program", _wall(whole), _wall(nothing)),
            ratio("system / empty program, CPU", _cpu(whole), _cpu(nothing)),
            ratio("system / floor", _wall(whole), _wall(least)),
            ratio("system / floor, CPU", _cpu(whole), _cpu(least)),
            seconds("preview of the system", _wall(whole)),
            seconds("preview of the floor", _wall(least)),
            seconds("preview of an empty program", _wall(nothing)),
            seconds("preview of the system, CPU", _cpu(whole)),
            seconds("preview of the floor, CPU", _cpu(least)),
            seconds("preview of an empty program, CPU", _cpu(nothing)),
        ),
        {"resources": len(resources)},
    )


def _wall(durations: list[Duration]) -> list[float]:
    return [one.wall for one in durations]


def _cpu(durations: list[Duration]) -> list[float]:
    return [one.cpu for one in durations]


def _resources(cloud: Cloud) -> list[dict[str, Any]]:
    """The resources in the state of the stack, in the order of their creation."""
    answer = subprocess.run(
        ["pulumi", "stack", "export", "--stack", "local"],
        cwd=PROJECT_ROOT,
        env=cloud.backend,
        capture_output=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(answer.stdout)["deployment"]["resources"]
    return found
