"""Where the user's cache keeps the compiled analyser and what it has found."""

from __future__ import annotations

import hashlib
import os
import platform
from importlib.metadata import version
from pathlib import Path


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
