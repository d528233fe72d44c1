"""Proof that a backup can be restored: it is, into a scratch dataset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bqstack.amounts import counted
from eros.cloud.google import Google
from eros.operations.backup import (
    backup_jobs,
    column_fit,
    ledger,
    restore_plan,
    restore_sql,
    restoring,
    scratch,
    statement_size,
)
from eros.operations.backup.backup_record import Backup, TableCopy
from eros.operations.backup.column_fit import Fit
from eros.operations.backup.names import Source
from eros.operations.backup.progress import Progress, quiet
from eros.operations.backup.restore_plan import Rows, TablePlan
from eros.operations.backup.restoring import Comparison

if TYPE_CHECKING:
    from google.cloud import bigquery


def verify(
    google: Google,
    backup: Backup,
    *,
    source: Source = Source.SNAPSHOT,
    tables: Iterable[str] | None = None,
    progress: Progress = quiet,
) -> list[Comparison]:
    """Restore into tables of the backup's own schema and compare with its record.

    The statements are those of a real restore. Partitions do not expire there, so every row
    of the backup counts.
    """
    ledger.require(google)
    copies = restore_plan.copies_of(backup, tables)
    with (
        restore_plan.opened(google, backup, copies, source, progress) as sources,
        scratch.dataset(google) as dataset,
    ):
        planned = [_planned(copy, sources[copy.name]) for copy in copies]
        progress(f"restoring {counted(len(copies), 'table')} into the scratch dataset {dataset}")
        with backup_jobs.refusals(google.settings):
            backup_jobs.side_by_side(
                lambda copy: google.bigquery.create_table(_table(google, dataset, copy)), copies
            )
        pieces = restore_sql.statements(
            google.settings.project, dataset, planned, is_staged=source is Source.EXPORT
        )
        sizes = {table.name: table.size for table in planned}
        for names in statement_size.grouped(pieces):
            script = "\n".join(pieces[name] for name in names)
            backup_jobs.rows(google, script, [sizes[name] for name in names])
        progress("comparing every column with the record of the backup")
        return restoring.compare(google, dataset, planned)


def _planned(copy: TableCopy, rows: Rows) -> TablePlan:
    assert copy.sums is not None
    return TablePlan(
        name=copy.name,
        rows_now=0,
        expected=copy.sums,
        expired=0,
        fit=Fit(copy.schema or (), ()),
        source=rows.table,
        where=rows.every_row,
        size=copy.bytes or 0,
    )


def _table(google: Google, dataset: str, copy: TableCopy) -> bigquery.Table:
    from google.cloud import bigquery

    own = [field for field in copy.schema or () if not column_fit.is_ingestion_time(field)]
    schema = [bigquery.SchemaField.from_api_repr(field) for field in own]
    table = bigquery.Table(f"{google.settings.project}.{dataset}.{copy.name}", schema=schema)
    if len(own) < len(copy.schema or ()):
        # Every start of a partition is the start of an hour, whatever the table's own unit.
        table.time_partitioning = bigquery.TimePartitioning(bigquery.TimePartitioningType.HOUR)
    return table
