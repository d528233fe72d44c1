"""Callers that meet at a table, one step at a time: nothing depends on who is quicker.

A session keeps a transaction open until the test ends it, and the child jobs of a call say how far
it has come. While a transaction holds a table, statements outside of it wait, twenty at most; the
next one is refused with an error that passes by itself.
https://cloud.google.com/bigquery/docs/data-manipulation-language#dml_statement_conflicts
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from google.cloud import bigquery

from tests.sql.conftest import Warehouse

QUEUED = 20


def start(warehouse: Warehouse, sql: str, **options: Any) -> bigquery.QueryJob:
    """A job that has begun."""
    dataset = f"{warehouse.settings.project}.{warehouse.settings.dataset}"
    config = bigquery.QueryJobConfig(default_dataset=dataset, **options)
    return warehouse.client.query(sql, job_config=config, retry=None, job_retry=None)


def statements(warehouse: Warehouse, job: bigquery.QueryJob) -> list[bigquery.QueryJob]:
    """The statements of a script that have ended, in their order."""
    children = list(warehouse.client.list_jobs(parent_job=job))
    return sorted(children, key=lambda child: int(child.job_id.rpartition("_")[2]))


def refusals(warehouse: Warehouse, job: bigquery.QueryJob) -> list[str]:
    """What was said of the statements that have failed, caught or not."""
    ended = statements(warehouse, job)
    return [child.error_result["message"] for child in ended if child.error_result]


def wait_until(is_time: Callable[[], Any]) -> None:
    """Return when it is time; four minutes without it are a failure, not a slow machine."""
    given_up = time.monotonic() + 240
    while not is_time():
        assert time.monotonic() < given_up, "it never came so far"
        time.sleep(0.05)


@contextmanager
def held(warehouse: Warehouse, update: str) -> Iterator[Callable[[], None]]:
    """A transaction that has run `update` and holds its table; gives what ends it."""
    opened = start(warehouse, f"BEGIN TRANSACTION; {update};", create_session=True)
    opened.result()
    session = [bigquery.ConnectionProperty("session_id", opened.session_info.session_id)]

    def run(sql: str) -> None:
        start(warehouse, sql, connection_properties=session).result()

    with ExitStack() as ending:
        ending.callback(run, "CALL BQ.ABORT_SESSION()")
        yield lambda: run("ROLLBACK TRANSACTION")


@contextmanager
def crowded(warehouse: Warehouse, update: str) -> Iterator[Callable[[], None]]:
    """A table at which nobody else may even wait; gives what lets all of them go on.

    `update` is a statement on the table that changes no row.
    """
    with held(warehouse, update) as let_go, ThreadPoolExecutor(QUEUED) as pool:
        waiting = list(pool.map(lambda _: start(warehouse, update), range(QUEUED)))
        # A request more is refused: all of those before are in their places.
        probe = start(warehouse, update)
        wait_until(probe.done)
        assert "Too many DML statements outstanding" in probe.error_result["message"]
        yield let_go
        for job in waiting:
            job.result()
