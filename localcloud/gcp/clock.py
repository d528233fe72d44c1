"""The one source of time: everything the server writes or waits for asks this object."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """UTC time that can be moved: real time plus an offset.

    Whoever waits for a moment listens for moves, so a test or a simulation can
    walk through a day of schedules in seconds.
    """

    def __init__(self) -> None:
        self._offset = timedelta()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The current moment, timezone-aware, in UTC."""
        return datetime.now(UTC) + self._offset

    def move_to(self, moment: datetime) -> None:
        """Make `moment` the current time; time runs on from there."""
        self._offset = moment.astimezone(UTC) - datetime.now(UTC)
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every move."""
        self._listeners.append(listener)


def rfc3339(moment: datetime) -> str:
    """`moment` as Google writes timestamps: UTC, microseconds, trailing Z."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text.removesuffix(".000000") + "Z"


def sortable(moment: datetime) -> str:
    """`moment` as text whose alphabetical order is the order in time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_rfc3339(text: str) -> datetime:
    """The moment in an RFC 3339 timestamp; nanoseconds are cut to microseconds.

    Raises ValueError for anything else, a missing offset included.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"timestamp without offset: {text}")
    return moment.astimezone(UTC)
