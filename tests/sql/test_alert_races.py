"""Evaluations that lose against another writer of the alerts' states: every signal is sent."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.sql import meetings
from tests.sql.conftest import Build, Warehouse
from tests.sql.test_alerts import NOW, at, check, count, evaluate, fill, signals_of

pytestmark = [pytest.mark.sql, pytest.mark.emulator]

STATES = "UPDATE alert_states SET value = value WHERE TRUE"
LATER = NOW + dt.timedelta(minutes=5)
EVALUATE = f"CALL evaluate_alerts({at(LATER)})"


@pytest.fixture
def warehouse(build: Build) -> Warehouse:
    """A04 is open, and A08 is about to open."""
    alerts = build("alert_races", only=["evaluate_alerts", "alert_status", "live_figures"])
    alerts.clear()
    fill(alerts, {"health": {"available_captions": 199}})
    assert evaluate(alerts).signals == [("a04", "opened")]
    check(alerts, LATER, available_captions=199, active_locks=10001)
    count(alerts, LATER)
    return alerts


def test_a_lost_race_changes_no_signal(warehouse):
    with meetings.held(warehouse, STATES) as let_go:
        job = meetings.start(warehouse, EVALUATE)
        meetings.wait_until(lambda: meetings.refusals(warehouse, job))
        assert signals_of(warehouse, job) == [("a04", "opened")], (
            "what is known as open comes first"
        )
        let_go()
    job.result()
    lost = meetings.refusals(warehouse, job)
    assert "Transaction is aborted due to concurrent update" in lost[0]
    assert signals_of(warehouse, job) == [("a04", "opened"), ("a08", "opened")], "each once"
    events = f"SELECT rule_id, event FROM alert_events WHERE event_time = {at(LATER)}"
    assert warehouse.rows(events) == [{"rule_id": "A08", "event": "OPENED"}]


def test_an_evaluation_that_always_loses_closes_nothing(warehouse):
    evaluation = warehouse.catalogue.objects["evaluate_alerts"]
    patience = f"waited_seconds >= {warehouse.settings.automation.lock_wait_seconds}"
    warehouse.run(evaluation.sql.replace(patience, "waited_seconds >= 0"))
    try:
        with meetings.held(warehouse, STATES):
            job = meetings.start(warehouse, EVALUATE)
            meetings.wait_until(job.done)
    finally:
        warehouse.run(evaluation.sql)
    assert "the states of the alerts could not be written" in job.error_result["message"]
    assert signals_of(warehouse, job) == [("a04", "opened")]
    assert warehouse.rows("SELECT rule_id, state FROM alert_states") == [
        {"rule_id": "A04", "state": "OPEN"}
    ]
