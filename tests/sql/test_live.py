"""What `eros validate --live` tries, on a whole dataset and on one in which something is broken."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from eros.operations.deploy import Level, Site, live_checks, procedure_trials, verification
from eros.watch import monitor

pytestmark = [pytest.mark.sql, pytest.mark.emulator]


@pytest.fixture(scope="module")
def warehouse(build):
    return build("live_checks")


@pytest.fixture
def site(warehouse) -> Site:
    google = SimpleNamespace(settings=warehouse.settings, bigquery=warehouse.client)
    return Site("local", google)  # type: ignore[arg-type]


def test_every_function_and_every_monitoring_query_of_a_good_stack_answers(site):
    for finding in (live_checks.functions(site), live_checks.monitoring(site)):
        assert finding.level is Level.OK, finding.text


def counted(warehouse) -> dict[str, int]:
    sql = f"SELECT table_id, row_count FROM {warehouse.name('__TABLES__')}"
    return {row["table_id"]: row["row_count"] for row in warehouse.rows(sql)}


def test_procedures_that_no_schedule_calls_are_tried_and_leave_no_row(site, warehouse):
    before = counted(warehouse)
    finding = procedure_trials.check(site)
    assert finding.level is Level.OK, finding.text
    assert counted(warehouse) == before
    # What a procedure refuses, as it must, is no failure that an alert counts.
    assert {job.error_result is None for job in warehouse.client.list_jobs(max_results=12)} == {
        True
    }


def failed(site: Site) -> list[str]:
    return [f.check for f in verification.check(site) if f.level is Level.FAILED]


def test_the_verification_cases_hold_and_one_that_does_not_is_named(site, warehouse):
    warehouse.run("CALL refresh_holiday_calendar(2024, 2030)")
    assert failed(site) == []
    warehouse.run("DELETE FROM holiday_calendar WHERE holiday_date = '2025-12-25'")
    warehouse.run(
        "INSERT INTO etl_job_runs (run_id, job_name, job_start_time, status, creators_total, "
        "creators_processed, creators_failed) VALUES ('r', 'run_daily_automation', "
        "CURRENT_TIMESTAMP(), 'PARTIAL', 3, 3, 1)"
    )
    warehouse.run(
        "INSERT INTO lock_sweep_log (sweep_id, sweep_time, status) "
        "VALUES ('s', CURRENT_TIMESTAMP(), 'SUCCESS')"
    )
    warehouse.run(
        "INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, "
        "scheduled_send_date, assigned_at, is_active) VALUES ('a', 'p', 'c', "
        "DATE_SUB(CURRENT_DATE(), INTERVAL 4 DAY), "
        "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 DAY), TRUE)"
    )
    warehouse.run(
        "INSERT INTO automation_alerts (alert_id, alert_time, alert_level, alert_name, "
        "acknowledged) VALUES ('x', CURRENT_TIMESTAMP(), 'LOUD', 'n', FALSE)"
    )
    assert failed(site) == ["case 7", "case 8", "case 11", "case 13"]


def test_what_somebody_has_broken_by_hand_is_named_with_its_reason(site, warehouse, monkeypatch):
    warehouse.run("DROP FUNCTION hash_uniform")
    functions = live_checks.functions(site)
    assert functions.level is Level.FAILED
    assert "hash_uniform" in functions.text
    warehouse.run("DROP VIEW queue_status")
    asked = [query for query in monitor.QUERIES if query.name == "queue_status"]
    monkeypatch.setattr(monitor, "QUERIES", asked)
    monitoring = live_checks.monitoring(site)
    assert monitoring.level is Level.FAILED
    assert monitoring.text.startswith("queue_status: ")


def test_a_procedure_that_fails_or_no_longer_refuses_is_named(site, warehouse):
    warehouse.run("DROP FUNCTION lock_bucket")
    warehouse.run(
        f"CREATE OR REPLACE PROCEDURE {warehouse.name('finish_schedule_request')}(builder STRING,"
        " for_page STRING, for_date DATE, failure STRING) BEGIN SELECT 1; END"
    )
    finding = procedure_trials.check(site)
    assert finding.level is Level.FAILED
    assert "finish_schedule_request: does not refuse what nobody has" in finding.text
    assert "select_captions_for_creator: " in finding.text
