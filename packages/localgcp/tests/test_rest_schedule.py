"""Schedules of Data Transfer: which texts are taken and when they are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcptypes.transfer_schedules import ScheduleError, between, parse

# A Wednesday.
START = datetime(2025, 1, 1, 0, 0, tzinfo=UTC)


def due(text: str, count: int, start: datetime = START) -> list[str]:
    moments = between(parse(text), start, start + timedelta(days=4000), start)
    return [moment.strftime("%Y-%m-%d %H:%M") for moment in islice(moments, count)]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("every 6 hours", ["2025-01-01 06:00", "2025-01-01 12:00"]),
        ("every 5 minutes", ["2025-01-01 00:05", "2025-01-01 00:10"]),
        ("every 24 hours", ["2025-01-02 00:00", "2025-01-03 00:00"]),
        ("every hour", ["2025-01-01 01:00", "2025-01-01 02:00"]),
        ("every day 10:05", ["2025-01-01 10:05", "2025-01-02 10:05"]),
        ("Every  Day 9:05", ["2025-01-01 09:05", "2025-01-02 09:05"]),
        ("every mon,wed 09:00", ["2025-01-01 09:00", "2025-01-06 09:00", "2025-01-08 09:00"]),
        ("every friday of jan, june 13:15", ["2025-01-03 13:15", "2025-01-10 13:15"]),
        ("1st sunday of month 00:00", ["2025-01-05 00:00", "2025-02-02 00:00"]),
        ("1st,third monday of month 15:30", ["2025-01-06 15:30", "2025-01-20 15:30"]),
        ("first sunday of quarter 00:00", ["2025-01-05 00:00", "2025-04-06 00:00"]),
        ("1,15 of month 09:00", ["2025-01-01 09:00", "2025-01-15 09:00", "2025-02-01 09:00"]),
        ("29 of february 00:00", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        (
            "every 4 hours from 08:00 to 16:00",
            ["2025-01-01 08:00", "2025-01-01 12:00", "2025-01-01 16:00", "2025-01-02 08:00"],
        ),
        ("every 2 hours from 22:00 to 02:00", ["2025-01-01 02:00", "2025-01-01 22:00"]),
        ("every 12 hours synchronized", ["2025-01-01 12:00", "2025-01-02 00:00"]),
    ],
)
def test_a_schedule_is_due_at_the_times_it_describes(text: str, expected: list[str]) -> None:
    assert due(text, len(expected)) == expected


@pytest.mark.unit
@pytest.mark.parametrize(
    "text",
    [
        "",
        "every 4 minutes",
        "every minute",
        "every day",
        "every day 24:00",
        "every noday 10:00",
        "6th monday of month 10:00",
        "32 of month 10:00",
        "every 7 hours synchronized",
        "0 10 * * *",
        "every 6 hours please",
    ],
)
def test_a_schedule_out_of_the_format_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError):
        parse(text)


@pytest.mark.unit
def test_an_interval_is_due_at_its_anchor_and_counts_from_there() -> None:
    anchor = datetime(2025, 1, 1, 7, 3, tzinfo=UTC)
    moments = list(between(parse("every 6 hours"), START, START + timedelta(days=1), anchor))
    assert [moment.hour for moment in moments] == [7, 13, 19]
    assert {moment.minute for moment in moments} == {3}


@pytest.mark.unit
@given(
    st.sampled_from(
        ["every 35 minutes", "every day 10:05", "every 3 hours from 05:00 to 23:30",
         "2nd tue of month 01:01", "every 6 hours synchronized"]
    ),
    st.datetimes(datetime(2024, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)),
    st.integers(min_value=1, max_value=100_000),
)  # fmt: skip
def test_looking_in_two_steps_finds_what_one_look_finds(
    text: str, start: datetime, minutes: int
) -> None:
    schedule = parse(text)
    end = start + timedelta(days=40)
    middle = min(start + timedelta(minutes=minutes), end)
    whole = list(between(schedule, start, end, START))
    parts = [*between(schedule, start, middle, START), *between(schedule, middle, end, START)]
    assert parts == whole
    assert whole == sorted(set(whole))
