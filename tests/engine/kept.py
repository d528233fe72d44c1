"""A stack whose first `up` has been made, kept from run to run: the cloud's data and the state.

A first `up` creates two hundred resources, and a test of a change says nothing of them. It is made
once for all that decides its outcome; a hash of that is the folder's name. Every user works on a
copy, in which the addresses of the cloud become those of the copy's own.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from eros.project.settings import PROJECT_ROOT
from localgcp.bigquery import switch
from tools import exclusive_lock, gcp_plugin, toolchain_cache

_KEPT = 3
# A cloud has a clock: little may fall due between the first `up` and the test.
_SECONDS = 86_400
_DECIDE = (
    *("__main__.py", "Pulumi.yaml", "pyproject.toml", "requirements.txt"),
    *("components", "config", "eros", "policy", "sql"),
    *("tests/engine/conftest.py", "tests/engine/kept.py"),
    *("packages/bqstack/src", "packages/gcptypes/src", "packages/localgcp/src"),
)
# What is of one cloud only: its processes and their ports, what they said.
_OWN = shutil.ignore_patterns("processes.json", "lock", "logs")

Make = Callable[[Path], None]


def copy(make: Make, target: Path) -> None:
    """Put the data of a stopped cloud and the state of its stack below `target`.

    `make` does so the first time, with a first `up`.
    """
    kept = toolchain_cache.folder().parent / "stacks"
    folder = kept / key()
    with exclusive_lock.exclusive(kept / "lock"):
        if not folder.exists() or time.time() - folder.stat().st_mtime > _SECONDS:
            with tempfile.TemporaryDirectory(prefix="eros-stack-") as work:
                make(Path(work))
                with toolchain_cache.assembled(folder) as draft:
                    shutil.copytree(work, draft, ignore=_OWN, dirs_exist_ok=True)
        shutil.copytree(folder, target, dirs_exist_ok=True)
        others = [one for one in kept.iterdir() if one.is_dir()]
        for old in sorted(others, key=lambda one: one.stat().st_mtime)[:-_KEPT]:
            shutil.rmtree(old)


def key(root: Path = PROJECT_ROOT) -> str:
    """Name of the folder for this program on this cloud."""
    strict = os.environ.get(switch.VARIABLE, "")
    plugin = gcp_plugin.find(root).description
    found = hashlib.sha256("\n".join([sys.version, platform.platform(), strict, plugin]).encode())
    files = list(root.glob("Pulumi.*.yaml"))
    for name in _DECIDE:
        files += [root / name] if (root / name).is_file() else (root / name).rglob("*")
    for path in sorted(files):
        if path.is_file() and "__pycache__" not in path.parts:
            text = path.read_bytes()
            # With its length: no two lists of files are the same when joined.
            found.update(f"{path.relative_to(root)}:{len(text)}:".encode() + text)
    return found.hexdigest()[:32]


def move(state: Path, old: dict[str, str], new: dict[str, str]) -> None:
    """Give the addresses of another cloud to a stack's state and its history."""
    for file in state.rglob("*"):
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            for name, url in old.items():
                text = text.replace(url, new[name])
            file.write_text(text, encoding="utf-8")
