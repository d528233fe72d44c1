"""What a rollback would lose: rows that exist now and have no place in the earlier state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import Forbidden, NotFound

from bqstack import amounts, partition_filter, row_access
from bqstack.errors import UserError
from bqstack.guard import Action, Change, Detail, Loss
from bqstack.guard.routine_changes import TYPE as ROUTINE
from bqstack.guard.table_changes import TYPE as TABLE
from bqstack.guard.table_changes import holds_rows
from eros.cloud.google import Google


@dataclass(frozen=True)
class Stake:
    """One loss: `name` is what a person has to name to accept it."""

    name: str
    text: str
    rows: int | None
    """Rows that are lost or lose a value; None where they cannot be counted."""

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to lose."""
        return self.rows == 0

    def __str__(self) -> str:
        return f"{self.name}: {self.text}" + (
            "" if self.rows is None else f" ({amounts.counted(self.rows, 'row')})"
        )


def at_stake(google: Google, changes: Iterable[Change]) -> list[Stake]:
    """The losses of these changes, rows counted in BigQuery."""
    found: list[Stake] = []
    for change in changes:
        # A routine that somebody calls otherwise fails until it is put right; no row is lost.
        if change.loss is not Loss.LOSSY or change.type == ROUTINE:
            continue
        if change.action in (Action.DELETE, Action.REPLACE):
            text = "deleted with all its rows"
            rows = _rows(google, change) if _is_table(change) else None
            found.append(Stake(change.name, text if _is_table(change) else "deleted", rows))
        else:
            found += [_of_detail(google, change, detail) for detail in change.lossy]
    return found


def refuse(stakes: Sequence[Stake], named: Iterable[str]) -> None:
    """Raise UserError for losses that nobody named, and for names of no loss."""
    accepted = set(named)
    if unknown := accepted - {stake.name for stake in stakes}:
        raise UserError(
            "nothing with this name would be lost",
            key="--drop",
            value=", ".join(sorted(unknown)),
            fix="leave it out",
        )
    open_ = [stake for stake in stakes if not stake.is_nothing and stake.name not in accepted]
    if open_:
        lines = "".join(f"\n    {stake}" for stake in open_)
        flags = " ".join(f"--drop {stake.name}" for stake in open_)
        raise UserError(
            f"the rollback would lose data that you have not accepted:{lines}",
            fix=f"copy what you need, then add: {flags}",
        )


def _of_detail(google: Google, change: Change, detail: Detail) -> Stake:
    if detail.column and _is_table(change):
        top = detail.column.partition(".")[0]
        rows = _rows(google, change, _holds_value(change, detail.column, top))
        return Stake(f"{change.name}.{detail.column}", detail.text, rows)
    return Stake(change.name, f"{detail.text}: {detail.reason}", None)


def _holds_value(change: Change, column: str, top: str) -> str:
    """SQL condition: a row has something in the column, or in the list that it is part of."""
    fields = {field["name"]: field for field in change.old.get("schema") or []}
    if fields.get(top, {}).get("mode") == "REPEATED":
        return f"ARRAY_LENGTH({partition_filter.of_row(top)}) > 0"
    # Below the first level a list may be on the way; then the outer record counts.
    inner = fields.get(top, {}).get("fields") or []
    flat = all(field.get("mode") != "REPEATED" for field in inner)
    path = column if flat and column.count(".") <= 1 else top
    return partition_filter.of_row(*path.split(".")) + " IS NOT NULL"


def _rows(google: Google, change: Change, condition: str = "TRUE") -> int | None:
    """How many rows; None when BigQuery does not say within the time of a person's patience.

    Nor does it say of a table whose row access policies may hide rows.
    """
    place = [change.old["project"], change.old["datasetId"], change.old["tableId"]]
    table = ".".join(f"`{part}`" for part in place)
    where = partition_filter.both(condition, partition_filter.every_row(change.old))
    try:
        if row_access.hiding(google.bigquery, *place):
            return None
        rows: Any = google.bigquery.query_and_wait(
            f"SELECT COUNT(*) AS n FROM {table} AS {partition_filter.ROW} WHERE {where}",
            wait_timeout=google.settings.limits.interactive_timeout_seconds,
        )
        count: int = next(iter(rows)).n
        return count
    except NotFound:
        return 0  # Deleted behind the stack's back.
    except (Forbidden, TimeoutError):
        return None


def _is_table(change: Change) -> bool:
    return change.type == TABLE and holds_rows(dict(change.old))
