"""What BigQuery and Data Transfer report to Cloud Monitoring by themselves.

Scripts are measured by their statements, which on Google are the jobs that read data.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..call import Cloud
from ..clock import micros, parse_rfc3339
from ..store import Resource, Transaction
from . import built_in_metrics, samples


def jobs_finished(
    tx: Transaction, cloud: Cloud, rows: Iterable[tuple[dict[str, Any], str]]
) -> None:
    """Measure finished jobs: rows of the job history, each with its priority."""
    resource = ("bigquery_project", {"project_id": cloud.project})
    ended = [(row, priority, *span) for row, priority in rows if (span := _span(row)) is not None]
    for row, priority, start, end in ended:
        in_flight = sum(1 for _, kind, a, b in ended if kind == priority and a <= start <= b)
        labels = {"priority": priority.lower()}
        samples.add(tx, built_in_metrics.QUERY_COUNT, labels, *resource, start, [in_flight])
        by_type = {**labels, "statement_type": row["statement_type"] or ""}
        processed, billed = row["total_bytes_processed"], row["total_bytes_billed"]
        for metric, names, value in (
            (built_in_metrics.EXECUTION_TIMES, labels, (end - start) / 1_000_000),
            (built_in_metrics.SCANNED_BYTES, labels, processed),
            (built_in_metrics.SCANNED_BYTES_BILLED, labels, billed),
            (built_in_metrics.STATEMENT_BYTES, by_type, processed),
            (built_in_metrics.STATEMENT_BYTES_BILLED, by_type, billed),
        ):
            samples.add(tx, metric, names, *resource, end, [value])


def run_finished(tx: Transaction, cloud: Cloud, run: Resource, rows: int | None) -> None:
    """Measure a finished transfer run; `rows` of its job, None when the job failed."""
    parts = run.name.split("/")
    owner = {"project_id": cloud.project, "location": parts[3], "config_id": parts[5]}
    resource = ("bigquery_dts_config", owner)
    end = micros(parse_rfc3339(run.body["endTime"]))
    labels = {
        "completion_state": run.body["state"],
        "run_cause": "AUTO_SCHEDULE" if run.body.get("schedule") else "USER_REQUESTED",
    }
    samples.add(tx, built_in_metrics.COMPLETED_RUNS, labels, *resource, end, [1])
    if rows is not None:
        samples.add(tx, built_in_metrics.LAST_ROWS, {}, *resource, end, [rows])


def _span(row: dict[str, Any]) -> tuple[int, int] | None:
    """Start and end (microseconds) of what counts as a query; None for all else."""
    if row["job_type"] != "QUERY" or row["statement_type"] == "SCRIPT":
        return None
    if row["start_time"] is None or row["end_time"] is None:
        return None
    start, end = (datetime.fromisoformat(row[name]) for name in ("start_time", "end_time"))
    return micros(start), micros(end)
