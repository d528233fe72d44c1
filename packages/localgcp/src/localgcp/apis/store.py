"""State of the server: one SQLite file, one writer, one transaction per request.

A resource is a JSON document under (kind, name). `private` holds what an API
takes in but never gives out again, such as a channel's secret or the service
account of a transfer config. The write-ahead log makes every committed answer
survive a kill -9.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resource (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    parent TEXT NOT NULL,
    body TEXT NOT NULL,
    private TEXT NOT NULL,
    UNIQUE (kind, name)
) STRICT;
CREATE INDEX IF NOT EXISTS resource_parent ON resource (kind, parent, seq);
CREATE TABLE IF NOT EXISTS log_entry (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TEXT NOT NULL,
    insert_id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (timestamp, insert_id)
) STRICT;
CREATE TABLE IF NOT EXISTS log_placement (
    bucket TEXT NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (bucket, entry)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription TEXT NOT NULL,
    message TEXT NOT NULL,
    lease_until TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS delivery_subscription ON delivery (subscription, seq);
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY,
    metric TEXT NOT NULL,
    labels TEXT NOT NULL,
    resource TEXT NOT NULL,
    UNIQUE (metric, labels, resource)
) STRICT;
CREATE TABLE IF NOT EXISTS sample (
    series INTEGER NOT NULL,
    time INTEGER NOT NULL,
    value REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sample_time ON sample (series, time);
CREATE TABLE IF NOT EXISTS notification (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    incident TEXT NOT NULL,
    state TEXT NOT NULL,
    channel TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
"""


@dataclass
class Resource:
    """One stored document; `seq` is its age and the key of paging."""

    kind: str
    name: str
    parent: str
    body: dict[str, Any]
    private: dict[str, Any] = field(default_factory=dict)
    seq: int = 0


class Store:
    """Access to the file. All reads and writes happen inside `transaction()`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One exclusive transaction: committed at the end, rolled back on any error."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


class Transaction:
    """What a service may do with the state while its request is answered."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.sql = connection

    def get(self, kind: str, name: str) -> Resource | None:
        row = self.sql.execute(
            "SELECT kind, name, parent, body, private, seq FROM resource"
            " WHERE kind = ? AND name = ?",
            (kind, name),
        ).fetchone()
        return _resource(row) if row else None

    def insert(self, resource: Resource) -> None:
        """Add a resource; sqlite3.IntegrityError when the name is taken."""
        cursor = self.sql.execute(
            "INSERT INTO resource (kind, name, parent, body, private) VALUES (?, ?, ?, ?, ?)",
            (
                resource.kind,
                resource.name,
                resource.parent,
                json.dumps(resource.body),
                json.dumps(resource.private),
            ),
        )
        resource.seq = cursor.lastrowid or 0

    def update(self, resource: Resource) -> None:
        """Write back the body and the private part of a resource that exists."""
        self.sql.execute(
            "UPDATE resource SET body = ?, private = ? WHERE kind = ? AND name = ?",
            (
                json.dumps(resource.body),
                json.dumps(resource.private),
                resource.kind,
                resource.name,
            ),
        )

    def delete(self, kind: str, name: str) -> None:
        self.sql.execute("DELETE FROM resource WHERE kind = ? AND name = ?", (kind, name))

    def children(self, kind: str, parent: str, *, newest_first: bool = False) -> list[Resource]:
        """Resources directly below `parent`, oldest first unless told otherwise."""
        rows = self.sql.execute(
            "SELECT kind, name, parent, body, private, seq FROM resource"
            f" WHERE kind = ? AND parent = ? ORDER BY seq {'DESC' if newest_first else 'ASC'}",
            (kind, parent),
        )
        return [_resource(row) for row in rows]

    def all(self, kind: str, *, state: str | None = None) -> list[Resource]:
        """Every resource of a kind, whatever its parent, oldest first; of one state if given."""
        rows = self.sql.execute(
            "SELECT kind, name, parent, body, private, seq FROM resource"
            " WHERE kind = ? AND (? IS NULL OR json_extract(body, '$.state') = ?) ORDER BY seq",
            (kind, state, state),
        )
        return [_resource(row) for row in rows]

    def next_id(self, counter: str) -> int:
        """The next number of a named counter; numbers are never given twice."""
        found = self.get("counter", counter)
        if found is None:
            self.insert(Resource("counter", counter, "", {"value": 1}))
            return 1
        found.body["value"] += 1
        self.update(found)
        return found.body["value"]


def _resource(row: tuple[Any, ...]) -> Resource:
    kind, name, parent, body, private, seq = row
    return Resource(kind, name, parent, json.loads(body), json.loads(private), seq)
