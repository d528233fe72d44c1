"""What the code writes to: the four streams of one part of the system."""

from __future__ import annotations

import getpass
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from eros.logs.record import Stream, write


@dataclass(frozen=True)
class Log:
    """The streams for one part of the system, which every record names as its context.

    Extras are keyword arguments; what JSON has no form for is written as text.
    """

    context: str

    def debug(self, message: str, **extras: Any) -> None:
        """For who looks for a mistake; written with EROS_LOG_LEVEL=DEBUG only."""
        self._write(Stream.APPLICATION, logging.DEBUG, message, extras)

    def info(self, message: str, **extras: Any) -> None:
        """Ordinary course of things."""
        self._write(Stream.APPLICATION, logging.INFO, message, extras)

    def warning(self, message: str, **extras: Any) -> None:
        """Unexpected, and the command goes on."""
        self._write(Stream.APPLICATION, logging.WARNING, message, extras)

    def error(self, message: str, **extras: Any) -> None:
        """The command cannot do what it was asked to."""
        self._write(Stream.APPLICATION, logging.ERROR, message, extras)

    def critical(self, message: str, **extras: Any) -> None:
        """Somebody must act at once. Inside an `except` block its trace is kept."""
        self._write(Stream.APPLICATION, logging.CRITICAL, message, extras)

    def audit(self, event: str, *, result: str, **extras: Any) -> None:
        """Who did what, and how it ended; the time is every record's own."""
        self._write(Stream.AUDIT, logging.INFO, event, {"user": user(), "result": result} | extras)

    def deployment(self, message: str, *, level: int = logging.INFO, **extras: Any) -> None:
        """An operation or a change of state of a deployment, backup or rollback."""
        self._write(Stream.DEPLOYMENT, level, message, extras)

    def performance(self, message: str, *, level: int = logging.INFO, **extras: Any) -> None:
        """How long something took, what it read and what that costs."""
        self._write(Stream.PERFORMANCE, level, message, extras)

    def progress(self, show: Callable[[str], None]) -> Callable[[str], None]:
        """A `progress` for other parts: shown to the person by `show`, kept in the log."""

        def tell(message: str) -> None:
            show(message)
            self.deployment(message)

        return tell

    @contextmanager
    def timer(self, name: str, **extras: Any) -> Iterator[None]:
        """Record how long the block takes in seconds, and whether it raised."""
        started = time.perf_counter()
        result = "failed"
        try:
            yield
            result = "succeeded"
        finally:
            took = round(time.perf_counter() - started, 3)
            self.performance(name, duration_seconds=took, result=result, **extras)

    def _write(self, stream: Stream, level: int, message: str, extras: dict[str, Any]) -> None:
        trace = True if level == logging.CRITICAL else None
        write(stream, level, self.context, message, extras, exc_info=trace)


def user() -> str:
    """Who runs the command: the CI's actor where there is one, else the account here."""
    actor = os.environ.get("GITHUB_ACTOR") or os.environ.get("GITLAB_USER_LOGIN")
    if actor:
        return actor
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # A container's user id without a name.
        return str(os.getuid())
