"""What a backup is, and its form as JSON: a line of the record and `metadata.json`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from eros.operations.backup.names import Kind, Source, State, snapshot


@dataclass(frozen=True)
class Sums:
    """What the rows of a table come to, whatever their order.

    `columns` has a checksum per column; `row` is one over whole rows, which also sees values
    that changed places within their column.
    """

    rows: int
    columns: dict[str, str]
    row: str


@dataclass(frozen=True)
class TableCopy:
    """A table in a backup.

    `schema` is in the form of BigQuery's TableFieldSchema, `bytes` logical. All but the name
    is unknown (None) in a backup that is incomplete.
    """

    name: str
    bytes: int | None = None
    schema: tuple[dict[str, Any], ...] | None = None
    sums: Sums | None = None
    partition_expiration_ms: int | None = None
    """Lifetime of the live table's partitions; a snapshot has none (docs/backup.md)."""

    @property
    def rows(self) -> int | None:
        """Number of rows."""
        return self.sums.rows if self.sums else None

    def document(self) -> dict[str, Any]:
        """The table as JSON; only of a complete backup."""
        assert self.sums is not None
        return {
            "table": self.name,
            "rows": self.sums.rows,
            "bytes": self.bytes,
            "schema": list(self.schema or ()),
            "checksums": self.sums.columns,
            "rowChecksum": self.sums.row,
            "partitionExpirationMs": self.partition_expiration_ms,
        }

    @classmethod
    def read(cls, document: dict[str, Any]) -> TableCopy:
        """The table from its JSON."""
        return cls(
            name=document["table"],
            bytes=document["bytes"],
            schema=tuple(document["schema"]),
            sums=Sums(document["rows"], dict(document["checksums"]), document["rowChecksum"]),
            partition_expiration_ms=document["partitionExpirationMs"],
        )


@dataclass(frozen=True)
class Backup:
    """Copies of tables, all of the moment `time`."""

    id: str
    kind: Kind | None
    """None when only the snapshots of an interrupted backup are known."""
    time: datetime
    made: datetime
    expires: datetime | None
    tables: tuple[TableCopy, ...]
    stack: str = ""
    version: str = ""
    commit: str = ""
    state: State = State.COMPLETE
    has_snapshots: bool = True
    exported: bool = False
    """Whether the bucket holds a complete copy."""
    warnings: tuple[str, ...] = ()
    """What was odd when it was made."""

    @property
    def rows(self) -> int | None:
        """Rows of all tables."""
        counts = [table.rows for table in self.tables]
        return None if None in counts else sum(n for n in counts if n is not None)

    @property
    def bytes(self) -> int | None:
        """Logical bytes of all tables."""
        sizes = [table.bytes for table in self.tables]
        return None if None in sizes else sum(n for n in sizes if n is not None)

    @property
    def snapshots(self) -> dict[str, str]:
        """Table to the name of its snapshot."""
        return {table.name: snapshot(table.name, self.id) for table in self.tables}

    def is_in(self, source: Source) -> bool:
        """Whether its rows can be read from there."""
        return self.exported if source is Source.EXPORT else self.has_snapshots

    def table(self, name: str) -> TableCopy | None:
        """The copy of this table."""
        return next((table for table in self.tables if table.name == name), None)

    def with_state(self, state: State, **changes: Any) -> Backup:
        """The same backup in another state."""
        return replace(self, state=state, **changes)

    def document(self) -> dict[str, Any]:
        """The content of `metadata.json`."""
        assert self.kind is not None
        assert self.expires is not None
        return {
            "backup": self.id,
            "kind": self.kind.value,
            "time": self.time.isoformat(),
            "made": self.made.isoformat(),
            "expires": self.expires.isoformat(),
            "stack": self.stack,
            "version": self.version,
            "commit": self.commit,
            "tables": [table.document() for table in self.tables],
        }

    @classmethod
    def read(cls, document: dict[str, Any]) -> Backup:
        """The backup from its JSON."""
        return cls(
            id=document["backup"],
            kind=Kind(document["kind"]),
            time=datetime.fromisoformat(document["time"]),
            made=datetime.fromisoformat(document["made"]),
            expires=datetime.fromisoformat(document["expires"]),
            tables=tuple(TableCopy.read(table) for table in document["tables"]),
            stack=document["stack"],
            version=document["version"],
            commit=document["commit"],
        )
