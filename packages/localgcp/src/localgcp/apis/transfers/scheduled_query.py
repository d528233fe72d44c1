"""Runs the query of a scheduled query on BigQuery, the way Data Transfer does."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..call import Cloud

_PLACEHOLDER = re.compile(
    r"\{run_date\}|\{run_time(?:(?P<sign>[+-])(?P<amount>\d+(?:\.\d+)?)(?P<unit>[hms]))?"
    r'\|"(?P<format>[^"]*)"\}'
)
# A BigQuery that cannot be reached fails the run after this long.
_UNREACHABLE_SECONDS = 15.0
_UNITS = {"h": "hours", "m": "minutes", "s": "seconds"}


@dataclass(frozen=True)
class Outcome:
    """How a query ended; `error` is BigQuery's own text, None after success."""

    job_id: str
    rows: int = 0
    error: str | None = None
    cancelled: bool = False


class QueryRunner:
    """Executes queries on one BigQuery. Safe for use from several threads."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._client: Any = None
        self._lock = threading.Lock()

    def run(self, run: dict[str, Any], location: str, starting: Callable[[str], None]) -> Outcome:
        """Execute the query of a transfer run and wait until it finishes.

        `starting` is called with the job's id before BigQuery hears of it: a
        local BigQuery may answer only when the query has ended.
        BigQuery's refusals and failures are an Outcome, not an exception.
        """
        # Imported late: half a second that the start of the server need not wait for.
        from google.api_core.exceptions import GoogleAPIError
        from google.cloud import bigquery
        from requests.exceptions import RequestException

        job_id = f"scheduled_query_{uuid.uuid4()}"
        config = self._job_config(bigquery, run)
        patience = bigquery.DEFAULT_RETRY.with_timeout(_UNREACHABLE_SECONDS)
        starting(job_id)
        try:
            job = self._bigquery().query(
                run["params"]["query"],
                job_config=config,
                job_id=job_id,
                location=location,
                retry=patience,
                # A query is never started twice: it may have changed data already.
                job_retry=None,
            )
            rows = job.result(retry=patience, job_retry=None)
        except (GoogleAPIError, RequestException) as error:
            return _failure(job_id, error)
        affected = job.num_dml_affected_rows
        return Outcome(job_id, affected if affected is not None else rows.total_rows or 0)

    def cancel(self, job_id: str, location: str) -> None:
        """Ask BigQuery to stop a job; its run then ends as CANCELLED."""
        self._bigquery().cancel_job(job_id, location=location)

    def _bigquery(self) -> Any:
        from google.api_core.client_options import ClientOptions
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import bigquery

        with self._lock:
            if self._client is None:
                self._client = bigquery.Client(
                    project=self._cloud.project,
                    credentials=AnonymousCredentials(),
                    client_options=ClientOptions(api_endpoint=self._cloud.bigquery_url),
                )
            return self._client

    def _job_config(self, bigquery: Any, run: dict[str, Any]) -> Any:
        run_time = datetime.fromisoformat(run["runTime"])
        config = bigquery.QueryJobConfig(
            priority=bigquery.QueryPriority.BATCH,
            labels={"data_source_id": run["dataSourceId"]},
            use_legacy_sql=False,
            query_parameters=[
                bigquery.ScalarQueryParameter("run_time", "TIMESTAMP", run_time),
                bigquery.ScalarQueryParameter("run_date", "DATE", run_time.date()),
            ],
        )
        params = run["params"]
        template = params.get("destination_table_name_template")
        if template:
            table = table_name(template, run_time)
            dataset = run["destinationDatasetId"]
            config.destination = f"{self._cloud.project}.{dataset}.{table}"
            config.write_disposition = params.get("write_disposition") or "WRITE_APPEND"
            field = params.get("partitioning_field")
            if field:
                config.time_partitioning = bigquery.TimePartitioning(field=field)
        return config


def table_name(template: str, run_time: datetime) -> str:
    """The destination table of one run: {run_date} and {run_time±offset|"format"} filled in."""

    def fill(found: re.Match[str]) -> str:
        if found["format"] is None:
            return run_time.strftime("%Y%m%d")
        moment = run_time
        if found["amount"]:
            offset = timedelta(**{_UNITS[found["unit"]]: float(found["amount"])})
            moment += offset if found["sign"] == "+" else -offset
        return moment.strftime(found["format"])

    return _PLACEHOLDER.sub(fill, template)


def _failure(job_id: str, error: Exception) -> Outcome:
    details = getattr(error, "errors", None) or [{}]
    text = details[0].get("message") or getattr(error, "message", None) or str(error)
    return Outcome(job_id, error=text, cancelled=details[0].get("reason") == "stopped")
