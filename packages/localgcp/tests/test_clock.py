"""The movable clock: on disk, over HTTP, and walked from due time to due time."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from localgcp import clockfile
from localgcp.apis.clock import Clock
from localgcp.apis.transfers.scheduled_query import Outcome
from localgcp.clockfile import ClockFile
from packages.localgcp.tests.rest_support import (
    DTS,
    PROJECT,
    Queries,
    Server,
    running,
    server_fixture,
    wait_for,
)

__all__ = ["server_fixture"]

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR


@pytest.fixture
def real(monkeypatch) -> list[int]:
    """Real time, to be set by the test."""
    now = [1_000 * DAY]
    monkeypatch.setattr(clockfile, "real_now", lambda: now[0])
    return now


@pytest.mark.unit
def test_the_clock_on_disk_outlives_its_process_and_reaches_others(tmp_path, real):
    file = tmp_path / "clock.json"
    ours, other = ClockFile(file), ClockFile(file)
    assert ours.offset() == other.offset() == 0
    ours.move(1_002 * DAY)
    assert other.offset() == 2 * DAY
    real[0] += HOUR
    assert ClockFile(file).now() == 1_002 * DAY + HOUR


@pytest.mark.unit
def test_a_moment_of_the_past_is_found_in_real_time(tmp_path, real):
    clock = ClockFile(tmp_path / "clock.json")
    clock.move(1_002 * DAY)
    real[0] += HOUR
    clock.move(1_004 * DAY)
    real[0] += HOUR
    assert clock.real(1_004 * DAY + 5) == 1_000 * DAY + HOUR + 5
    assert clock.real(1_002 * DAY + 7) == 1_000 * DAY + 7
    assert clock.real(1_003 * DAY) == 1_000 * DAY + HOUR, "jumped over: the moment of the jump"
    assert clock.real(999 * DAY) == 999 * DAY, "before the first move the clock was right"


@pytest.mark.unit
def test_what_the_clock_showed_at_a_real_moment(tmp_path, real):
    clock = ClockFile(tmp_path / "clock.json")
    clock.move(1_002 * DAY)
    real[0] += HOUR
    clock.move(1_004 * DAY)
    real[0] += HOUR
    assert clock.shown(1_000 * DAY + HOUR + 5) == 1_004 * DAY + 5
    assert clock.shown(1_000 * DAY + 7) == 1_002 * DAY + 7
    assert clock.shown(999 * DAY) == 999 * DAY, "before the first move the clock was right"
    assert clock.shown(clock.real(1_004 * DAY + 9)) == 1_004 * DAY + 9


@pytest.mark.unit
def test_a_day_of_weeks_ago_is_known_though_its_walk_is_forgotten(tmp_path, real):
    clock = ClockFile(tmp_path / "clock.json")
    for hour in range(1, 1_000):
        clock.move(1_000 * DAY + hour * HOUR)
    walked = real[0]
    real[0] += 30 * DAY
    clock.move(1_100 * DAY)
    real[0] += DAY
    clock.move(1_200 * DAY)
    assert len(json.loads((tmp_path / "clock.json").read_text())["moves"]) == 3
    assert clock.shown(walked + DAY) == 1_000 * DAY + 999 * HOUR + DAY


@pytest.mark.unit
def test_moves_that_nobody_asks_for_are_forgotten(tmp_path, real):
    clock = ClockFile(tmp_path / "clock.json")
    for day in range(1, 40):
        clock.move((1_000 + day) * DAY)
    kept = json.loads((tmp_path / "clock.json").read_text())["moves"]
    assert 8 <= len(kept) <= 10
    assert clock.offset() == 39 * DAY


def moment(server: Server) -> datetime:
    return datetime.fromisoformat(server.ok("GET", "/localcloud/clock")["now"])


def test_the_clock_moves_forward_only(server: Server) -> None:
    before = moment(server)
    target = before + timedelta(days=2)
    server.ok("POST", "/localcloud/clock", {"now": target.isoformat()})
    assert timedelta() <= moment(server) - target < timedelta(minutes=1)
    for body in (
        {"now": before.isoformat()},
        {"now": "tomorrow"},
        {"now": "2026-01-01T00:00:00"},
        {"now": (target + timedelta(days=9999)).isoformat()},
    ):
        code, error = server.error("POST", "/localcloud/clock", body)
        assert (code, error["status"]) == (400, "INVALID_ARGUMENT"), body
    assert server.error("POST", "/localcloud/clock/advance", {"to": before.isoformat()})[0] == 400
    assert server.error("POST", "/localcloud/clock/advance", {})[0] == 400
    assert server.call("POST", "/localcloud/clock", raw=b"[]").status == 400


def test_a_restart_keeps_the_time(tmp_path: Path) -> None:
    file = tmp_path / clockfile.NAME
    with running(tmp_path, clock=Clock(file)) as server:
        target = datetime.now(UTC) + timedelta(days=3)
        server.ok("POST", "/localcloud/clock", {"now": target.isoformat()})
    with running(tmp_path, clock=Clock(file)) as server:
        assert timedelta() <= moment(server) - target < timedelta(minutes=1)


START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)


def schedule(server: Server, query: str, text: str) -> None:
    server.ok(
        "POST",
        f"{DTS}/transferConfigs",
        {
            "dataSourceId": "scheduled_query",
            "displayName": query,
            "params": {"query": query},
            "schedule": text,
        },
    )


def walk(server: Server, hours: float, **options: Any) -> list[dict[str, Any]]:
    to = (START + timedelta(hours=hours)).isoformat()
    answer = server.call("POST", "/localcloud/clock/advance", {"to": to, **options})
    assert answer.status == 200
    return [json.loads(line) for line in answer.body.splitlines()]


@pytest.fixture
def walked(tmp_path: Path) -> Any:
    clock = Clock()
    clock.move_to(START)
    queries = Queries(clock)
    with running(tmp_path, clock=clock, queries=queries, follow_clock=True) as server:
        yield server, queries


def test_a_walk_runs_what_is_due_in_its_order_at_its_time(walked: Any) -> None:
    server, queries = walked
    schedule(server, "daily", "every day 10:05")
    schedule(server, "FAIL hourly", "every 1 hours from 00:17 to 23:17")
    events = walk(server, 5)
    expected = [("FAIL hourly", h, 17) for h in (6, 7, 8, 9)]
    expected += [("daily", 10, 5), ("FAIL hourly", 10, 17)]
    assert [(name, at.hour, at.minute) for name, at, _ in queries.seen] == expected
    for _, run_time, now in queries.seen:
        assert timedelta() <= now - run_time < timedelta(seconds=30), "the clock shows that time"
    assert (events[0]["runs"], events[0]["leftOut"]) == (6, 0)
    assert (events[-1]["event"], events[-1]["failed"]) == ("end", 5)
    runs = [event for event in events if event["event"] == "run"]
    assert [run["state"] for run in runs].count("FAILED") == 5
    assert moment(server) >= START + timedelta(hours=5)
    # Schedules are followed in real time here: what the walk passed does not run again.
    walk(server, 5.1)
    assert len(queries.seen) == 6


def test_what_repeats_often_runs_once_an_hour_and_at_the_end(walked: Any) -> None:
    server, queries = walked
    schedule(server, "often", "every 5 minutes from 00:02 to 23:57")
    events = walk(server, 3)
    assert (events[0]["runs"], events[0]["leftOut"]) == (4, 32)
    times = [run_time for _, run_time, _ in queries.seen]
    gaps = [b - a for a, b in pairwise(times)]
    assert gaps == [timedelta(hours=1), timedelta(hours=1), timedelta(minutes=55)]
    queries.seen.clear()
    events = walk(server, 4, everyRun=True)
    assert (events[0]["leftOut"], len(queries.seen)) == (0, 12)


def test_what_reads_the_results_of_another_finds_new_ones(walked: Any) -> None:
    """The reader is due before the other here, and at the same moment once an hour."""
    server, queries = walked
    schedule(server, "reads", "every 15 minutes from 00:01 to 23:46")
    schedule(server, "counts", "every 5 minutes from 00:03 to 23:58")
    schedule(server, "counts at once", "every 5 minutes from 00:01 to 23:56")
    walk(server, 4)
    counted: dict[str, datetime] = {}
    ages = []
    for name, run_time, _ in queries.seen:
        if name == "reads":
            ages.append({other: run_time - at for other, at in counted.items()})
        else:
            counted[name] = run_time
    assert len(ages) == 5
    # Before the first there is nothing but what is due at the same moment.
    for age in ages[1:]:
        assert age == {"counts": timedelta(minutes=3), "counts at once": timedelta()}


def test_a_schedule_that_is_off_is_missed_when_it_is_in_real_time(walked: Any) -> None:
    """Runs of another one are left out, and stand for those; of this one none is left out."""
    server, _ = walked
    schedule(server, "watched", "every 5 minutes from 00:02 to 23:57")
    [config] = server.ok("GET", f"{DTS}/transferConfigs")["transferConfigs"]
    schedule(server, "other", "every 5 minutes from 00:03 to 23:58")
    monitoring = f"/monitoring/v3/projects/{PROJECT}"
    channel = {"type": "email", "labels": {"email_address": "on-call@example.com"}}
    named = server.ok("POST", f"{monitoring}/notificationChannels", channel)["name"]
    config_id = config["name"].rpartition("/")[2]
    good_runs = (
        'metric.type="bigquerydatatransfer.googleapis.com/transfer_config/completed_runs"'
        ' AND resource.type="bigquery_dts_config" AND metric.labels.completion_state="SUCCEEDED"'
        f' AND resource.labels.config_id=one_of("{config_id}")'
    )
    condition = {
        "displayName": "no good run in half an hour, for four hours",
        "conditionThreshold": {
            "filter": good_runs,
            "aggregations": [
                {
                    "alignmentPeriod": "1800s",
                    "perSeriesAligner": "ALIGN_SUM",
                    "crossSeriesReducer": "REDUCE_SUM",
                }
            ],
            "comparison": "COMPARISON_LT",
            "thresholdValue": 1,
            "duration": "14400s",
            "evaluationMissingData": "EVALUATION_MISSING_DATA_ACTIVE",
        },
    }
    policy = {"displayName": "Missed", "combiner": "OR", "conditions": [condition]}
    server.ok("POST", f"{monitoring}/alertPolicies", policy | {"notificationChannels": [named]})
    walk(server, 1, everyRun=True)
    path = f"/bigquerydatatransfer/v1/{config['name']}"
    server.ok("PATCH", f"{path}?updateMask=disabled", {"disabled": True})
    # The last run was at 6:57, so the window is empty from 7:27 and the condition met at 11:27.
    before = walk(server, 5 + 25 / 60)
    assert before[0]["leftOut"] > 0
    assert [event for event in before if event["event"] == "notification"] == []
    [notification] = [event for event in walk(server, 5.5) if event["event"] == "notification"]
    assert (notification["state"], notification["policy"]) == ("open", "Missed")
    assert datetime.fromisoformat(notification["time"]) >= START + timedelta(hours=5, minutes=27)


class Slow(Queries):
    """A BigQuery whose queries last until the test lets them end."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.may_end = threading.Event()

    def run(self, run: dict[str, Any], location: str, starting: Callable[[str], None]) -> Outcome:
        outcome = super().run(run, location, starting)
        self.may_end.wait(20)
        return outcome


@pytest.fixture
def slow(tmp_path: Path) -> Any:
    clock = Clock()
    clock.move_to(START)
    queries = Slow(clock)
    with running(tmp_path, clock=clock, queries=queries, follow_clock=True) as server:
        yield server, queries
        queries.may_end.set()


def test_a_walk_ends_with_its_listener_and_the_clock_is_free(slow: Any) -> None:
    server, queries = slow
    schedule(server, "hourly", "every 1 hours from 00:17 to 23:17")
    to = (START + timedelta(hours=30)).isoformat()
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    connection.request("POST", "/localcloud/clock/advance", json.dumps({"to": to}))
    answer = connection.getresponse()
    assert json.loads(answer.readline())["event"] == "start"
    wait_for(lambda: queries.seen)
    assert server.ok("GET", "/localcloud/clock")["walk"] == {
        "to": clock_text(START + timedelta(hours=30)),
        "runs": 30,
        "made": 0,
    }
    code, error = server.error("POST", "/localcloud/clock/advance", {"to": to})
    assert code == 400
    assert "0 of 30 runs done" in error["message"]
    # What Ctrl-C, a closed terminal and kill do to the client.
    answer.close()
    connection.close()
    wait_for(lambda: server.ok("GET", "/localcloud/clock")["walk"] is None)
    assert moment(server) < START + timedelta(hours=1), "it went no further"
    queries.may_end.set()
    # Schedules run again, and somebody else can move the clock.
    assert walk(server, 3)[-1]["event"] == "end"
    assert [run_time.hour for _, run_time, _ in queries.seen] == [6, 7, 8]


def clock_text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def test_what_the_clock_showed_is_answered_over_http(server: Server) -> None:
    target = moment(server) + timedelta(days=2)
    before = datetime.now(UTC)
    server.ok("POST", "/localcloud/clock", {"now": target.isoformat()})
    [shown] = server.ok("POST", "/localcloud/clock/shown", {"real": [before.isoformat()]})["shown"]
    assert abs(datetime.fromisoformat(shown) - target) < timedelta(minutes=1)
    for body in ({}, {"real": "x"}, {"real": ["x"]}):
        assert server.error("POST", "/localcloud/clock/shown", body)[0] == 400


def test_a_schedule_that_is_gone_or_off_runs_no_more(walked: Any) -> None:
    server, queries = walked
    schedule(server, "hourly", "every 1 hours from 00:17 to 23:17")
    walk(server, 1)
    [config] = server.ok("GET", f"{DTS}/transferConfigs")["transferConfigs"]
    path = f"/bigquerydatatransfer/v1/{config['name']}"
    server.ok("PATCH", f"{path}?updateMask=disabled", {"disabled": True})
    assert walk(server, 3)[0]["runs"] == 0
    assert len(queries.seen) == 1


def test_following_can_be_switched_and_is_remembered(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        assert server.ok("GET", "/localcloud/clock")["follows"] is False
        schedule(server, "hourly", "every 1 hours from 00:17 to 23:17")
        assert server.ok("POST", "/localcloud/clock", {"follow": True})["follows"] is True
        assert server.ok("GET", "/localcloud/clock")["next"][0]["title"] == "hourly"
    with running(tmp_path) as server:
        assert server.ok("GET", "/localcloud/clock")["follows"] is True


def test_the_project_of_the_clock_is_nobodys_business(server: Server) -> None:
    """The routes lie outside Google's paths, so no client library reaches them by mistake."""
    assert server.error("GET", f"/localcloud/projects/{PROJECT}")[0] == 404
