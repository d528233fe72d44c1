"""The measurements in the store: series, and samples at their exact times.

Google keeps one point a minute; here the points of a minute are made when they are read, so
that a measurement counts at once. A distribution has one sample for each of its values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..store import Transaction

# Log-based metrics are kept for six weeks: https://cloud.google.com/monitoring/quotas
KEPT_MICROS = 42 * 24 * 3600 * 1_000_000

Labels = dict[str, str]
# Microseconds since 1970 and value.
Sample = tuple[int, float]


@dataclass(frozen=True)
class Stream:
    """One time series as it is stored; `key` finds its samples."""

    key: int
    metric: str
    metric_labels: Labels
    resource: str
    resource_labels: Labels


def add(
    tx: Transaction,
    metric: str,
    metric_labels: Mapping[str, str],
    resource: str,
    resource_labels: Mapping[str, str],
    time: int,
    values: Iterable[float],
) -> None:
    """Store measurements of one moment."""
    labels = json.dumps(metric_labels, sort_keys=True)
    owner = json.dumps([resource, resource_labels], sort_keys=True)
    key = (metric, labels, owner)
    find = "SELECT id FROM series WHERE metric = ? AND labels = ? AND resource = ?"
    found = tx.sql.execute(find, key).fetchone()
    if found is None:
        tx.sql.execute("INSERT INTO series (metric, labels, resource) VALUES (?, ?, ?)", key)
        found = tx.sql.execute(find, key).fetchone()
    tx.sql.executemany(
        "INSERT INTO sample (series, time, value) VALUES (?, ?, ?)",
        [(found[0], time, value) for value in values],
    )


def streams(tx: Transaction, metric: str) -> list[Stream]:
    """All series of a metric."""
    rows = tx.sql.execute(
        "SELECT id, labels, resource FROM series WHERE metric = ? ORDER BY id", (metric,)
    )
    found = []
    for key, labels, owner in rows:
        resource, resource_labels = json.loads(owner)
        found.append(Stream(key, metric, json.loads(labels), resource, resource_labels))
    return found


def read(tx: Transaction, stream: Stream, after: int, until: int) -> list[Sample]:
    """Samples later than `after` and not later than `until`, in their order."""
    return tx.sql.execute(
        "SELECT time, value FROM sample WHERE series = ? AND time > ? AND time <= ?"
        " ORDER BY time, rowid",
        (stream.key, after, until),
    ).fetchall()


def last(tx: Transaction, stream: Stream, until: int) -> int | None:
    """Time of the last sample not later than `until`."""
    (found,) = tx.sql.execute(
        "SELECT MAX(time) FROM sample WHERE series = ? AND time <= ?", (stream.key, until)
    ).fetchone()
    return found


def newest(tx: Transaction) -> int:
    """A number that grows with every sample stored."""
    (found,) = tx.sql.execute("SELECT COALESCE(MAX(rowid), 0) FROM sample").fetchone()
    return found


def forget(tx: Transaction, metric: str) -> None:
    """Delete all samples of a metric that was deleted."""
    tx.sql.execute(
        "DELETE FROM sample WHERE series IN (SELECT id FROM series WHERE metric = ?)", (metric,)
    )
    tx.sql.execute("DELETE FROM series WHERE metric = ?", (metric,))


def prune(tx: Transaction, now: int) -> None:
    """Delete what is older than Google keeps."""
    tx.sql.execute("DELETE FROM sample WHERE time < ?", (now - KEPT_MICROS,))
