"""How many rows a rollback would bring back, table by table, for the one who decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bqstack import partition_filter
from eros.cloud.google import Google
from eros.operations.backup import Backup, backup_jobs
from eros.operations.backup.backup_jobs import quoted


@dataclass(frozen=True)
class Count:
    """Rows of one table; None where nobody has counted them."""

    table: str
    now: int | None
    """None for a table that is not there now."""
    then: int | None

    @property
    def change(self) -> int | None:
        """Rows that the table would gain, or lose below zero."""
        if self.then is None:
            return None
        return self.then - (self.now or 0)


def compare(
    google: Google, tables: Sequence[str], moment: datetime, backup: Backup | None
) -> tuple[Count, ...]:
    """The tables now and at a moment, in their order; rows of a backup are those it recorded."""
    settings = google.settings
    with backup_jobs.refusals(settings):
        listed = google.bigquery.list_tables(f"{settings.project}.{settings.dataset}")
        present = {table.table_id: table.to_api_repr() for table in listed}
        whole = {
            name: partition_filter.every_row(
                google.bigquery.get_table(_place(google, name)).to_api_repr()
            )
            for name in tables
            # Lists say that a table has partitions, but not of which type.
            if partition_filter.column(present.get(name, {}))
        }
    now = _rows(google, [name for name in tables if name in present], whole, None)
    if backup is None:
        then = _rows(google, tables, whole, moment)
    else:
        then = {copy.name: copy.rows for copy in backup.tables if copy.rows is not None}
    return tuple(Count(name, now.get(name), then.get(name)) for name in tables)


def _place(google: Google, table: str) -> str:
    return f"{google.settings.project}.{google.settings.dataset}.{table}"


def _rows(
    google: Google,
    tables: Sequence[str],
    whole: Mapping[str, str | None],
    moment: datetime | None,
) -> dict[str, int]:
    """Rows of each table at a moment, or at present; `whole` has a filter of those that want one.

    One statement for each: BigQuery refuses one that reads a table at two points in time.
    """
    from google.cloud.bigquery import ScalarQueryParameter

    if not tables:
        return {}
    settings = google.settings
    at = " FOR SYSTEM_TIME AS OF @moment" if moment else ""
    parts = (
        f"SELECT '{name}' AS table_name, COUNT(*) AS n "
        f"FROM {quoted(settings.project, settings.dataset, name)} AS {partition_filter.ROW}{at}"
        + (f" WHERE {condition}" if (condition := whole.get(name)) else "")
        for name in tables
    )
    parameters = [ScalarQueryParameter("moment", "TIMESTAMP", moment)] if moment else []
    found = backup_jobs.rows(google, "\nUNION ALL\n".join(parts), parameters=parameters)
    return {row.table_name: row.n for row in found}
