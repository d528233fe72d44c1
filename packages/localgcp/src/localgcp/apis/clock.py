"""The one source of time: everything the server writes or waits for asks this object."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from localgcp.clockfile import ClockFile

_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock:
    """UTC time that can be moved: real time plus an offset.

    With a file the offset outlives the process, and BigQuery follows. Whoever waits for a
    moment listens for moves, so a test or a simulation can walk through a day of schedules
    in seconds.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = ClockFile(file) if file else None
        self._offset = timedelta()
        self._listeners: list[Callable[[], None]] = []

    @property
    def offset(self) -> timedelta:
        """What this clock shows minus real time."""
        if self._file is None:
            return self._offset
        return timedelta(microseconds=self._file.offset())

    def now(self) -> datetime:
        """The current moment, timezone-aware, in UTC."""
        return datetime.now(UTC) + self.offset

    def shown(self, real: datetime) -> datetime:
        """What this clock showed at a real moment."""
        if self._file is None:
            return real + self._offset
        return from_micros(self._file.shown(micros(real)))

    def move_to(self, moment: datetime) -> None:
        """Make `moment` the current time; time runs on from there."""
        if self._file is None:
            self._offset = moment.astimezone(UTC) - datetime.now(UTC)
        else:
            self._file.move(micros(moment))
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every move."""
        self._listeners.append(listener)


def micros(moment: datetime) -> int:
    """`moment` as microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(microseconds: int) -> datetime:
    """The moment so many microseconds after the beginning of 1970, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


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


def seconds(duration: str) -> float:
    """Seconds of a duration as Google writes it, for example `300s`."""
    return float(duration.removesuffix("s"))
