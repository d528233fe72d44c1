"""The job store of the local BigQuery."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
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
