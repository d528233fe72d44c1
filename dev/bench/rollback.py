"""`eros rollback` of one changed routine, without and with the rows, at the medium sample."""

from __future__ import annotations

from pathlib import Path

from dev.bench.benchmark import Figures, benchmark, ratio, seconds
from dev.bench.lab import Cloud, Lab, run
from eros.project.settings import PROJECT_ROOT

# A setting that stands in the body of one procedure.
_SETTING = "  eros:selection: {lockTries: 21}\n"


@benchmark("rollback", "eros rollback of one change, without and with rows, at the medium sample")
def rollback(lab: Lab) -> Figures:
    """Each round changes the stack and goes back, first the definitions, then the rows too."""
    cloud = lab.cloud()
    _eros(cloud, "sample", "--size", "medium", "--replace")
    settings = _changed_settings(lab.folder("rollback"))
    changes, definitions, rows = [], [], []
    for number in range(lab.repeat):
        changes.append(_change(cloud, settings))
        definitions.append(_eros(cloud, "rollback", "--yes"))
        changes.append(_change(cloud, settings))
        rows.append(_eros(cloud, "rollback", "--yes", "--data"))
        lab.say(f"round {number + 1} of {lab.repeat}")
    return Figures(
        (
            ratio("definitions / the change itself", definitions, changes[::2]),
            ratio("with rows / definitions", rows, definitions),
            seconds("definitions", definitions),
            seconds("with rows", rows),
            seconds("the change itself", changes),
        ),
        {"sample": "medium"},
    )


def _changed_settings(folder: Path) -> Path:
    """The local stack's settings with one value changed; the project's file stays as it is."""
    file = folder / "Pulumi.local.yaml"
    text = (PROJECT_ROOT / file.name).read_text(encoding="utf-8")
    file.write_text(text.replace("config:\n", f"config:\n{_SETTING}", 1), encoding="utf-8")
    return file


def _change(cloud: Cloud, settings: Path) -> float:
    command = ["pulumi", "up", "--stack", "local", "--yes", "--skip-preview"]
    return run([*command, "--config-file", str(settings)], environment=cloud.backend).wall


def _eros(cloud: Cloud, *arguments: str) -> float:
    return run(["eros", *arguments], environment=cloud.backend).wall
