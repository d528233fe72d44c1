"""Queues writes that DuckLake refuses because another one was quicker, as BigQuery does.

DuckLake aborts a deletion when rows came into the table meanwhile, an insertion when rows went,
and both when its files were merged; local-bigquery 0.4.0 reports that to the client. On Google
streamed rows conflict with nothing, and DML outside of a transaction waits for its turn:
https://cloud.google.com/bigquery/docs/data-manipulation-language#dml-limitations
https://cloud.google.com/bigquery/docs/transactions#transaction_concurrency

Only a statement that is a transaction of its own fails with a COMMIT, so repeating it is safe: one
within BEGIN and COMMIT never says so, its COMMIT does, and that is not repeated.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import duckdb
from local_bigquery.catalog import tabledata
from local_bigquery.engine import database
from local_bigquery.jobs import query
from sqlglot import exp

log = logging.getLogger(__name__)

_DML = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.TruncateTable)
# Each attempt sees what the last one lost against.
_ATTEMPTS = 20
_LOST = "Failed to commit"
# Held by who has lost too often: a write that begins waits until that one is through.
turnstile = threading.Lock()


def install() -> None:
    """Put the queued writes in place of local-bigquery's."""
    run_statement, insert_all = query._run, tabledata.insert_all

    def queued_statement(cur: Any, tree: exp.Expression, *rest: Any) -> Any:
        if not isinstance(tree, _DML):
            return run_statement(cur, tree, *rest)
        return repeated(lambda: run_statement(cur, tree, *rest))

    def queued_rows(project_id: str, dataset_id: str, table_id: str, *rest: Any) -> dict:
        with database.writing(project_id, dataset_id, table_id):
            return insert_all(project_id, dataset_id, table_id, *rest)

    query._run = queued_statement
    tabledata.insert_all = queued_rows


def repeated[Result](write: Callable[[], Result]) -> Result:
    """What a write gives, repeated for as long as DuckLake refuses its commit."""
    for _ in range(_ATTEMPTS - 1):
        with turnstile:
            pass
        try:
            return write()
        except duckdb.TransactionException as error:
            if not is_lost(error):
                raise
            log.info("a write lost against another and is repeated: %s", error)
    return write()


def is_lost(error: duckdb.Error) -> bool:
    """Whether DuckLake has refused a commit because of another."""
    return _LOST in str(error)
