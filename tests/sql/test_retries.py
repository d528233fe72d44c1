"""What a procedure does when BigQuery refuses its statement because of others: it tries again."""

from __future__ import annotations

import pytest

from tests.sql import meetings

pytestmark = [pytest.mark.sql, pytest.mark.emulator]

TODAY = "CURRENT_DATE('America/Los_Angeles')"
AGO = "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {} MINUTE)"
REFUSED = "Too many DML statements outstanding"
QUEUE = (
    "UPDATE schedule_generation_queue SET attempts = attempts WHERE execution_date < '2000-01-01'"
)
LOCKS = "UPDATE active_caption_assignments SET is_active = TRUE WHERE FALSE"
RUNS = "UPDATE etl_job_runs SET status = status WHERE job_start_time < '2000-01-01'"
COSTS = "UPDATE cost_monitoring SET query_count = 0 WHERE window_start < '2000-01-01'"
PROCEDURES = [
    "claim_schedule_request",
    "finish_schedule_request",
    "release_schedule_requests",
    "sweep_expired_caption_locks",
    "record_query_costs",
]


@pytest.fixture
def patient(build):
    """Procedures that wait far longer than any test takes."""
    warehouse = build("retries", only=PROCEDURES, automation={"lock_wait_seconds": 3600})
    warehouse.clear()
    return warehouse


def request(status: str, minutes: int, claimed_by: str = "NULL") -> str:
    return f"""
        INSERT INTO schedule_generation_queue (
            page_name, execution_date, status, created_at, claimed_by, claimed_at, attempts
        )
        VALUES ('p', {TODAY}, '{status}', {AGO.format(minutes)}, {claimed_by},
            {AGO.format(minutes)}, 0)
    """


def refused_and_repeated(warehouse, call: str, update: str) -> list[dict]:
    """Rows of a call whose table is full when it comes, and free when it tries again."""
    with meetings.crowded(warehouse, update) as let_go:
        job = meetings.start(warehouse, call)
        meetings.wait_until(lambda: meetings.refusals(warehouse, job))
        assert not job.done(), "it has given up, or has said that there is nothing to do"
        let_go()
    rows = [dict(row) for row in job.result()]
    assert all(REFUSED in message for message in meetings.refusals(warehouse, job))
    return rows


def test_a_claim_that_lost_a_race_is_no_empty_queue(patient):
    patient.run(request("PENDING", 10))
    rows = refused_and_repeated(patient, "CALL claim_schedule_request('b1', NULL)", QUEUE)
    assert [row["page_name"] for row in rows] == ["p"]
    assert patient.rows("CALL claim_schedule_request('b1', NULL)") == [], "now it is empty"


def test_a_claim_that_always_loses_says_so(patient):
    patient.run(request("PENDING", 10))
    claim = patient.catalogue.objects["claim_schedule_request"]
    patient.run(claim.sql.replace("waited_seconds >= 3600", "waited_seconds >= 0"))
    try:
        with meetings.crowded(patient, QUEUE) as let_go:
            job = meetings.start(patient, "CALL claim_schedule_request('b1', NULL)")
            meetings.wait_until(job.done)
            let_go()
    finally:
        patient.run(claim.sql)
    assert "no request could be claimed: " in job.error_result["message"]
    assert REFUSED in job.error_result["message"]
    assert patient.value("SELECT status FROM schedule_generation_queue") == "PENDING"


def test_a_request_is_finished_when_the_queue_is_free_again(patient):
    patient.run(request("PROCESSING", 10, "'b1'"))
    call = f"CALL finish_schedule_request('b1', 'p', {TODAY}, NULL)"
    refused_and_repeated(patient, call, QUEUE)
    assert patient.rows("SELECT status, attempts FROM schedule_generation_queue") == [
        {"status": "COMPLETED", "attempts": 0}
    ]


def test_requests_are_released_when_the_queue_is_free_again(patient):
    patient.run(request("PROCESSING", 24 * 60, "'b1'"))
    refused_and_repeated(patient, "CALL release_schedule_requests()", QUEUE)
    assert patient.rows("SELECT status, attempts FROM schedule_generation_queue") == [
        {"status": "PENDING", "attempts": 1}
    ]
    assert patient.value("SELECT status FROM etl_job_runs") == "SUCCESS"
    assert patient.rows("SELECT * FROM automation_alerts") == []


def test_locks_are_swept_when_their_table_is_free_again(patient):
    patient.run(f"""
        INSERT INTO active_caption_assignments (
            assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active
        )
        VALUES ('a', 'p', 'c', DATE_SUB({TODAY}, INTERVAL 1 DAY), {AGO.format(2880)}, TRUE)
    """)
    refused_and_repeated(patient, "CALL sweep_expired_caption_locks()", LOCKS)
    assert patient.value("SELECT deactivation_reason FROM active_caption_assignments") == "EXPIRED"
    assert patient.rows("SELECT status, expired_deactivated AS n FROM lock_sweep_log") == [
        {"status": "SUCCESS", "n": 1}
    ]
    assert patient.rows("SELECT * FROM automation_alerts") == []


def test_bytes_reach_their_run_when_the_run_log_is_free_again(patient):
    patient.run(f"""
        INSERT INTO etl_job_runs (run_id, job_name, job_start_time, status)
        VALUES ('r1', 'update_caption_performance', {AGO.format(60)}, 'SUCCESS');
        INSERT INTO job_history (
            creation_time, start_time, end_time, job_id, job_type, statement_type, state,
            total_bytes_processed, total_bytes_billed, labels
        )
        VALUES ({AGO.format(60)}, {AGO.format(60)}, {AGO.format(59)}, 'a', 'QUERY', 'SELECT',
            'DONE', 150, 150, [STRUCT('eros_run' AS key, 'r1' AS value)])
    """)
    # It opens its run in the table that is to be full later: until then the hours hold it up.
    is_open = "SELECT COUNT(*) FROM etl_job_runs WHERE job_name = 'record_query_costs'"
    with meetings.held(patient, COSTS) as let_hours_go:
        job = meetings.start(patient, "CALL record_query_costs()")
        meetings.wait_until(lambda: patient.value(is_open))
        with meetings.crowded(patient, RUNS) as let_go:
            let_hours_go()
            meetings.wait_until(lambda: meetings.refusals(patient, job))
            assert not job.done()
            let_go()
    job.result()
    assert patient.value("SELECT bytes_billed FROM etl_job_runs WHERE run_id = 'r1'") == 150
    assert patient.value("SELECT status FROM etl_job_runs WHERE run_id != 'r1'") == "SUCCESS"
    assert patient.value("SELECT SUM(query_count) FROM cost_monitoring") > 0


def test_a_pause_counts_the_time_that_passed(patient):
    # From -1 on the pause that is planned has no length, but to make it takes time all the same.
    [row] = patient.run("""
        DECLARE waited FLOAT64 DEFAULT -1;
        DECLARE start TIMESTAMP DEFAULT CURRENT_TIMESTAMP();
        CALL pause_before_retry(waited);
        SELECT
            waited + 1 AS counted,
            TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), start, MICROSECOND) / 1e6 AS passed
    """)
    assert 0 < row["counted"] <= row["passed"]
