"""Files that a later process goes on from: whole and on disk, or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_json(path: Path, content: Any, *, default: Callable[[Any], Any] | None = None) -> None:
    """Replace `path` in one step, so that no reader sees half of it; OSError when it fails.

    `default` is what `json.dump` makes of values that JSON does not know.
    """
    draft = path.with_name(f".{path.name}")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, default=default)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
