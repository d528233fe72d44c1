"""What the tables know of alerts, and taking one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.cloud import bigquery

from eros.cloud.google import Google

STATUS_COLUMNS = (
    "rule_id",
    "title",
    "severity",
    "state",
    "value",
    "open_limit",
    "is_below",
    "opened_at",
    "escalated_at",
    "acknowledged_by",
)
EVENT_COLUMNS = (
    "event_time",
    "event",
    "rule_id",
    "title",
    "severity",
    "value",
    "open_limit",
    "actor",
)


def status(google: Google) -> list[dict[str, Any]]:
    """Every rule that SQL judges, with its value now, by id."""
    return list(
        _rows(google, f"SELECT {', '.join(STATUS_COLUMNS)} FROM {{}}.alert_status ORDER BY rule_id")
    )


def history(google: Google, days: int) -> list[dict[str, Any]]:
    """Events of the last days, newest first."""
    sql = (
        f"SELECT {', '.join(EVENT_COLUMNS)} FROM {{}}.alert_events"
        " WHERE event_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL @days DAY)"
        " ORDER BY event_time DESC, rule_id, event"
    )
    return list(_rows(google, sql, bigquery.ScalarQueryParameter("days", "INT64", days)))


def acknowledge(google: Google, wanted: str, person: str) -> None:
    """Note that a person takes an alert: a rule, or an alert of a procedure by its name.

    Raises GoogleAPICallError when there is nothing to take.
    """
    parameters = [
        bigquery.ScalarQueryParameter("wanted", "STRING", wanted),
        bigquery.ScalarQueryParameter("person", "STRING", person),
    ]
    list(_rows(google, "CALL {}.acknowledge_alert(@wanted, @person)", *parameters))


def _rows(google: Google, sql: str, *parameters: Any) -> Iterator[dict[str, Any]]:
    config = bigquery.QueryJobConfig(query_parameters=list(parameters))
    dataset = google.settings.dataset_reference
    return (
        dict(row) for row in google.bigquery.query_and_wait(sql.format(dataset), job_config=config)
    )
