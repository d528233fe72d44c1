"""Schedules in the words of Data Transfer, and what it refuses of them.

The grammar is that of App Engine's cron.yaml, in UTC:
https://cloud.google.com/appengine/docs/flexible/scheduling-jobs-with-cron-yaml
"""

from __future__ import annotations

import re
from datetime import timedelta

SHORTEST = timedelta(minutes=5)
"""Shortest interval: https://cloud.google.com/bigquery/docs/scheduling-queries"""

_DAY = timedelta(days=1)
_TIME = r"(?P<time>\d{1,2}:\d{2})"
_WEEKDAY = (
    r"(?:mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?"
    r"|sat(?:urday)?|sun(?:day)?)"
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_ORDINAL = r"(?:1st|2nd|3rd|4th|5th|first|second|third|fourth|fifth)"
_MONTHS = rf"(?:month|quarter|{_MONTH}(?:,{_MONTH})*)"
_DAYS = rf"(?:day|{_WEEKDAY}(?:,{_WEEKDAY})*)"
_INTERVAL = re.compile(
    r"every (?P<count>\d+) (?P<unit>hours?|mins?|minutes?)"
    r"(?P<anchor> synchronized| from (?P<start>\d{1,2}:\d{2}) to (?P<end>\d{1,2}:\d{2}))?"
)
_CALENDAR = tuple(
    re.compile(form)
    for form in (
        rf"every {_DAYS}(?: of {_MONTHS})? {_TIME}",
        rf"{_ORDINAL}(?:,{_ORDINAL})* {_DAYS}(?: of {_MONTHS})? {_TIME}",
        rf"\d{{1,2}}(?:,\d{{1,2}})* of {_MONTHS} {_TIME}",
    )
)
_WORD = re.compile(
    rf"every|of|from|to|synchronized|month|quarter|day|mins?|minutes?|hours?"
    rf"|{_WEEKDAY}|{_MONTH}|{_ORDINAL}"
)
_EXAMPLES = "for example: every 6 hours from 02:40 to 20:40, every day 12:35, every monday 04:25"


class Refused(ValueError):
    """A schedule that Data Transfer would refuse or fire twice; `fix` says what to write."""

    def __init__(self, message: str, fix: str = _EXAMPLES) -> None:
        super().__init__(message)
        self.fix = fix


def longest_gap(text: str) -> timedelta:
    """Longest time between two runs, or a day when it is longer than that.

    Raises Refused.
    """
    plain = re.sub(r"\s*,\s*", ",", " ".join(text.lower().split()))
    found = _INTERVAL.fullmatch(plain)
    if found:
        return _gap_of_interval(found)
    for form in _CALENDAR:
        calendar = form.fullmatch(plain)
        if calendar:
            _check_off_the_hour(calendar["time"])
            return _DAY
    unknown = [w for w in re.findall(r"[a-z0-9]*[a-z][a-z0-9]*", plain) if not _WORD.fullmatch(w)]
    if unknown:
        raise Refused(f"Data Transfer's schedules have no word {unknown[0]!r}")
    raise Refused("this is no schedule of Data Transfer")


def runs_daily(text: str) -> bool:
    """Whether a schedule that Data Transfer takes runs on every day."""
    plain = " ".join(text.lower().split())
    return bool(_INTERVAL.fullmatch(plain) or re.fullmatch(rf"every day {_TIME}", plain))


def _gap_of_interval(found: re.Match[str]) -> timedelta:
    count = int(found["count"])
    is_hours = found["unit"].startswith("hour")
    step = timedelta(hours=count) if is_hours else timedelta(minutes=count)
    if step < SHORTEST:
        raise Refused("Data Transfer runs a query at most every 5 minutes", "every 5 minutes")
    if is_hours and found["anchor"] is None:
        raise Refused("give the schedule a time of day in UTC, or it follows the last `up`")
    if is_hours and found["start"] is None:
        raise Refused("a scheduled query exactly on the hour can fire twice")
    if found["start"] is None:
        return step
    if is_hours:
        _check_off_the_hour(found["start"])
    start, end = _minutes(found["start"]), _minutes(found["end"])
    length = timedelta(minutes=(end - start) % (24 * 60))
    return max(step, _DAY - length // step * step)


def _check_off_the_hour(time_of_day: str) -> None:
    """https://cloud.google.com/bigquery/docs/scheduling-queries: it may run more than once."""
    if _minutes(time_of_day) % 60 == 0:
        raise Refused(
            "a scheduled query exactly on the hour can fire twice",
            "move it some minutes off the hour",
        )


def _minutes(time_of_day: str) -> int:
    hour, minute = map(int, time_of_day.split(":"))
    if hour > 23 or minute > 59:
        raise Refused(f"{time_of_day} is no time of day")
    return hour * 60 + minute
