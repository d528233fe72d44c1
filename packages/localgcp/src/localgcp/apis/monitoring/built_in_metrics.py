"""Descriptors of metrics, and the built-in ones that this server measures.

Types, kinds, units and labels: https://cloud.google.com/monitoring/api/metrics_gcp. Bounds of
the buckets of built-in distributions are not documented; those of log-based metrics are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# Google's default for log-based distributions.
_DEFAULT_BUCKETS = {
    "exponentialBuckets": {"numFiniteBuckets": 64, "growthFactor": 2.0, "scale": 0.01}
}

COMPLETED_RUNS = "bigquerydatatransfer.googleapis.com/transfer_config/completed_runs"
LAST_ROWS = "bigquerydatatransfer.googleapis.com/transfer_config/last_execution_job_rows"
QUERY_COUNT = "bigquery.googleapis.com/query/count"
EXECUTION_TIMES = "bigquery.googleapis.com/query/execution_times"
SCANNED_BYTES = "bigquery.googleapis.com/query/scanned_bytes"
SCANNED_BYTES_BILLED = "bigquery.googleapis.com/query/scanned_bytes_billed"
STATEMENT_BYTES = "bigquery.googleapis.com/query/statement_scanned_bytes"
STATEMENT_BYTES_BILLED = "bigquery.googleapis.com/query/statement_scanned_bytes_billed"


@dataclass(frozen=True)
class Metric:
    """What the values of a metric mean. Kind is GAUGE or DELTA."""

    type: str
    kind: str
    value_type: str
    unit: str = "1"
    labels: tuple[str, ...] = ()
    description: str = ""
    buckets: dict[str, Any] = field(default_factory=lambda: _DEFAULT_BUCKETS, hash=False)

    @property
    def is_distribution(self) -> bool:
        return self.value_type == "DISTRIBUTION"

    def descriptor(self, project: str) -> dict[str, Any]:
        """The metric as `metricDescriptors` shows it."""
        return {
            "name": f"projects/{project}/metricDescriptors/{self.type}",
            "type": self.type,
            "metricKind": self.kind,
            "valueType": self.value_type,
            "unit": self.unit,
            "description": self.description,
            "labels": [{"key": label} for label in self.labels],
        }


def of_log_metric(body: dict[str, Any]) -> Metric:
    """The metric that a LogMetric resource makes."""
    descriptor = body["metricDescriptor"]
    return Metric(
        descriptor["type"],
        descriptor["metricKind"],
        descriptor["valueType"],
        descriptor["unit"],
        tuple(item["key"] for item in descriptor.get("labels", [])),
        body.get("description", ""),
        body.get("bucketOptions") or _DEFAULT_BUCKETS,
    )


def of_descriptor(body: dict[str, Any]) -> Metric:
    """The metric that a stored descriptor states."""
    return Metric(
        body["type"],
        body["metricKind"],
        body["valueType"],
        body.get("unit", "1"),
        tuple(item["key"] for item in body.get("labels", [])),
        body.get("description", ""),
    )


BUILT_IN = {
    metric.type: metric
    for metric in (
        Metric(
            COMPLETED_RUNS,
            "DELTA",
            "INT64",
            labels=("completion_state", "run_cause"),
            description="Number of completed runs per transfer config.",
        ),
        Metric(
            LAST_ROWS,
            "GAUGE",
            "INT64",
            description="Number of records of the last run's job.",
        ),
        Metric(
            QUERY_COUNT,
            "GAUGE",
            "INT64",
            labels=("priority",),
            description="In flight queries.",
        ),
        Metric(
            EXECUTION_TIMES,
            "GAUGE",
            "DISTRIBUTION",
            "s",
            ("priority",),
            "Distribution of execution times for queries.",
        ),
        Metric(SCANNED_BYTES, "DELTA", "INT64", "By", ("priority",), "Scanned bytes."),
        Metric(
            SCANNED_BYTES_BILLED, "DELTA", "INT64", "By", ("priority",), "Scanned bytes billed."
        ),
        Metric(
            STATEMENT_BYTES,
            "DELTA",
            "INT64",
            "By",
            ("priority", "statement_type"),
            "Scanned bytes by statement type.",
        ),
        Metric(
            STATEMENT_BYTES_BILLED,
            "DELTA",
            "INT64",
            "By",
            ("priority", "statement_type"),
            "Scanned bytes billed by statement type.",
        ),
    )
}
