"""Which EROS made a backup."""

from __future__ import annotations

import shutil
import subprocess
from importlib import metadata
from pathlib import Path

_UNKNOWN = "unknown"


def version() -> str:
    """Version of the installed package."""
    return metadata.version("eros")


def commit(root: Path) -> str:
    """Commit of the working tree at `root`, `-dirty` with changes; "unknown" outside of git."""
    git = shutil.which("git")
    if git is None:
        return _UNKNOWN
    command = [git, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return found.stdout.strip() or _UNKNOWN
