"""What a call of selection is made of: each statement is a job, and some run under the lock."""

from __future__ import annotations

import pytest
from google.cloud import bigquery

from tests.sql import meetings
from tests.sql.conftest import Build, Warehouse

pytestmark = [pytest.mark.sql, pytest.mark.emulator]

MOST_JOBS = 8
CALL = """
    CALL select_captions_for_creator(
        'p', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 3, 7
    )
"""


@pytest.fixture(scope="module", params=["index", "beta", "wilson"])
def warehouse(build: Build, request: pytest.FixtureRequest) -> Warehouse:
    needed = ["select_captions_for_creator", "refresh_page_figures"]
    policy = {"policy": request.param}
    return build(f"selection_jobs_{request.param}", only=needed, selection=policy)


@pytest.fixture
def page(warehouse: Warehouse) -> Warehouse:
    """A page that has sent, with 20 captions and its figures, as it is every day but its first."""
    warehouse.clear()
    warehouse.run("""
        INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
        SELECT CONCAT('c', CAST(x AS STRING)), 'p', 'text', TRUE, CURRENT_TIMESTAMP()
        FROM UNNEST(GENERATE_ARRAY(1, 20)) AS x;
        INSERT INTO mass_messages (message_id, page_name, sent_at, updated_at)
        VALUES ('m', 'p', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), CURRENT_TIMESTAMP());
        CALL refresh_page_figures();
        INSERT INTO page_locks (page_name, lock_bucket, version, locked_at)
        VALUES ('p', lock_bucket('p'), 0, CURRENT_TIMESTAMP());
    """)
    return warehouse


def jobs_of_a_call(warehouse: Warehouse) -> list[bigquery.QueryJob]:
    call = meetings.start(warehouse, CALL)
    assert len(list(call.result())) == 3
    return meetings.statements(warehouse, call)


def test_a_call_is_eight_jobs(page: Warehouse):
    kinds = [job.statement_type for job in jobs_of_a_call(page)]
    assert len(kinds) <= MOST_JOBS, kinds


def test_less_than_a_third_of_a_call_runs_under_the_lock(page: Warehouse):
    jobs = jobs_of_a_call(page)
    locking = [
        number
        for number, job in enumerate(jobs)
        if job.statement_type == "UPDATE" and "page_locks" in job.query
    ]
    taken, given_back = locking
    assert "INSERT" in [job.statement_type for job in jobs[taken:given_back]], "captions are given"
    assert 3 * (given_back - taken - 1) < len(jobs)


def test_a_page_without_figures_takes_a_second_turn(page: Warehouse):
    page.run("DELETE FROM page_figures WHERE TRUE")
    kinds = [job.statement_type for job in jobs_of_a_call(page)]
    assert kinds.count("CREATE_TABLE_AS_SELECT") == 2
    assert page.value("SELECT COUNTIF(holder IS NOT NULL) FROM page_locks") == 0
