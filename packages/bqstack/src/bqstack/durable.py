"""Files that a later process goes on from: whole and on disk, or not there; and their lock.

They and their folders are for their owner only: states and reports hold names, rows and errors.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bqstack.errors import UserError

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def write_json(
    path: Path, content: object, *, default: Callable[[object], object] | None = None
) -> None:
    """Replace `path` in one step, so that no reader sees half of it; OSError when it fails.

    `default` is what `json.dumps` makes of values that JSON does not know.
    """
    write_bytes(path, json.dumps(content, indent=2, default=default).encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` in one step; OSError when it fails."""
    draft = path.with_name(f".{path.name}")
    draft.unlink(missing_ok=True)  # of one that died; its mode would stay
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for the owner only; OSError."""
    if not path.parent.is_dir():
        private_folder(path.parent)
    path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


@contextmanager
def exclusive(path: Path, refusal: Callable[[], UserError]) -> Iterator[int]:
    """Hold the lock of a file, which the kernel gives back when the process dies; its descriptor.

    Raises `refusal` while another process has it, and UserError when it cannot be written.
    """
    try:
        private_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
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
