"""The lock that the engine holds on a stack, and what becomes of one whose holder is gone."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bqstack import engine
from bqstack.errors import UserError
from bqstack.state import backend_url, checkpoints

_LOCKED = re.compile(r"currently locked by|another update is currently in progress", re.IGNORECASE)
# How file and bucket backends name the process that holds a lock (pkg/backend/diy/lock.go).
_HOLDER = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\)")
# An engine whose command has died ends what it has begun; longer than one call of Google's.
_PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Holder:
    """The process that took the lock."""

    user: str
    host: str
    pid: int

    @property
    def is_here(self) -> bool:
        """Whether it ran on this machine."""
        return self.host == socket.gethostname()

    @property
    def is_dead(self) -> bool:
        """Whether it certainly runs no more."""
        return self.is_here and not is_alive(self.pid)

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (pid {self.pid})"


def is_locked(message: str) -> bool:
    """Whether a message of pulumi's says that somebody else has the stack's lock."""
    return _LOCKED.search(message) is not None


def holder_in(message: str) -> Holder | None:
    """Who has the lock, if the message says so."""
    found = _HOLDER.search(message)
    return Holder(found["user"], found["host"], int(found["pid"])) if found else None


def is_alive(pid: int) -> bool:
    """Whether this process is a pulumi that runs; its number may be another's by now."""
    import psutil  # asked for a lock that is held, which is rare

    try:
        process = psutil.Process(pid)
        words = process.cmdline()
        # A process has no words for a moment when it starts: it counts as alive.
        runs = not words or "pulumi" in " ".join(words)
        return process.status() != psutil.STATUS_ZOMBIE and runs
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True  # nobody can tell what it is


def when_free[T](operation: Callable[[], T], stack: str, root: Path, *, patient: bool = True) -> T:
    """Do something that needs the stack's lock.

    The lock of a dead process is taken away; a living one is waited for, unless not `patient`.
    Raises what `operation` raises, and its UserError when the lock stays.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return operation()
        except UserError as error:
            if not (is_locked(error.message) and patient) or time.monotonic() > deadline:
                raise
            holder = holder_in(error.message)
            if holder is None or not holder.is_here:
                raise
            if holder.is_dead:
                clear(stack, root)
            else:
                time.sleep(1)


def clear(stack: str, root: Path) -> None:
    """Take every lock on the stack away; raises UserError."""
    engine.output("cancel", "--yes", "--stack", stack, root=root)


def holders(stack: str, root: Path, storage: checkpoints.Storage | None = None) -> list[Holder]:
    """Who has the lock now, in a backend whose files can be read; raises UserError.

    `storage` reads backends in Cloud Storage.
    """
    folder = f".pulumi/locks/organization/{checkpoints.project(root)}/{stack.rpartition('/')[2]}/"
    backend = backend_url(root)
    if not checkpoints.is_kept_in_files(backend):
        return []
    kept = checkpoints.files(backend, folder, root, storage)
    if kept is None:
        return []
    found = []
    for name in kept.names():
        try:
            lock = json.loads(kept.content(name))
            found.append(Holder(lock["username"], lock["hostname"], int(lock["pid"])))
        except (ValueError, KeyError, TypeError):
            # Half a lock: its writer died, or is at it; the engine itself cannot read it either.
            raise UserError(
                "this is not a readable lock",
                file=Path(folder, name),
                fix=f"if no pulumi runs: pulumi cancel --stack {stack}",
            ) from None
    return found
