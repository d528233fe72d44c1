"""Which log buckets keep an entry, and for how long.

The sinks of the project route an entry when it is written: into each bucket of the project whose
sink matches it, once. `_Default` takes every entry. Entries end by the retention that their bucket
has today, on the local clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from . import logfilter
from .clock import parse_rfc3339, sortable
from .store import Resource, Transaction

BUCKET = "logging.projects.locations.buckets"
SINK = "logging.projects.sinks"
DEFAULT_RETENTION_DAYS = 30
DELETED = "DELETE_REQUESTED"
# https://cloud.google.com/logging/docs/buckets#delete-bucket
_DELETED_DAYS = 7
_TO_BUCKET = "logging.googleapis.com/"


def place(tx: Transaction, entry: dict[str, Any], seq: int) -> None:
    """Put the entry with this number into the buckets of the sinks that match it."""
    for sink in tx.all(SINK):
        bucket = sink.body["destination"].removeprefix(_TO_BUCKET)
        if bucket == sink.body["destination"] or not _takes(sink.body, entry):
            continue
        found = tx.get(BUCKET, bucket)
        if found is None or found.body["lifecycleState"] == DELETED:
            continue
        tx.sql.execute("INSERT OR IGNORE INTO log_placement VALUES (?, ?)", (bucket, seq))


def _takes(sink: dict[str, Any], entry: dict[str, Any]) -> bool:
    if sink.get("disabled") or not logfilter.parse(sink.get("filter", ""))(entry):
        return False
    exclusions = (one for one in sink.get("exclusions", []) if not one.get("disabled"))
    return not any(logfilter.parse(one["filter"])(entry) for one in exclusions)


def holds_entries(tx: Transaction, bucket: str) -> bool:
    """Whether anything is in the bucket."""
    row = tx.sql.execute("SELECT 1 FROM log_placement WHERE bucket = ? LIMIT 1", (bucket,))
    return row.fetchone() is not None


def oldest(tx: Transaction, bucket: str, now: datetime) -> str:
    """The time from which on the bucket keeps entries, as the table has it."""
    found = tx.get(BUCKET, bucket)
    days = found.body["retentionDays"] if found else DEFAULT_RETENTION_DAYS
    return sortable(now - timedelta(days=days))


def prune(tx: Transaction, now: datetime) -> None:
    """Delete what no bucket keeps any longer, and buckets whose days after deletion are over."""
    default = ""
    for bucket in tx.all(BUCKET):
        if bucket.name.endswith("/_Default"):
            default = bucket.name
        elif _is_gone(bucket, now):
            tx.sql.execute("DELETE FROM log_placement WHERE bucket = ?", (bucket.name,))
            tx.delete(BUCKET, bucket.name)
        else:
            tx.sql.execute(
                "DELETE FROM log_placement WHERE bucket = ? AND entry IN"
                " (SELECT seq FROM log_entry WHERE timestamp < ?)",
                (bucket.name, oldest(tx, bucket.name, now)),
            )
    tx.sql.execute(
        "DELETE FROM log_entry WHERE timestamp < ?"
        " AND seq NOT IN (SELECT entry FROM log_placement)",
        (oldest(tx, default, now),),
    )


def _is_gone(bucket: Resource, now: datetime) -> bool:
    if bucket.body["lifecycleState"] != DELETED:
        return False
    return now - parse_rfc3339(bucket.body["updateTime"]) > timedelta(days=_DELETED_DAYS)
