"""Schedules: daylight saving, what Data Transfer refuses, runs started by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from eros import catalogue, schedules
from eros.errors import UserError

LOS_ANGELES = ZoneInfo("America/Los_Angeles")


def daily_configs(settings):
    return [
        config
        for config in schedules.transfer_configs(settings)
        if config.schedule_name == "run_daily_automation"
    ]


def fires(config, day: date) -> datetime:
    hour, minute = map(int, config.schedule.removeprefix("every day ").split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def test_the_daily_time_needs_one_config_per_utc_offset(settings):
    assert [c.schedule for c in daily_configs(settings)] == ["every day 10:05", "every day 11:05"]


def test_over_a_decade_exactly_one_daily_run_does_its_work_each_local_day(settings):
    configs = daily_configs(settings)
    done: dict[date, int] = {}
    for offset in range(3660):
        for config in configs:
            moment = fires(config, date(2024, 1, 1) + timedelta(days=offset))
            local = moment.astimezone(LOS_ANGELES)
            # The guard of the config's own body, in Python.
            if f"{local:%H:%M}" == "03:05":
                done[local.date()] = done.get(local.date(), 0) + 1
    assert set(done.values()) == {1}
    assert len(done) == 3660


def test_the_body_is_guarded_by_the_local_time_of_the_scheduled_run(settings):
    query = daily_configs(settings)[0].query
    assert "FORMAT_TIMESTAMP('%H:%M', @run_time, 'America/Los_Angeles') = '03:05'" in query
    assert "run_daily_automation(DATE(@run_time, 'America/Los_Angeles'))" in query


def test_every_job_is_labelled(settings):
    for config in schedules.transfer_configs(settings):
        first = config.query.splitlines()[0]
        for label in ("component:", "environment:staging", "cost_owner:growth"):
            assert label in first, config.key


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-07-01 09:00", "2026-06-30 10:05"),
        ("2026-07-01 10:05", "2026-07-01 10:05"),
        ("2026-01-10 23:59", "2026-01-10 11:05"),
        ("2026-03-08 12:00", "2026-03-08 10:05"),
        ("2026-11-01 12:00", "2026-11-01 11:05"),
    ],
)
def test_a_daily_run_by_hand_stands_for_the_latest_local_date(settings, now, expected):
    entry = schedules.load()["run_daily_automation"]
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    run_time = schedules.latest_run_time(entry, settings, moment)
    assert f"{run_time:%Y-%m-%d %H:%M}" == expected
    config = schedules.config_for(
        schedules.transfer_configs(settings), "run_daily_automation", run_time
    )
    assert config.schedule == f"every day {run_time:%H:%M}"


def entry_text(**changes) -> str:
    entry = {"title": "T", "call": "SELECT 1", "priority": "LOW", "owner": "o"} | changes
    lines = "".join(f"    {key}: {value!r}\n" for key, value in entry.items())
    return f"schedules:\n  job:\n{lines}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (entry_text(schedule="every 2 minutes"), "every 5 minutes"),
        (entry_text(schedule="every day 03:00"), "on the hour"),
        (entry_text(schedule="every 6 hours"), "time of day"),
        (entry_text(schedule="every munday 04:25"), "'munday'"),
        (entry_text(), "either schedule or dailyAt"),
        (entry_text(schedule="every 5 minutes", dailyAt="03:05"), "either schedule or dailyAt"),
        (entry_text(dailyAt="3 am"), "dailyAt"),
        (entry_text(schedule="every 5 minutes", priorty="LOW"), "did you mean 'priority'?"),
        (entry_text(schedule="every 5 minutes", priority="URGENT"), "CRITICAL"),
    ],
)
def test_what_data_transfer_would_refuse_is_refused_at_load(tmp_path, text, expected):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/schedules.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        schedules.load(tmp_path)
    assert expected in str(caught.value)
    assert str(caught.value).startswith("config/schedules.yaml")


def test_a_call_of_an_unknown_routine_is_named_with_its_likely_spelling(settings):
    config = schedules.transfer_configs(settings)[0]
    wrong = replace(
        config, query=config.query.replace("refresh_holiday_calendar", "refresh_holiday_calender")
    )
    with pytest.raises(UserError, match="did you mean 'refresh_holiday_calendar'"):
        schedules.check_calls([wrong], catalogue.load(settings), settings)
