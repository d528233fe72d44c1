"""Figures of the system before and after a deployment (docs/deploy.md#when-it-goes-back).

Queries that this command runs itself are left out: a deployment must not be judged by its
own checks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from google.api_core.exceptions import NotFound

from eros.cloud.google import Google
from eros.watch import monitor
from eros.watch.monitor_query import Query

# Of jobs between @start and @stop. `{jobs}` rather than the view query_jobs, because slot time
# and scripts are asked for, too.
JOBS = Query(
    "baseline",
    "figures of the queries in a span of time",
    """
WITH jobs AS (
    SELECT parent_job_id, start_time, end_time, total_bytes_billed, total_slot_ms,
        {error_reason} AS error_reason,
        TIMESTAMP_DIFF(end_time, start_time, MILLISECOND) / 1000 AS seconds,
        (SELECT MAX(label.value) FROM UNNEST(labels) AS label WHERE label.key = 'component')
            AS component
    FROM {jobs}
    WHERE creation_time >= @start AND creation_time < @stop
        AND {own_jobs}
        AND job_type = 'QUERY' AND state = 'DONE'
        AND COALESCE(statement_type, '') != 'SCRIPT'
), counted AS (
    SELECT * FROM jobs WHERE COALESCE(component, '') != 'eros_command'
), selections AS (
    SELECT TIMESTAMP_DIFF(MAX(end_time), MIN(start_time), MILLISECOND) AS ms
    FROM counted WHERE component = 'select_captions_for_creator' GROUP BY parent_job_id
)
SELECT COUNT(*) AS queries,
    COUNTIF(component IS NULL) AS plain_queries,
    100 * SAFE_DIVIDE(COUNTIF(error_reason IS NOT NULL), COUNT(*)) AS error_rate_pct,
    AVG(IF(component IS NULL, seconds, NULL)) AS mean_seconds,
    APPROX_QUANTILES(IF(component IS NULL, seconds, NULL), 100)[SAFE_OFFSET(95)] AS p95_seconds,
    SUM(total_slot_ms) / 1000 AS slot_seconds,
    COALESCE(SUM(total_bytes_billed), 0) / POW(2, 40) * @usd_per_tib AS cost_usd,
    (SELECT AVG(ms) FROM selections) AS selection_ms
FROM counted
""",
)
SYSTEM = Query(
    "state",
    "health, integrity and results at this moment",
    """
SELECT health_score,
    (SELECT COUNT(*) FROM {dataset}.corrupt_statistics) AS corrupt_rows,
    (SELECT COUNT(*) FROM {dataset}.integrity_violations) AS integrity_violations,
    (SELECT AVG(CAST(earnings AS FLOAT64)) FROM {dataset}.message_feedback
        WHERE sent_at >= TIMESTAMP_SUB(@stop, INTERVAL 7 DAY) AND sent_at < @stop)
        AS emv_per_message,
    (SELECT 100 * SAFE_DIVIDE(COUNT(DISTINCT caption_id), COUNT(*))
        FROM {dataset}.active_caption_assignments
        WHERE assigned_at >= TIMESTAMP_SUB(@stop, INTERVAL 7 DAY)) AS distribution_pct
FROM {dataset}.current_health
""",
)
ROWS = Query(
    "rows", "rows of the core tables", "SELECT table_name, row_count FROM {dataset}.row_counts"
)


@dataclass(frozen=True)
class Figures:
    """Figures of one span of time; None where nothing was there to measure."""

    start: str
    stop: str
    """ISO 8601, UTC."""
    queries: int = 0
    plain_queries: int = 0
    """Queries of people and other systems: those whose time is compared."""
    error_rate_pct: float | None = None
    mean_seconds: float | None = None
    p95_seconds: float | None = None
    slot_seconds: float | None = None
    cost_usd: float = 0.0
    selection_ms: float | None = None
    """Mean duration of a caption selection in milliseconds."""
    emv_per_message: float | None = None
    distribution_pct: float | None = None
    """Distinct captions in a hundred assignments of seven days."""
    health_score: int | None = None
    corrupt_rows: int = 0
    integrity_violations: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    public: list[str] = field(default_factory=list)
    """Who on the dataset's access list is everybody."""

    @property
    def minutes(self) -> float:
        """Length of the span."""
        span = datetime.fromisoformat(self.stop) - datetime.fromisoformat(self.start)
        return span.total_seconds() / 60

    def document(self) -> dict[str, Any]:
        """The figures as JSON."""
        return asdict(self)


def measure(google: Google, start: datetime, stop: datetime) -> Figures:
    """Figures between two moments, and the state of the system at the second."""
    jobs = _jobs(google, start, stop)
    (system,) = monitor.ask(google, SYSTEM, stop=stop).records()
    rows = dict(monitor.ask(google, ROWS).rows)
    return Figures(
        start=start.isoformat(),
        stop=stop.isoformat(),
        **jobs,
        **system,
        rows=rows,
        public=everybody(google),
    )


def cost(google: Google, start: datetime, stop: datetime) -> float:
    """US dollars of the queries between two moments."""
    return float(_jobs(google, start, stop)["cost_usd"])


def _jobs(google: Google, start: datetime, stop: datetime) -> dict[str, Any]:
    price = google.settings.prices.query_usd_per_tib
    (row,) = monitor.ask(google, JOBS, start=start, stop=stop, usd_per_tib=price).records()
    return row


def everybody(google: Google) -> list[str]:
    """Entries of the dataset's access list that stand for everybody in the world."""
    settings = google.settings
    dataset = google.bigquery.get_dataset(f"{settings.project}.{settings.dataset}")
    open_to = {"allUsers", "allAuthenticatedUsers"}
    return sorted(
        f"{entry.entity_id}: {entry.role}"
        for entry in dataset.access_entries
        if str(entry.entity_id) in open_to
    )


def is_deployed(google: Google) -> bool:
    """Whether there is a system to measure."""
    settings = google.settings
    try:
        google.bigquery.get_table(f"{settings.project}.{settings.dataset}.current_health")
    except NotFound:
        return False
    return True


def yesterday(start: datetime, stop: datetime) -> tuple[datetime, datetime]:
    """The same span a day earlier: the automation runs at fixed times of the day."""
    return start - timedelta(days=1), stop - timedelta(days=1)
