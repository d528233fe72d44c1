"""Whether a backup or restore sees every row: row access policies hide rows without a word.

https://cloud.google.com/bigquery/docs/using-row-level-security-with-features
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from bqstack import row_access
from bqstack.amounts import counted
from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations.backup import backup_jobs
from eros.operations.backup.backup_record import TableCopy

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Rows(Protocol):
    @property
    def table(self) -> str: ...
    @property
    def every_row(self) -> str | None: ...


def require(google: Google, tables: Iterable[str]) -> None:
    """Raise UserError for live tables of which the caller does not see every row."""
    settings = google.settings
    names = sorted(tables)
    with backup_jobs.refusals(settings):
        found = backup_jobs.side_by_side(
            lambda name: row_access.hiding(
                google.bigquery, settings.project, settings.dataset, name
            ),
            names,
        )
    hidden = {name: policies for name, policies in zip(names, found, strict=True) if policies}
    if hidden:
        raise _refusal(google, f"{settings.project}.{settings.dataset}", hidden)


def require_recorded(
    google: Google, copies: Sequence[TableCopy], sources: Mapping[str, _Rows]
) -> None:
    """Raise UserError unless every source shows as many rows as the backup recorded.

    A snapshot keeps the row access policies that its table had.
    """
    if not copies:
        return
    parts = []
    for copy in copies:
        rows = sources[copy.name]
        count = backup_jobs.counting(rows.table, rows.every_row)
        parts.append(f"SELECT '{copy.name}' AS table_name, ({count}) AS row_count")
    sizes = [copy.bytes or 0 for copy in copies]
    found = {
        row.table_name: row.row_count
        for row in backup_jobs.rows(google, "\nUNION ALL\n".join(parts), sizes)
    }
    for copy in copies:
        seen = found[copy.name]
        if seen == copy.rows:
            continue
        project, dataset, table = sources[copy.name].table.replace("`", "").split(".")
        with backup_jobs.refusals(google.settings):
            policies = row_access.hiding(google.bigquery, project, dataset, table)
        if policies:
            raise _refusal(google, f"{project}.{dataset}", {table: policies})
        raise UserError(
            f"the copy of {copy.name} has {counted(seen, 'row')},"
            f" but the backup recorded {copy.rows:,}",
            value=f"{project}.{dataset}.{table}",
            fix="choose another backup: eros backup list",
        )


def _refusal(google: Google, dataset: str, hidden: Mapping[str, Sequence[str]]) -> UserError:
    listed = "; ".join(f"{table}: {', '.join(names)}" for table, names in hidden.items())
    table = next(iter(hidden))
    return UserError(
        f"row access policies may hide rows of {dataset} from you ({listed}); nothing was changed",
        fix="get access to all rows of each: CREATE ROW ACCESS POLICY all_rows ON "
        f"`{dataset}.{table}` GRANT TO ('user:YOU') FILTER USING (TRUE)",
    )
