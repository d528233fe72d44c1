"""A copy of the program in a folder of its own, for what runs and changes it there."""

from __future__ import annotations

import shutil
from pathlib import Path

from eros.project.settings import PROJECT_ROOT

_PARTS = (
    "__main__.py",
    "Pulumi.yaml",
    "pyproject.toml",
    "components",
    "config",
    "eros",
    "policy",
    "sql",
)


def copy_program(root: Path) -> None:
    """Copy what the engine and the command need into `root`, stack files included."""
    for name in _PARTS:
        source = PROJECT_ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)
    for file in PROJECT_ROOT.glob("Pulumi.*.yaml"):
        shutil.copy(file, root / file.name)
