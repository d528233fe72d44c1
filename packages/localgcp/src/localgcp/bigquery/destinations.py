"""The destination of CREATE TABLE AS SELECT is the table that it makes.

local-bigquery 0.4.0 leaves it out of the job, where clients look for the rows that were written.
https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationQuery
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_bigquery.api import jobs as api
from local_bigquery.jobs import runner
from local_bigquery.models import Job, JobStatistics

_CREATES = "CREATE_TABLE_AS_SELECT"


def install() -> None:
    """Say it in the job, and give no rows for it; after what replaces `runner._query`."""
    runner._query = _telling(runner._query)
    api.results = _without_rows(api.results)


def _telling(run: Callable[..., JobStatistics]) -> Callable[..., JobStatistics]:
    def with_destination(job: Job, *rest: Any) -> JobStatistics:
        statistics = run(job, *rest)
        if statistics.query and statistics.query.statementType == _CREATES:
            job.configuration.query.destinationTable = statistics.query.ddlTargetTable
        return statistics

    return with_destination


def _without_rows(results: Callable[..., Any]) -> Callable[..., Any]:
    def answered(job: Job, *rest: Any) -> Any:
        statistics = job.statistics and job.statistics.query
        if statistics and statistics.statementType == _CREATES:
            query = job.configuration.query.without("destinationTable")
            job = job.replace(configuration=job.configuration.replace(query=query))
        return results(job, *rest)

    return answered
