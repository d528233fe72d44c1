"""What this system refuses of Data Transfer's schedules, and what they amount to.

The text is read by `gcptypes.transfer_schedules`.
"""

from __future__ import annotations

import re
from datetime import time, timedelta

from gcptypes import transfer_schedules
from gcptypes.transfer_schedules import Calendar, Interval

_DAY = timedelta(days=1)
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
    found = _read(text)
    if isinstance(found, Calendar):
        _check_off_the_hour(found.at)
        return _DAY
    return _gap_of_interval(found)


def runs_daily(text: str) -> bool:
    """Whether a schedule that Data Transfer takes runs on every day."""
    try:
        runs = transfer_schedules.parse(text).runs_a_day
    except transfer_schedules.ScheduleError:
        return False
    return runs is not None and runs >= 1


def _read(text: str) -> Interval | Calendar:
    try:
        return transfer_schedules.parse(text)
    except transfer_schedules.TooFrequent:
        raise Refused(
            "Data Transfer runs a query at most every 5 minutes", "every 5 minutes"
        ) from None
    except transfer_schedules.InvalidTime as error:
        raise Refused(f"{error.clock} is not a time of day") from None
    except transfer_schedules.ScheduleError:
        words = re.findall(r"[a-z0-9]*[a-z][a-z0-9]*", text.lower())
        unknown = [word for word in words if not transfer_schedules.is_word(word)]
        if unknown:
            raise Refused(
                f"Data Transfer's schedules do not have the word {unknown[0]!r}"
            ) from None
        raise Refused("this is not a Data Transfer schedule") from None


def _gap_of_interval(found: Interval) -> timedelta:
    if found.window is None:
        if found.in_hours:
            raise Refused(
                "give the schedule a time of day in UTC; otherwise its times follow the last `up`"
            )
        return found.step
    start, end = found.window
    if found.in_hours:
        _check_off_the_hour(time(start.seconds // 3600, start.seconds // 60 % 60))
    return max(found.step, _DAY - (end - start) // found.step * found.step)


def _check_off_the_hour(at: time) -> None:
    """https://cloud.google.com/bigquery/docs/scheduling-queries: it may run more than once."""
    if at.minute == 0:
        raise Refused(
            "a scheduled query exactly on the hour can fire twice",
            "move it by a few minutes off the hour",
        )
