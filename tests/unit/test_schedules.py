"""Schedules: daylight saving, what Data Transfer refuses, runs started by hand."""

import re
from bisect import bisect_left
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bqstack.errors import UserError
from eros.project import cron, schedules
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import parse
from gcptypes import transfer_schedules
from tests.unit.conftest import VALUES

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


@pytest.fixture(scope="module")
def year() -> dict[str, list[datetime]]:
    """Minutes of 2026 (UTC) in which each schedule does its work, by the local cloud's clock.

    The clock knows Google's grammar on its own account; intervals without a time of day count
    from the minute of the deployment.
    """
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    deployed = start + timedelta(minutes=3)
    done: dict[str, list[datetime]] = {}
    for config in schedules.transfer_configs(parse(VALUES, "f")):
        guard = re.search(r"'%H:%M', @run_time, '(.+)'\) = '(.+)'", config.query)
        due = transfer_schedules.between(
            transfer_schedules.parse(config.schedule), start, end - timedelta(minutes=1), deployed
        )
        done.setdefault(config.schedule_name, []).extend(
            moment
            for moment in due
            if guard is None or f"{moment.astimezone(ZoneInfo(guard[1])):%H:%M}" == guard[2]
        )
    return {name: sorted(moments) for name, moments in done.items()}


def test_a_simulated_year_over_both_changes_of_the_clock(year):
    assert all(len(set(due)) == len(due) for due in year.values()), "never twice in a minute"
    daily: dict[date, list[str]] = {}
    for moment in year["run_daily_automation"]:
        local = moment.astimezone(LOS_ANGELES)
        daily.setdefault(local.date(), []).append(f"{local:%H:%M}")
    assert sorted(daily) == [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert all(times == ["03:05"] for times in daily.values())
    assert daily[date(2026, 3, 8)] == daily[date(2026, 11, 1)] == ["03:05"]

    expected = {
        "update_caption_performance": timedelta(hours=6),
        "sweep_expired_caption_locks": timedelta(hours=1),
        "record_query_costs": timedelta(hours=1),
        "record_health_check": timedelta(minutes=5),
        "evaluate_alerts": timedelta(minutes=15),
        "release_schedule_requests": timedelta(minutes=15),
        "archive_inactive_assignments": timedelta(days=1),
        "refresh_holiday_calendar": timedelta(days=7),
    }
    for name, step in expected.items():
        due = year[name]
        assert {later - earlier for earlier, later in pairwise(due)} == {step}, name
        assert abs(len(due) - timedelta(days=365) / step) <= 1, name


def test_nothing_with_a_time_of_day_runs_on_the_hour(year):
    for name, due in year.items():
        entry = schedules.load()[name]
        if entry.daily_at or ":" in entry.schedule:
            assert all(moment.minute != 0 for moment in due), name


def test_learning_ends_before_the_daily_run_begins(year):
    feedback = year["update_caption_performance"]
    for daily in year["run_daily_automation"]:
        newest = feedback[bisect_left(feedback, daily) - 1]
        # A run of the feedback takes at most 5 minutes (docs/requirements.md).
        assert timedelta(minutes=5) < daily - newest < timedelta(hours=3)


def test_gaps_are_the_longest_times_between_two_runs(settings, year):
    for config in schedules.transfer_configs(settings):
        longest = max(later - earlier for earlier, later in pairwise(year[config.schedule_name]))
        # The daily run has 25 hours in autumn; a day is the most that is shown.
        assert config.gap == min(longest, timedelta(days=1)), config.key


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
        (entry_text(dailyAt="04:00"), "on the hour"),
        (entry_text(schedule="every 6 hours synchronized"), "on the hour"),
        (entry_text(schedule="every 6 hours from 02:00 to 20:00"), "on the hour"),
        (entry_text(schedule="every day"), "not a Data Transfer schedule"),
        (entry_text(schedule="every day 25:05"), "not a time of day"),
        (entry_text(schedule="5 4 * * *"), "not a Data Transfer schedule"),
        (entry_text(schedule="every 4 minutes from 10:00 to 14:00"), "every 5 minutes"),
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


@pytest.mark.parametrize(
    "text",
    [
        "every 5 minutes",
        "every 15 mins",
        "every 6 hours from 02:40 to 20:40",
        "every 30 minutes from 10:00 to 14:00",
        "every mon,wed 09:05",
        "every day 10:05",
        "every friday of jan,jun 13:15",
        "1st,third monday of month 15:30",
        "first sunday of quarter 00:05",
        "1,15 of month 09:10",
        "Every Monday  04:25",
    ],
)
def test_what_data_transfer_takes_is_taken_and_means_the_same_to_the_local_cloud(text):
    transfer_schedules.parse(text)
    assert timedelta(minutes=5) <= cron.longest_gap(text) <= timedelta(days=1)


@pytest.mark.parametrize(("time", "on"), [("02:30", "2025-03-09"), ("01:30", "2025-11-02")])
def test_a_local_time_that_a_change_of_the_clock_skips_or_repeats_is_refused(
    tmp_path, settings, time, on
):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/schedules.yaml").write_text(entry_text(dailyAt=time), encoding="utf-8")
    with pytest.raises(UserError, match=f"on {on} this time occurs never or twice"):
        schedules.transfer_configs(settings, tmp_path)


def test_a_call_of_an_unknown_routine_is_named_with_its_likely_spelling(settings):
    config = schedules.transfer_configs(settings)[0]
    wrong = replace(
        config, query=config.query.replace("refresh_holiday_calendar", "refresh_holiday_calender")
    )
    with pytest.raises(UserError, match="did you mean 'refresh_holiday_calendar'"):
        schedules.check_calls([wrong], Project(settings, PROJECT_ROOT).sql, settings)


def test_rhythms_are_those_of_the_schedules_that_run_daily():
    found = schedules.rhythms(PROJECT_ROOT)
    assert "STRUCT('release_schedule_requests' AS name, 15 AS minutes)" in found
    assert "STRUCT('run_daily_automation' AS name, 1440 AS minutes)" in found
    assert "refresh_holiday_calendar" not in found, "it runs once a week"


@pytest.mark.parametrize(
    ("written", "daily"),
    [
        ("every 5 minutes", True),
        ("every 6 hours from 02:40 to 20:40", True),
        ("Every day  12:35", True),
        ("every monday 04:25", False),
        ("every day of month 04:25", True),
        ("1,15 of month 04:25", False),
    ],
)
def test_what_runs_every_day_is_known(written, daily):
    assert cron.runs_daily(written) is daily


def test_limits_are_those_of_the_settings_and_every_schedule_has_one(settings):
    found = schedules.limits(settings, PROJECT_ROOT)
    assert "STRUCT('run_daily_automation' AS name, 900 AS seconds)" in found
    assert "STRUCT('record_health_check' AS name, 60 AS seconds)" in found
    assert "STRUCT('sweep_expired_caption_locks' AS name, 300 AS seconds)" in found
    assert found.count("STRUCT(") == len(schedules.load())
    for config in schedules.transfer_configs(settings):
        assert config.limit <= timedelta(minutes=15), config.key


@pytest.mark.parametrize("limit", ["soon", "0", "-5", "1.5"])
def test_a_limit_that_is_no_number_of_seconds_is_refused(tmp_path, settings, limit):
    (tmp_path / "config").mkdir()
    text = entry_text(schedule="every 5 minutes", limit=limit)
    (tmp_path / "config/schedules.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"schedules\.job\.limit.*whole number of seconds"):
        schedules.transfer_configs(settings, tmp_path)


@pytest.mark.parametrize(
    ("priority", "level"),
    [("CRITICAL", "CRITICAL"), ("HIGH", "WARNING"), ("MEDIUM", "WARNING"), ("LOW", "INFO")],
)
def test_the_priority_is_the_level_of_a_run_that_fails_for_good(
    tmp_path, settings, priority, level
):
    (tmp_path / "config").mkdir()
    text = entry_text(schedule="every 5 minutes", priority=priority)
    (tmp_path / "config/schedules.yaml").write_text(text, encoding="utf-8")
    [config] = schedules.transfer_configs(settings, tmp_path)
    assert f"prepare_retry('job', '{level}', @@error.message, failures)" in config.query
