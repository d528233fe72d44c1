"""One process at a time, across processes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold `path` as a lock file for the block; the kernel releases it if the process dies.

    `on_wait` is called once when another process holds the lock.
    """
    descriptor = _acquire(path, on_wait)
    try:
        yield
    finally:
        os.close(descriptor)


def _acquire(path: Path, on_wait: Callable[[], None] | None) -> int:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if on_wait:
                on_wait()
                on_wait = None
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _still_there(path, descriptor):
            return descriptor
        # The holder deleted the folder (`clean`) while we waited: this file locks nothing.
        os.close(descriptor)


def _still_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
