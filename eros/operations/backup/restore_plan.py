"""What a restore would do: nothing here changes a row of the system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bqstack import partition_filter
from bqstack.amounts import counted
from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations.backup import backup_jobs, bucket, chosen_tables, column_fit, scratch, sight
from eros.operations.backup.backup_jobs import quoted
from eros.operations.backup.backup_record import Backup, Sums, TableCopy
from eros.operations.backup.column_fit import Fit
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
    every_row: str | None = None
    """Condition that is true of every row of the table that is written, if it has partitions."""

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
    def is_staged(self) -> bool:
        """Whether the rows are read as Parquet carries them."""
        return self.source is Source.EXPORT


@dataclass(frozen=True)
class Rows:
    """Where the rows of a copy are: a quoted table, and a condition that is true of them all."""

    table: str
    every_row: str | None = None


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
    chosen_tables.require_there(google, [copy.name for copy in copies])
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
                f"the backup {backup.id} has no table with this name",
                value=name,
                fix=f"one of: {', '.join(table.name for table in backup.tables)}",
            )
        copies.append(copy)
    return copies


@contextmanager
def opened(
    google: Google, backup: Backup, copies: list[TableCopy], source: Source, progress: Progress
) -> Iterator[dict[str, Rows]]:
    """Table to where its rows are, for the time of the context.

    Raises UserError unless all of them can be seen there.
    """
    settings = google.settings
    if source is Source.EXPORT:
        if not backup.exported:
            raise UserError(
                "the backup has no complete export", value=backup.id, fix="eros backup list"
            )
        with scratch.dataset(google) as dataset:
            progress(
                f"loading {counted(len(copies), 'table')} from {bucket.uri(google, backup.id)}"
            )
            backup_jobs.side_by_side(
                lambda copy: bucket.load(
                    google, backup, copy, f"{settings.project}.{dataset}.{copy.name}"
                ),
                copies,
            )
            found = {
                copy.name: Rows(quoted(settings.project, dataset, copy.name)) for copy in copies
            }
            sight.require_recorded(google, copies, found)
            yield found
        return
    if not backup.has_snapshots:
        raise UserError(
            "only the export of this backup is left", value=backup.id, fix="add --from export"
        )
    found = _snapshots(google, backup, copies)
    sight.require_recorded(google, copies, found)
    yield found


def _snapshots(google: Google, backup: Backup, copies: list[TableCopy]) -> dict[str, Rows]:
    settings = google.settings

    def rows(copy: TableCopy) -> Rows:
        parts = (settings.project, settings.backup.dataset, backup.snapshots[copy.name])
        table = google.bigquery.get_table(".".join(parts))
        return Rows(quoted(*parts), partition_filter.every_row(table.to_api_repr()))

    with backup_jobs.refusals(settings):
        found = backup_jobs.side_by_side(rows, copies)
    return {copy.name: one for copy, one in zip(copies, found, strict=True)}


def _planned(
    google: Google,
    backup: Backup,
    copies: list[TableCopy],
    source: Source,
    sources: dict[str, Rows],
) -> Plan:
    live = chosen_tables.live(google, sources)
    sight.require(google, live)
    is_staged = source is Source.EXPORT
    fits = {
        copy.name: column_fit.fit(copy.name, copy.schema or (), column_fit.of(live[copy.name]))
        for copy in copies
    }
    now = backup_jobs.now(google)
    filters = {
        name: partition_filter.both(
            sources[name].every_row,
            column_fit.unexpired(table.time_partitioning, now, is_staged=is_staged),
        )
        for name, table in live.items()
    }
    counts = _counts(google, live, sources, filters)
    left_out = {copy.name: (copy.rows or 0) - counts[copy.name][1] for copy in copies}
    # What the backup's record tells need not be read again.
    partly = {
        copy.name: Relation(
            sources[copy.name].table,
            copy.schema or (),
            copy.bytes or 0,
            filters[copy.name],
            is_staged,
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
                source=sources[copy.name].table,
                where=filters[copy.name],
                size=copy.bytes or 0,
                every_row=partition_filter.every_row(live[copy.name].to_api_repr()),
            )
        )
    return Plan(backup, source, tuple(planned))


def _counts(
    google: Google,
    live: dict[str, bigquery.Table],
    sources: dict[str, Rows],
    filters: dict[str, str | None],
) -> dict[str, tuple[int, int]]:
    """Rows of the table now, and rows to be restored."""
    settings = google.settings
    parts = []
    for name, source in sources.items():
        table = quoted(settings.project, settings.dataset, name)
        now = backup_jobs.counting(table, partition_filter.every_row(live[name].to_api_repr()))
        then = backup_jobs.counting(source.table, filters[name])
        parts.append(f"SELECT '{name}' AS table_name, ({now}) AS rows_now, ({then}) AS rows_then")
    sizes = [table.num_bytes or 0 for table in live.values()]
    found = backup_jobs.rows(google, "\nUNION ALL\n".join(parts), sizes)
    return {row.table_name: (row.rows_now, row.rows_then) for row in found}
