"""The job store of the local BigQuery."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud import bigquery

from tests.sql.conftest import client  # noqa: F401

pytestmark = pytest.mark.emulator

JOBS = "`region-us`.INFORMATION_SCHEMA.JOBS"


def test_readers_of_the_job_history_do_not_meet(client: bigquery.Client) -> None:  # noqa: F811
    def count(_: int) -> int:
        [row] = client.query_and_wait(f"SELECT COUNT(*) AS n FROM {JOBS}", retry=None)
        return row.n

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(count, range(64)))
    assert max(counts) >= 56, "each sees the jobs that had ended before it"


def test_the_destination_of_a_created_table_is_that_table(client: bigquery.Client) -> None:  # noqa: F811
    """SQLMesh counts the rows there; the statement itself has none."""
    client.query_and_wait("CREATE SCHEMA IF NOT EXISTS made")
    job = client.query("CREATE OR REPLACE TABLE made.t AS SELECT n FROM UNNEST([1, 2]) AS n")
    assert list(job.result()) == []
    assert job.destination.table_id == "t"
    assert client.get_table(job.destination).num_rows == 2
    again = client.get_job(job.job_id)
    assert (again.destination.dataset_id, again.destination.table_id) == ("made", "t")
    assert client.query("SELECT 1 AS n").result().total_rows == 1


def test_a_script_cancels_another_job_whose_statements_are_jobs_already(
    client: bigquery.Client,  # noqa: F811
) -> None:
    endless = """
        SELECT 'first';
        WHILE TRUE DO
            BEGIN
                SELECT 1 / 0;
            EXCEPTION WHEN ERROR THEN
                SELECT 2;
            END;
        END WHILE;
    """
    job = client.query(endless, job_id="cancelled_by_sql", retry=None, job_retry=None)
    while not list(client.list_jobs(parent_job=job.job_id)):
        assert client.get_job(job.job_id).running
    client.query_and_wait(f"CALL BQ.JOBS.CANCEL('{client.project}.{job.job_id}')", retry=None)
    with pytest.raises(GoogleAPICallError, match="cancelled"):
        job.result(retry=None, job_retry=None)
    with pytest.raises(NotFound, match="no_such_job"):
        client.query_and_wait("CALL BQ.JOBS.CANCEL('no_such_job')", retry=None)
    client.query_and_wait(f"CALL BQ.JOBS.CANCEL('{job.job_id}')", retry=None)
