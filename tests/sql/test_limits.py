"""Scheduled runs as Data Transfer starts them: tried again, stopped at their limit."""

from __future__ import annotations

import json

import pytest
from google.api_core.exceptions import GoogleAPICallError

from eros.project import schedules

TODAY = "CURRENT_DATE('America/Los_Angeles')"

pytestmark = [pytest.mark.sql, pytest.mark.emulator]


@pytest.fixture
def scheduled(build):
    warehouse = build(
        "scheduled",
        only=["sweep_expired_caption_locks", "prepare_retry", "stop_overdue_runs"],
        automation={"retry_delays_seconds": [0, 0, 0]},
    )
    warehouse.clear()
    yield warehouse
    warehouse.run(warehouse.catalogue.objects["sweep_expired_caption_locks"].sql)


def body(warehouse, name: str) -> str:
    """The script of the schedule's transfer config."""
    return next(
        config.query
        for config in schedules.transfer_configs(warehouse.settings)
        if config.schedule_name == name
    )


def break_after_the_work(warehouse, failures: int) -> None:
    """Let the first runs of the sweep fail with a passing error when all of their work is done."""
    sweep = warehouse.catalogue.objects["sweep_expired_caption_locks"]
    original = warehouse.name("sweep_expired_caption_locks")
    warehouse.run(sweep.sql.replace(original, warehouse.name("whole_sweep")))
    warehouse.run("CREATE OR REPLACE TABLE tries (n INT64)")
    warehouse.run(f"""
        CREATE OR REPLACE PROCEDURE {original}()
        BEGIN
            CALL {warehouse.name("whole_sweep")}();
            INSERT INTO {warehouse.name("tries")} (n) VALUES (1);
            IF (SELECT COUNT(*) FROM {warehouse.name("tries")}) <= {failures} THEN
                RAISE USING MESSAGE = 'Retrying the job may solve the problem.';
            END IF;
        END
    """)
    warehouse.run(f"""
        INSERT INTO active_caption_assignments (
            assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active
        )
        VALUES ('a', 'p', 'c', DATE_SUB({TODAY}, INTERVAL 1 DAY),
            TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 DAY), TRUE)
    """)


def test_a_run_that_fails_and_is_healthy_again_has_one_effect_and_alerts_nobody(scheduled):
    break_after_the_work(scheduled, failures=3)
    scheduled.run(body(scheduled, "sweep_expired_caption_locks"))
    assert scheduled.value("SELECT COUNT(*) FROM tries") == 4
    assert scheduled.value("SELECT SUM(expired_deactivated) FROM lock_sweep_log") == 1
    assert scheduled.rows("SELECT * FROM automation_alerts") == []


def test_a_run_that_fails_for_good_tells_once(scheduled):
    break_after_the_work(scheduled, failures=9)
    with pytest.raises(GoogleAPICallError, match="may solve the problem"):
        scheduled.run(body(scheduled, "sweep_expired_caption_locks"))
    assert scheduled.value("SELECT COUNT(*) FROM tries") == 4
    [alert] = scheduled.rows("SELECT alert_level, source, message FROM automation_alerts")
    assert alert["source"] == "sweep_expired_caption_locks"
    assert alert["message"] == "failed 4 times: Retrying the job may solve the problem."


def test_a_run_over_its_limit_is_stopped_whatever_its_handlers_catch(scheduled):
    endless = body(scheduled, "sweep_expired_caption_locks").replace(
        f"CALL {scheduled.settings.dataset_reference}.sweep_expired_caption_locks();",
        "WHILE TRUE DO BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT 2; END; END WHILE;",
    )
    assert "WHILE TRUE" in endless
    job = scheduled.client.query(endless, retry=None, job_retry=None)
    # Its row, as Google's view has it from the start and the local cloud's table after a while.
    scheduled.run(f"""
        INSERT INTO job_history (creation_time, start_time, job_id, job_type, state, query)
        VALUES (CURRENT_TIMESTAMP(), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 301 SECOND),
            '{job.job_id}', 'QUERY', 'RUNNING', {json.dumps(endless)})
    """)
    scheduled.run(body(scheduled, "stop_overdue_runs"))
    with pytest.raises(GoogleAPICallError, match="cancelled"):
        job.result(retry=None, job_retry=None)
    [run] = scheduled.rows("SELECT status, error_message FROM etl_job_runs")
    assert run["status"] == "FAILED"
    assert run["error_message"].startswith("stopped: at work for 30")
