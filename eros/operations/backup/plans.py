"""What a restore would do: nothing here changes a row of the system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations.backup import bucket, columns, jobs, scratch, selection
from eros.operations.backup.columns import Fit
from eros.operations.backup.jobs import quoted
from eros.operations.backup.model import Backup, Sums, TableCopy
from eros.operations.backup.names import Source, State
from eros.operations.backup.progress import Progress, quiet
from eros.operations.backup.sums import Relation, add_up

if TYPE_CHECKING:
    from google.cloud import bigquery

# Tables that one transaction of BigQuery may change; one of them records the restore.
_MOST_TABLES = 100 - 1


@dataclass(frozen=True)
class TablePlan:
    """One table: where its rows come from and what they will come to."""

    name: str
    rows_now: int
    expected: Sums
    """The rows to be restored, added up where they are read."""
    expired: int
    """Rows of the backup that are left out, because their partition has ended since."""
    fit: Fit
    source: str
    """The quoted table that is read."""
    where: str | None
    size: int

    @property
    def rows_then(self) -> int:
        """Rows after the restore."""
        return self.expected.rows


@dataclass(frozen=True)
class Plan:
    """A restore that can be carried out while its context is open."""

    backup: Backup
    source: Source
    tables: tuple[TablePlan, ...]

    @property
    def names(self) -> list[str]:
        """The tables to be restored."""
        return [table.name for table in self.tables]

    @property
    def json_is_text(self) -> bool:
        """Whether JSON columns are read as text."""
        return self.source is Source.EXPORT


@contextmanager
def plan(
    google: Google,
    backup: Backup,
    *,
    tables: Iterable[str] | None = None,
    source: Source = Source.SNAPSHOT,
    progress: Progress = quiet,
) -> Iterator[Plan]:
    """Work out a restore; an export is loaded into a scratch dataset for that.

    Raises UserError when the backup cannot be restored, lacks a table, or does not fit into
    the tables as they are declared now.
    """
    copies = copies_of(backup, tables)
    if len(copies) > _MOST_TABLES:
        raise UserError(
            f"a restore changes at most {_MOST_TABLES} tables in one transaction",
            value=len(copies),
            fix="name some with --tables",
        )
    selection.chosen(google, [copy.name for copy in copies])
    with opened(google, backup, copies, source, progress) as sources:
        yield _planned(google, backup, copies, source, sources)


def copies_of(backup: Backup, tables: Iterable[str] | None) -> list[TableCopy]:
    """The named tables of a backup, or all; raises UserError."""
    if backup.state is not State.COMPLETE:
        raise UserError(
            f"the backup is {backup.state}: it cannot be restored",
            value=backup.id,
            fix="eros backup list",
        )
    if tables is None:
        return list(backup.tables)
    copies = []
    for name in sorted(set(tables)):
        copy = backup.table(name)
        if copy is None:
            raise UserError(
                f"the backup {backup.id} has no table of this name",
                value=name,
                fix=f"one of: {', '.join(table.name for table in backup.tables)}",
            )
        copies.append(copy)
    return copies


@contextmanager
def opened(
    google: Google, backup: Backup, copies: list[TableCopy], source: Source, progress: Progress
) -> Iterator[dict[str, str]]:
    """Table to the quoted table that holds its rows, for the time of the context."""
    settings = google.settings
    if source is Source.EXPORT:
        if not backup.exported:
            raise UserError(
                "the backup has no complete export", value=backup.id, fix="eros backup list"
            )
        with scratch.dataset(google) as dataset:
            progress(f"loading {len(copies)} tables from {bucket.uri(google, backup.id)}")
            jobs.side_by_side(
                lambda copy: bucket.load(
                    google, backup, copy, f"{settings.project}.{dataset}.{copy.name}"
                ),
                copies,
            )
            yield {copy.name: quoted(settings.project, dataset, copy.name) for copy in copies}
        return
    if not backup.has_snapshots:
        raise UserError(
            "only the export of this backup is left", value=backup.id, fix="add --from export"
        )
    yield {
        copy.name: quoted(settings.project, settings.backup.dataset, backup.snapshots[copy.name])
        for copy in copies
    }


def _planned(
    google: Google,
    backup: Backup,
    copies: list[TableCopy],
    source: Source,
    sources: dict[str, str],
) -> Plan:
    live = selection.live(google, sources)
    fits = {
        copy.name: columns.fit(copy.name, copy.schema or (), _fields(live[copy.name]))
        for copy in copies
    }
    now = jobs.now(google)
    filters = {
        name: columns.unexpired(table.time_partitioning, now) for name, table in live.items()
    }
    counts = _counts(google, live, sources, filters)
    left_out = {copy.name: (copy.rows or 0) - counts[copy.name][1] for copy in copies}
    # What the backup's record tells need not be read again.
    partly = {
        copy.name: Relation(
            sources[copy.name], copy.schema or (), copy.bytes or 0, filters[copy.name]
        )
        for copy in copies
        if left_out[copy.name]
    }
    sums = add_up(google, partly)
    planned = []
    for copy in copies:
        assert copy.sums is not None
        planned.append(
            TablePlan(
                name=copy.name,
                rows_now=counts[copy.name][0],
                expected=sums.get(copy.name, copy.sums),
                expired=left_out[copy.name],
                fit=fits[copy.name],
                source=sources[copy.name],
                where=filters[copy.name],
                size=copy.bytes or 0,
            )
        )
    return Plan(backup, source, tuple(planned))


def _counts(
    google: Google,
    live: dict[str, bigquery.Table],
    sources: dict[str, str],
    filters: dict[str, str | None],
) -> dict[str, tuple[int, int]]:
    """Rows of the table now, and rows to be restored."""
    settings = google.settings
    parts = []
    for name, source in sources.items():
        where = f" WHERE {filters[name]}" if filters[name] else ""
        table = quoted(settings.project, settings.dataset, name)
        parts.append(
            f"SELECT '{name}' AS table_name, (SELECT COUNT(*) FROM {table}) AS rows_now, "
            f"(SELECT COUNT(*) FROM {source}{where}) AS rows_then"
        )
    sizes = [table.num_bytes or 0 for table in live.values()]
    found = jobs.rows(google, "\nUNION ALL\n".join(parts), sizes)
    return {row.table_name: (row.rows_now, row.rows_then) for row in found}


def _fields(table: bigquery.Table) -> list[dict[str, Any]]:
    return [field.to_api_repr() for field in table.schema]
