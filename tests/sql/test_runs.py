"""How runs open and close: duplicates, writers at the same moment, failures to open."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.api_core.exceptions import GoogleAPICallError

TODAY = "CURRENT_DATE('America/Los_Angeles')"
CALLS = {
    "run_daily_automation": f"CALL run_daily_automation({TODAY})",
    "release_schedule_requests": "CALL release_schedule_requests()",
    "archive_inactive_assignments": "CALL archive_inactive_assignments()",
    "sweep_expired_caption_locks": "CALL sweep_expired_caption_locks()",
}
CALLERS = 4

pytestmark = [pytest.mark.sql, pytest.mark.emulator]


@pytest.fixture
def busy(build):
    warehouse = build("runs", only=[*CALLS, "acknowledge_alert"])
    warehouse.clear()
    return warehouse


@pytest.fixture
def without_locks(build) -> Iterator:
    """A dataset in which no run can be opened."""
    warehouse = build("runs_fail", only=CALLS, automation={"lock_wait_seconds": 1})
    warehouse.clear()
    warehouse.run("DROP TABLE automation_locks")
    yield warehouse
    warehouse.run(warehouse.catalogue.objects["automation_locks"].sql)


def at_once(warehouse, calls: list[str]) -> list[str]:
    """The errors of the calls, all started together."""

    def error(sql: str) -> str | None:
        try:
            warehouse.run(sql)
        except GoogleAPICallError as failure:
            return str(failure)
        return None

    with ThreadPoolExecutor(len(calls)) as pool:
        return [found for found in pool.map(error, calls) if found]


def runs(warehouse, job: str) -> list[str]:
    rows = warehouse.rows(f"SELECT status FROM etl_job_runs WHERE job_name = '{job}'")
    return sorted(row["status"] for row in rows)


def alerts(warehouse) -> list[str]:
    return [row["alert_name"] for row in warehouse.rows("SELECT alert_name FROM automation_alerts")]


def test_sweeps_at_once_sweep_once_and_alert_nobody(busy):
    busy.run(f"""
        INSERT INTO active_caption_assignments (
            assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active
        )
        SELECT CAST(x AS STRING), 'p', CAST(x AS STRING), DATE_SUB({TODAY}, INTERVAL 1 DAY),
            TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 DAY), TRUE
        FROM UNNEST(GENERATE_ARRAY(1, 900)) AS x
    """)
    assert at_once(busy, [CALLS["sweep_expired_caption_locks"]] * CALLERS) == []
    assert set(runs(busy, "sweep_expired_caption_locks")) == {"SUCCESS"}
    assert busy.value("SELECT SUM(expired_deactivated) FROM lock_sweep_log") == 900
    assert alerts(busy) == []


def test_archives_at_once_move_each_assignment_once(busy):
    busy.run(f"""
        INSERT INTO active_caption_assignments (
            assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active,
            deactivated_at, deactivation_reason
        )
        SELECT CAST(x AS STRING), 'p', CAST(x AS STRING), DATE_SUB({TODAY}, INTERVAL 100 DAY),
            TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 101 DAY), FALSE,
            TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 99 DAY), 'EXPIRED'
        FROM UNNEST(GENERATE_ARRAY(1, 500)) AS x
    """)
    assert at_once(busy, [CALLS["archive_inactive_assignments"]] * CALLERS) == []
    assert busy.value("SELECT COUNT(*) FROM archived_caption_assignments") == 500
    assert alerts(busy) == []


def test_costs_recorded_at_once_are_recorded_once(build):
    everything = build("cases")
    everything.clear()
    everything.run("""
        INSERT INTO job_history (
            creation_time, start_time, end_time, job_id, job_type, statement_type, state,
            total_bytes_processed, total_bytes_billed
        )
        SELECT moment, moment, moment, CAST(moment AS STRING), 'QUERY', 'SELECT', 'DONE', 1, 1
        FROM UNNEST(GENERATE_TIMESTAMP_ARRAY(
            TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), CURRENT_TIMESTAMP(),
            INTERVAL 1 MINUTE
        )) AS moment
    """)
    assert at_once(everything, ["CALL record_query_costs()"] * CALLERS) == []
    assert set(runs(everything, "record_query_costs")) == {"SUCCESS"}
    assert everything.value("SELECT COUNT(*) FROM cost_monitoring") > 0
    keys = "window_start, statement_type"
    twice = f"SELECT {keys} FROM cost_monitoring GROUP BY {keys} HAVING COUNT(*) > 1"
    assert everything.rows(twice) == []
    assert alerts(everything) == []


def test_the_daily_run_stands_others_who_update_the_run_log(busy):
    busy.run("""
        INSERT INTO etl_job_runs (run_id, job_name, job_start_time, status)
        VALUES ('other', 'other', CURRENT_TIMESTAMP(), 'RUNNING');
        INSERT INTO mass_messages (message_id, page_name, sent_at, updated_at)
        VALUES ('m', 'p', CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP());
        INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
        VALUES ('c', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
    """)
    writer = """
        DECLARE turns INT64 DEFAULT 0;
        WHILE turns < 30 DO
            SET turns = turns + 1;
            BEGIN
                UPDATE etl_job_runs SET bytes_billed = turns WHERE run_id = 'other';
            EXCEPTION WHEN ERROR THEN
            END;
        END WHILE;
    """
    assert at_once(busy, [CALLS["run_daily_automation"], writer]) == []
    [run] = busy.rows(
        "SELECT status, creators_total, creators_processed, creators_failed, schedules_queued "
        "FROM etl_job_runs WHERE job_name = 'run_daily_automation'"
    )
    assert list(run.values()) == ["SUCCESS", 1, 1, 0, 1]


def test_who_loses_hears_the_cause_and_not_what_came_of_it(busy):
    busy.run("""
        INSERT INTO automation_alerts (alert_id, alert_time, alert_level, alert_name, acknowledged)
        SELECT CAST(x AS STRING), CURRENT_TIMESTAMP(), 'WARNING', 'Trouble', FALSE
        FROM UNNEST(GENERATE_ARRAY(1, 200)) AS x
    """)
    errors = at_once(busy, ["CALL acknowledge_alert('Trouble', 'ada')"] * CALLERS)
    assert [error for error in errors if "rollback" in error] == []


@pytest.mark.parametrize("job", CALLS)
def test_a_run_that_cannot_be_opened_is_recorded_and_reported(without_locks, job):
    # Where nothing is due, release_schedule_requests opens no run.
    without_locks.run(f"""
        INSERT INTO schedule_generation_queue (
            page_name, execution_date, status, created_at, attempts
        )
        VALUES ('p', {TODAY}, 'PENDING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 DAY), 0)
    """)
    [error] = at_once(without_locks, [CALLS[job]])
    assert f"the run of {job} could not be opened" in error
    [run] = without_locks.rows(
        f"SELECT status, error_message FROM etl_job_runs WHERE job_name = '{job}'"
    )
    assert run["status"] == "FAILED"
    assert "automation_locks" in run["error_message"]
    [alert] = without_locks.rows("SELECT source, message FROM automation_alerts")
    assert alert == {"source": job, "message": run["error_message"]}
