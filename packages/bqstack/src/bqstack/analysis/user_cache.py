"""The user's cache: the compiled analyser, and what earlier runs have found."""

from __future__ import annotations

import hashlib
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

# What nobody has asked for in this time is of a text or a state that is gone.
_KEPT_SECONDS = 30 * 24 * 60 * 60
_DAY_SECONDS = 24 * 60 * 60


class Kept:
    """Texts by key in one folder. What cannot be read or written costs time, nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> str | None:
        """The text of a key, if there is one; being asked for keeps it."""
        path = self._folder / key
        try:
            text = path.read_text(encoding="utf-8")
            if time.time() - path.stat().st_mtime > _DAY_SECONDS:
                path.touch()
        except (OSError, ValueError):
            return None
        return text

    def put(self, key: str, text: str) -> None:
        """Keep a text; no reader sees half of it."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished = self._folder / f"{key}.{os.getpid()}"
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(self._folder / key)
        except OSError:
            return

    def forget_old(self) -> None:
        """Delete what nobody has asked for in a month."""
        try:
            limit = time.time() - _KEPT_SECONDS
            for path in self._folder.iterdir():
                if path.stat().st_mtime < limit:
                    path.unlink(missing_ok=True)
        except OSError:
            return


def cache_folder() -> Path:
    """The user's own folder for what can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bqstack"


def cache_file() -> Path:
    """Where the compiled module of this machine is or will be."""
    made_for = [version("zetasql"), version("wasmtime"), platform.machine(), platform.processor()]
    tag = hashlib.sha256("/".join(made_for).encode()).hexdigest()[:16]
    return cache_folder() / f"zetasql-{tag}.cwasm"


def is_compiled() -> bool:
    """True when a start needs no compilation."""
    return cache_file().is_file()
