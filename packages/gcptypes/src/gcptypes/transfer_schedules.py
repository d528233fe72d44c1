"""Schedules of Data Transfer: App Engine's cron text to moments in time (UTC). The only parser.

    every 5 minutes | every 6 hours | every 24 hours      from an anchor on
    every 2 hours from 08:00 to 18:00 | … synchronized    at fixed times of the day
    every day 10:05 | every mon,wed 09:00 | every fri of jan,jun 13:15
    1st,3rd monday of month 15:30 | first sunday of quarter 00:00
    1,15 of month 09:00

Source: "The schedule format" of App Engine's cron.yaml, which the Data Transfer
API refers to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

# Google's limit for scheduled queries.
MINIMUM_INTERVAL = timedelta(minutes=5)
_DAY = timedelta(days=1)
# A calendar schedule repeats within a year; February 29 within eight.
_HORIZON_DAYS = 8 * 366

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_ORDINALS = (
    ("1st", "first"), ("2nd", "second"), ("3rd", "third"), ("4th", "fourth"), ("5th", "fifth"),
)  # fmt: skip

_OTHER_WORDS = (
    "every", "of", "from", "to", "synchronized", "month", "quarter", "day",
    "min", "mins", "minute", "minutes", "hour", "hours",
)  # fmt: skip

_TIME = r"(?P<time>\d{1,2}:\d{2})"
_INTERVAL = re.compile(
    r"every(?: (?P<count>\d+))? (?P<unit>hours?|mins?|minutes?)"
    r"(?: (?:(?P<sync>synchronized)|from (?P<start>\d{1,2}:\d{2}) to (?P<end>\d{1,2}:\d{2})))?"
)
_EVERY = re.compile(rf"every (?P<days>[a-z,]+)(?: of (?P<months>[a-z,]+))? {_TIME}")
_ORDINAL = re.compile(
    rf"(?P<ordinals>[a-z0-9,]+) (?P<days>[a-z,]+)(?: of (?P<months>[a-z,]+))? {_TIME}"
)
_MONTH_DAYS = re.compile(rf"(?P<numbers>[\d,]+) of (?P<months>[a-z,]+) {_TIME}")


class ScheduleError(ValueError):
    """A schedule text that the service would refuse; str() says why."""


class TooFrequent(ScheduleError):
    """Runs closer together than MINIMUM_INTERVAL; `step` is the time between two."""

    def __init__(self, text: str, step: timedelta) -> None:
        self.step = step
        super().__init__(f"Schedule '{text}' is too frequent: the minimum interval is 5 minutes.")


class InvalidTime(ScheduleError):
    """A time of day that no clock shows: `clock`."""

    def __init__(self, text: str, clock: str) -> None:
        self.clock = clock
        super().__init__(f"Invalid time '{clock}' in schedule '{text}'.")


@dataclass(frozen=True)
class Interval:
    """Every `step`, counted from an anchor, or within a daily window when there is one."""

    step: timedelta
    window: tuple[timedelta, timedelta] | None = None
    in_hours: bool = False
    """Whether the text counts hours, not minutes."""

    @property
    def runs_a_day(self) -> float:
        """Runs on a whole day."""
        if self.window is None:
            return _DAY / self.step
        start, end = self.window
        return (end - start) // self.step + 1

    def after(self, moment: datetime, anchor: datetime) -> datetime | None:
        """The first occurrence later than `moment`; the anchor itself is one."""
        if self.window is None:
            if moment < anchor:
                return anchor
            return anchor + ((moment - anchor) // self.step + 1) * self.step
        start, end = self.window
        midnight = datetime.combine(moment.date(), time(), UTC)
        for day in (midnight - _DAY, midnight, midnight + _DAY):
            first = day + start
            steps = max((moment - first) // self.step + 1, 0)
            if first + steps * self.step <= day + end:
                return first + steps * self.step
        return None


@dataclass(frozen=True)
class Calendar:
    """At one time of the day, on days chosen by month, weekday and place in the month."""

    at: time
    months: frozenset[int]
    weekdays: frozenset[int] = frozenset(range(7))
    ordinals: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()

    @property
    def runs_a_day(self) -> float | None:
        """Runs on a day, by the mean of a week; None where months or their days differ."""
        if len(self.months) < len(_MONTHS) or self.ordinals or self.month_days:
            return None
        return len(self.weekdays) / len(_WEEKDAYS)

    def after(self, moment: datetime, anchor: datetime) -> datetime | None:
        """The first occurrence later than `moment`; there is no use for the anchor."""
        day = datetime.combine(moment.date(), self.at, UTC)
        for _ in range(_HORIZON_DAYS):
            if day > moment and self._includes(day):
                return day
            day += _DAY
        return None

    def _includes(self, day: datetime) -> bool:
        place = (day.day - 1) // 7 + 1
        return (
            day.month in self.months
            and day.weekday() in self.weekdays
            and (not self.ordinals or place in self.ordinals)
            and (not self.month_days or day.day in self.month_days)
        )


Schedule = Interval | Calendar


def parse(text: str) -> Schedule:
    """The schedule that `text` describes.

    Raises ScheduleError for text out of the format and for less than 5 minutes.
    """
    plain = re.sub(r"\s*,\s*", ",", " ".join(text.lower().split()))
    if found := _INTERVAL.fullmatch(plain):
        return _interval(found, text)
    if found := _EVERY.fullmatch(plain):
        weekdays = _days(found["days"], text)
        return Calendar(_time(found["time"], text), _months(found["months"], text), weekdays)
    if found := _MONTH_DAYS.fullmatch(plain):
        numbers = frozenset(int(number) for number in found["numbers"].split(",") if number)
        if not numbers or not numbers <= set(range(1, 32)):
            raise ScheduleError(f"Invalid day of month in schedule '{text}'.")
        months = _months(found["months"], text)
        return Calendar(_time(found["time"], text), months, month_days=numbers)
    if found := _ORDINAL.fullmatch(plain):
        return _ordinal(found, text)
    raise ScheduleError(
        f"Invalid schedule '{text}'. Expected for example 'every 6 hours', 'every day 10:05',"
        " 'every mon,wed 09:00' or '1st sunday of month 00:00'."
    )


def is_word(word: str) -> bool:
    """Whether a word in small letters belongs to the format, wherever it stands."""
    names = (*_WEEKDAYS, *_MONTHS)
    return (
        word in _OTHER_WORDS
        or any(word in (name, name[:3]) for name in names)
        or any(word in pair for pair in _ORDINALS)
    )


def between(
    schedule: Schedule, after: datetime, until: datetime, anchor: datetime
) -> Iterator[datetime]:
    """Occurrences later than `after` and not later than `until`, in order."""
    moment = schedule.after(after, anchor)
    while moment is not None and moment <= until:
        yield moment
        moment = schedule.after(moment, anchor)


def _interval(found: re.Match[str], text: str) -> Interval:
    count = int(found["count"] or 1)
    step = timedelta(hours=count) if found["unit"].startswith("hour") else timedelta(minutes=count)
    if step < MINIMUM_INTERVAL:
        raise TooFrequent(text, step)
    in_hours = found["unit"].startswith("hour")
    if found["sync"]:
        if _DAY % step:
            raise ScheduleError(f"In '{text}' the interval must divide a day evenly.")
        return Interval(step, (timedelta(), _DAY - step), in_hours)
    if found["start"] is None:
        return Interval(step, in_hours=in_hours)
    start, end = (_offset(_time(found[name], text)) for name in ("start", "end"))
    # A window such as 22:00 to 02:00 ends on the next day.
    return Interval(step, (start, end if end >= start else end + _DAY), in_hours)


def _ordinal(found: re.Match[str], text: str) -> Calendar:
    names = {name: place for place, pair in enumerate(_ORDINALS, start=1) for name in pair}
    ordinals = found["ordinals"].split(",")
    for name in ordinals:
        if name not in names:
            raise ScheduleError(f"Unknown word '{name}' in schedule '{text}'.")
    places = frozenset(names[name] for name in ordinals)
    at, months = _time(found["time"], text), _months(found["months"], text)
    if found["days"] == "day":
        return Calendar(at, months, month_days=places)
    return Calendar(at, months, _days(found["days"], text), ordinals=places)


def _days(words: str, text: str) -> frozenset[int]:
    if words == "day":
        return frozenset(range(7))
    return frozenset(_position(word, _WEEKDAYS, text) for word in words.split(","))


def _months(words: str | None, text: str) -> frozenset[int]:
    if words in (None, "month"):
        return frozenset(range(1, 13))
    if words == "quarter":
        return frozenset((1, 4, 7, 10))
    return frozenset(_position(word, _MONTHS, text) + 1 for word in words.split(","))


def _position(word: str, names: tuple[str, ...], text: str) -> int:
    """Place of a full name or its first three letters."""
    for position, name in enumerate(names):
        if word in (name, name[:3]):
            return position
    raise ScheduleError(f"Unknown word '{word}' in schedule '{text}'.")


def _time(clock: str, text: str) -> time:
    hour, minute = (int(part) for part in clock.split(":"))
    if hour > 23 or minute > 59:
        raise InvalidTime(text, clock)
    return time(hour, minute)


def _offset(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute)
