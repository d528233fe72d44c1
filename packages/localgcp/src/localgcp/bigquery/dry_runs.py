"""What a dry run says: the bytes that the query would process.

local-bigquery 0.4.0 says 0. Here it is the estimate of the job history (docs/fidelity.md).
https://cloud.google.com/bigquery/docs/running-queries#dry-run
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from local_bigquery.api import jobs as api
from local_bigquery.catalog import tables
from local_bigquery.jobs import runner
from local_bigquery.models import Job

from localgcp.bigquery import table_sizes

# Of the dry run that this request is.
_processed: ContextVar[str | None] = ContextVar("processed", default=None)


def install() -> None:
    """Say it in the job, and in the answer of `jobs.query`, which is made without looking at it."""
    runner._dry_run = _estimating(runner._dry_run)
    api.with_rows = _answering(api.with_rows)


def _estimating(dry_run: Callable[..., Job]) -> Callable[..., Job]:
    def estimated(*arguments: Any) -> Job:
        job = dry_run(*arguments)
        statistics = job.statistics.query
        names = [tables.reference(one) for one in statistics.referencedTables or []]
        processed = str(table_sizes.estimate(names, statistics.statementType)[0])
        _processed.set(processed)
        said = statistics.replace(totalBytesProcessed=processed)
        return job.replace(
            statistics=job.statistics.replace(totalBytesProcessed=processed, query=said.dump())
        )

    return estimated


def _answering(with_rows: Callable[..., Any]) -> Callable[..., Any]:
    def answered(payload: dict[str, Any], rows: list[str]) -> Any:
        processed = _processed.get()
        if processed is not None and "totalBytesProcessed" in payload:
            payload = payload | {"totalBytesProcessed": processed}
        return with_rows(payload, rows)

    return answered
