"""Limits of a job: bytes billed, run time, and an end that no exception handler can catch.

local-bigquery 0.4.0 takes `maximumBytesBilled` and `jobTimeoutMs` and does nothing with them, and
a script with an exception handler outlives its cancellation.
https://cloud.google.com/bigquery/docs/reference/rest/v2/Job
https://cloud.google.com/bigquery/docs/best-practices-costs#limit-query-costs-by-restricting-the-number-of-bytes-billed
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from local_bigquery import errors
from local_bigquery.catalog import metadata
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import merge, query, runner
from local_bigquery.models import Job
from local_bigquery.sql import script
from sqlglot import exp

from localgcp.bigquery import table_sizes

# https://cloud.google.com/bigquery/quotas#query_jobs has no number for on-demand projects; local-
# bigquery's eight would keep a statement that waits for its turn from ever being next.
_JOBS_AT_ONCE = 128
_REASONS = ("bytesBilledLimitExceeded", "resourcesExceeded", "timeout")


@dataclass
class _Job:
    """What limits the job of this context."""

    running: runner.Running
    most_bytes: int | None = None
    timed_out: bool = False


class _Stopped(BaseException):
    """Passes every exception handler of a script."""


_current: ContextVar[_Job | None] = ContextVar("limits", default=None)
_run_query = runner._query


def install() -> None:
    """Put the limits in place; after everything that replaces `runner._query`."""
    global _run_query
    errors.STATUSES.update(dict.fromkeys(_REASONS, (400, "INVALID_ARGUMENT")))
    runner._executor = ThreadPoolExecutor(_JOBS_AT_ONCE)
    _run_query, runner._query = runner._query, _query
    for module in (query, merge, script):
        module.translate = _limited(module.translate)


def check() -> None:
    """Ends the job of this context where it was cancelled or is out of time."""
    job = _current.get()
    if job is not None and (job.timed_out or job.running.cancelled):
        raise _Stopped


def _query(job: Job, session: Any, running: runner.Running) -> Any:
    configuration = job.configuration
    most = configuration.query.maximumBytesBilled
    limits = _Job(running, int(most) if most and int(most) > 0 else None)
    timer = None
    if configuration.jobTimeoutMs and int(configuration.jobTimeoutMs) > 0:
        # It counts from the creation of the job.
        passed = int(metadata.now()) - int(job.statistics.creationTime)
        left = max(0, int(configuration.jobTimeoutMs) - passed) / 1000
        timer = threading.Timer(left, _time_out, [limits])
        timer.daemon = True
        timer.start()
    token = _current.set(limits)
    try:
        return _run_query(job, session, running)
    except _Stopped:
        raise _error(limits) from None
    except Exception:
        if limits.timed_out:
            raise _error(limits) from None
        raise
    finally:
        _current.reset(token)
        if timer is not None:
            timer.cancel()


def _time_out(job: _Job) -> None:
    job.timed_out = True
    if job.running.cursor is not None:
        job.running.cursor.interrupt()


def _error(job: _Job) -> BigQueryError:
    if job.timed_out:
        return BigQueryError("timeout", "The job timed out.")
    # The runner has its own words for a job that a user cancelled.
    return BigQueryError("stopped", "Job execution was cancelled")


def _limited(translate: Callable[..., Any]) -> Callable[..., Any]:
    """Every statement and expression passes here before it runs."""

    def limited(tree: exp.Expression, context: Any) -> Any:
        check()
        translated = translate(tree, context)
        job = _current.get()
        if job is not None and job.most_bytes is not None:
            _check_bytes(tree, context.referenced, job.most_bytes)
        return translated

    return limited


def _check_bytes(
    tree: exp.Expression, referenced: set[tuple[str, str, str]], most_bytes: int
) -> None:
    # What the job history would say that the statement has billed.
    _, billed = table_sizes.estimate(referenced, query.statement_type(tree))
    if billed > most_bytes:
        raise BigQueryError(
            "bytesBilledLimitExceeded",
            f"Query exceeded limit for bytes billed: {most_bytes}. {billed} or higher required.",
        )
