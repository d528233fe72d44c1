"""The monitoring queries (docs/requirements.md): what there is to ask, and asking it.

The first ten and most others are views, so that dashboards, alerts and the
command read the same text. Only what needs an argument or a look at the job list stands here.
The deployment report compares the days after a deployment with as many days before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from bqstack.catalogue.sql_objects import TABLE_KINDS
from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.project.project import Project
from eros.watch.deployment_sections import SECTIONS
from eros.watch.monitor_query import Answer, Query

_MILLISECONDS_PER_DAY = 86_400_000


def _view(number: int | None, name: str, title: str, order: str) -> Query:
    return Query(name, title, f"SELECT * FROM {{dataset}}.{name} ORDER BY {order}", number)


QUERIES = (
    _view(1, "daily_automation_status", "daily automation runs, 7 days", "run_date DESC"),
    _view(
        2,
        "performance_feedback_health",
        "age of learned figures by page",
        "hours_since_update DESC, page_name",
    ),
    _view(3, "lock_cleanup_efficiency", "lock sweeps by day, 7 days", "sweep_date DESC"),
    _view(4, "active_lock_status", "locks by page", "active_locks DESC, page_name"),
    _view(
        5,
        "creator_failure_analysis",
        "pages whose analysis failed, 7 days",
        "failures DESC, page_name",
    ),
    _view(
        6,
        "alerts_summary",
        "alerts by level and name, 7 days",
        "alert_level, latest_alert_time DESC",
    ),
    _view(7, "system_health_scorecard", "pass or fail for every component", "place"),
    _view(
        8, "execution_time_trends", "durations by day and job, 30 days", "run_date DESC, job_name"
    ),
    _view(9, "stale_data_detection", "pages with outdated figures", "hours_stale DESC, page_name"),
    _view(10, "queue_status", "requests by day and status", "execution_date DESC, status"),
    Query(
        "etl_job_runs",
        "the ten newest runs of all procedures, 30 days",
        "SELECT * FROM {dataset}.etl_job_runs "
        "WHERE job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY) "
        "ORDER BY job_start_time DESC LIMIT 10",
    ),
    _view(None, "open_alerts", "unacknowledged warnings and critical findings", "alert_time DESC"),
    _view(None, "export_report", "exports by day and status", "export_date DESC, status"),
    Query(
        "holidays",
        "holidays of this year and next",
        "SELECT * FROM {dataset}.holiday_calendar "
        "WHERE EXTRACT(YEAR FROM holiday_date) - EXTRACT(YEAR FROM CURRENT_DATE()) IN (0, 1) "
        "ORDER BY holiday_date, holiday_name",
    ),
    _view(None, "row_counts", "rows of the three core tables", "table_name"),
    Query(
        "corruption",
        "the first ten corrupt rows of caption_bandit_stats",
        "SELECT * FROM {dataset}.corrupt_statistics ORDER BY page_name, caption_id LIMIT 10",
    ),
    Query(
        "integrity_violations",
        "rows that violate keys",
        "SELECT * FROM {dataset}.integrity_violations ORDER BY violation, page_name, item",
        totals="SELECT violation, COUNT(*) AS violations, COUNT(DISTINCT page_name) AS pages "
        "FROM {dataset}.integrity_violations GROUP BY violation ORDER BY violation",
    ),
    Query(
        "service_levels",
        "30-day availability and time to recovery, against their targets",
        """
WITH checks AS (
    SELECT COUNTIF(status != 'CRITICAL') AS good, COUNT(*) AS made,
        -- Until now, for checks that have stopped; one takes a minute at most.
        DIV(TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MIN(check_timestamp), MINUTE) - 1, 5) + 1 AS due
    FROM {dataset}.health_checks
    WHERE check_timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY)
), told AS (
    SELECT incident_id, MIN(IF(event = 'OPENED', event_time, NULL)) AS opened,
        MIN(IF(event = 'RESOLVED', event_time, NULL)) AS resolved
    FROM {dataset}.alert_events
    WHERE event_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 365 DAY)
        AND severity = 'CRITICAL'
    GROUP BY incident_id
), incidents AS (
    -- One that is open counts with what it has lasted so far.
    SELECT is_open,
        TIMESTAMP_DIFF(COALESCE(resolved, CURRENT_TIMESTAMP()), opened, SECOND) / 60 AS minutes
    FROM (
        SELECT told.*, told.resolved IS NULL AND states.incident_id IS NOT NULL AS is_open
        FROM told
        LEFT JOIN {dataset}.alert_states AS states ON told.incident_id = states.incident_id
    )
    WHERE is_open OR resolved >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY)
), figures AS (
    -- A check that was not made counts as one that found the system down.
    SELECT 1 AS place, 'availability' AS figure,
        100 * SAFE_DIVIDE(good, GREATEST(made, due)) AS value, '%, above 99.9' AS target,
        100 * SAFE_DIVIDE(good, GREATEST(made, due)) > 99.9 AS is_met
    FROM checks
    UNION ALL
    SELECT 2, 'time to recovery', AVG(minutes), 'minutes, below 30', AVG(minutes) < 30
    FROM incidents
    UNION ALL
    SELECT 3, 'longest recovery', MAX(minutes), 'minutes', CAST(NULL AS BOOL) FROM incidents
    UNION ALL
    SELECT 4, 'not recovered yet', COUNTIF(is_open), 'critical alerts, 0', COUNTIF(is_open) = 0
    FROM incidents
)
SELECT figure, ROUND(value, 2) AS value, target,
    CASE WHEN is_met IS NULL THEN '' WHEN is_met THEN 'PASS' ELSE 'FAIL' END AS status
FROM figures ORDER BY place
""",
    ),
    Query(
        "recent_jobs",
        "the last 50 jobs of all users",
        "SELECT creation_time, user_email, job_id, job_type, statement_type, state, "
        "TIMESTAMP_DIFF(end_time, start_time, MILLISECOND) / 1000 AS seconds, total_bytes_billed, "
        "error_result.reason AS error FROM {jobs} "
        "WHERE {own_jobs} AND creation_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY) "
        "ORDER BY creation_time DESC LIMIT 50",
    ),
    Query(
        "failed_jobs",
        "the last 50 jobs that failed",
        "SELECT creation_time, user_email, job_id, job_type, statement_type, "
        "error_result.reason AS error, error_result.message AS message FROM {jobs} "
        "WHERE {own_jobs} AND creation_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY) "
        "AND error_result.reason IS NOT NULL ORDER BY creation_time DESC LIMIT 50",
    ),
)
# Asked otherwise than by one statement.
REPORT = "deployment"
PARTITIONS = "partitions"


def find(name: str) -> Query:
    """The query of this name, or of this number in the list of ten; raises UserError."""
    for query in QUERIES:
        if name in (query.name, str(query.number)):
            return query
    known = [*(query.name for query in QUERIES), PARTITIONS, REPORT]
    close = get_close_matches(name, known, n=1)
    raise UserError(
        "there is no monitoring query with this name",
        value=name,
        fix=f"did you mean {close[0]!r}?" if close else "eros monitor lists them",
    )


def ask(google: Google, query: Query, **parameters: Any) -> Answer:
    """What one query answers. Parameters: datetime, int and float, given by name.

    Raises UserError when the answer does not come in time.
    """
    from google.cloud import bigquery

    settings = google.settings
    kinds = {datetime: "TIMESTAMP", int: "INT64", float: "FLOAT64"}
    config = bigquery.QueryJobConfig(
        query_parameters=[
            bigquery.ScalarQueryParameter(name, kinds[type(value)], value)
            for name, value in parameters.items()
        ]
    )
    sql = query.sql.format(
        dataset=settings.dataset_reference,
        jobs=settings.jobs_view,
        error_reason=settings.error_reason,
        own_jobs=settings.own_jobs,
    )
    seconds = settings.limits.interactive_timeout_seconds
    try:
        rows = google.bigquery.query_and_wait(sql, job_config=config, wait_timeout=seconds)
    except TimeoutError:
        raise UserError(
            f"{query.name}: no answer within {seconds} s",
            fix="eros:limits.interactiveTimeoutSeconds in the stack file sets how long to wait",
        ) from None
    return Answer(tuple(field.name for field in rows.schema), [row.values() for row in rows])


def ask_with_totals(google: Google, query: Query) -> tuple[Answer, Answer | None]:
    """What one query answers, and its totals where it has any, asked at the same time."""
    if not query.totals:
        return ask(google, query), None
    totals = Query(f"totals of {query.name}", query.title, query.totals)
    questions = [lambda: ask(google, query), lambda: ask(google, totals)]
    answer, summary = _side_by_side(google, questions)
    return answer, summary


def _side_by_side(google: Google, questions: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """The answers in the order of the questions, all asked at once; the first error is raised."""
    # Made before the threads, each of which would make a client of its own.
    _ = google.bigquery
    with ThreadPoolExecutor(len(questions), thread_name_prefix="monitor") as pool:
        return [future.result() for future in [pool.submit(ask_one) for ask_one in questions]]


def partitions(google: Google) -> Answer:
    """Partitioning of every table, and how many days it keeps a partition (None: forever).

    Read from the tables themselves: the PARTITIONS view has no such column (C-27).
    """
    settings = google.settings
    rows = []
    for item in Project(settings, google.root).sql:
        if item.kind not in TABLE_KINDS:
            continue
        name = f"{settings.project}.{settings.dataset}.{item.name}"
        layout = google.bigquery.get_table(name).time_partitioning
        kept = layout.expiration_ms if layout else None
        rows.append(
            (
                item.name,
                layout.type_ if layout else None,
                layout.field if layout else None,
                kept / _MILLISECONDS_PER_DAY if kept else None,
            )
        )
    return Answer(("table_name", "partitioned_by", "field", "expiration_days"), sorted(rows))


def deployment_report(google: Google, deployed_at: datetime, days: int) -> Answer:
    """The five sections as rows of one form.

    `change_pct` is None where there is nothing to compare with.
    """
    price = google.settings.prices.query_usd_per_tib
    parameters = {"deployed_at": deployed_at, "days": days, "usd_per_tib": price}

    def asked(section: Query) -> Callable[[], Answer]:
        used = {name: value for name, value in parameters.items() if f"@{name}" in section.sql}
        return lambda: ask(google, section, **used)

    rows = []
    answers = _side_by_side(google, [asked(section) for section in SECTIONS])
    for section, answer in zip(SECTIONS, answers, strict=True):
        for row in answer.records():
            before, after = row["value_before"], row["value"]
            change = change_pct(before, after)
            rows.append((section.name, row["item"], after, before, change, row["status"]))
    return Answer(("section", "item", "value", "value_before", "change_pct", "status"), rows)


def change_pct(before: float | None, after: float | None) -> float | None:
    """Change in percent of the earlier value; None without one, or when it is 0."""
    if before is None or after is None or before == 0:
        return None
    return round(100 * (after - before) / before, 2)
