"""Files that a later process goes on from: whole and on disk, or not there; and their lock."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bqstack.errors import UserError


def write_json(path: Path, content: Any, *, default: Callable[[Any], Any] | None = None) -> None:
    """Replace `path` in one step, so that no reader sees half of it; OSError when it fails.

    `default` is what `json.dumps` makes of values that JSON does not know.
    """
    write_bytes(path, json.dumps(content, indent=2, default=default).encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` in one step; OSError when it fails."""
    draft = path.with_name(f".{path.name}")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def exclusive(path: Path, refusal: Callable[[], UserError]) -> Iterator[int]:
    """Hold the lock of a file, which the kernel gives back when the process dies; its descriptor.

    Raises `refusal` while another process has it, and UserError when it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", file=path) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise refusal() from None
        yield descriptor
    finally:
        os.close(descriptor)
