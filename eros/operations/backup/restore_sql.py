"""The statements that put rows back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bqstack import partition_filter
from bqstack.errors import UserError
from eros.operations.backup import column_fit, statement_size, sums
from eros.operations.backup.backup_jobs import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.cloud import bigquery

    from eros.operations.backup.restore_plan import TablePlan


def statement(
    target: str,
    source: str,
    fields: Sequence[column_fit.Field],
    where: str | None = None,
    *,
    is_staged: bool = False,
) -> str:
    """SQL that replaces the rows of one table; both tables are quoted."""
    into = ", ".join(quoted(field["name"]) for field in fields)
    values = column_fit.expressions(fields, is_staged=is_staged)
    condition = f"\nWHERE {where}" if where else ""
    return (
        f"TRUNCATE TABLE {target};\n"
        f"INSERT INTO {target} ({into})\nSELECT {values}\n"
        f"FROM {source} AS {partition_filter.ROW}{condition};"
    )


def statements(
    project: str, dataset: str, tables: Sequence[TablePlan], *, is_staged: bool
) -> dict[str, str]:
    """SQL that replaces the rows of each of these tables of `dataset`, by its name."""
    return {
        table.name: statement(
            quoted(project, dataset, table.name),
            table.source,
            table.fit.restored,
            table.where,
            is_staged=is_staged,
        )
        for table in tables
    }


def require_possible(tables: Mapping[str, bigquery.Table]) -> None:
    """Raise UserError for a table whose copy could not be compared or restored: too many columns.

    Its statements would be longer than BigQuery takes.
    """
    for name, table in tables.items():
        fields = column_fit.of(table)
        if not fields:
            raise UserError(
                f"{name} has no columns, so there is nothing to copy; nothing was changed",
                fix="give it a schema, or name the other tables with --tables",
            )
        target = quoted(table.project, table.dataset_id, name)
        condition = partition_filter.every_row(table.to_api_repr())
        relation = sums.Relation(target, fields, where=condition, is_staged=True)
        back = statement(target, target, fields, condition, is_staged=True)
        if not all(statement_size.fits([one]) for one in (back, sums.select(name, relation))):
            raise UserError(
                f"{name} has {len(fields):,} columns: the statements that copy and compare them"
                " would be longer than BigQuery takes (1 MB); nothing was changed",
                fix="copy the table by hand (CREATE SNAPSHOT TABLE), or split it",
            )


def require_one(pieces: Mapping[str, str]) -> None:
    """Raise UserError unless one transaction can replace the rows of all these tables."""
    if not statement_size.fits(pieces.values()):
        widest = max(pieces, key=lambda name: len(pieces[name]))
        raise UserError(
            f"the statements that restore {len(pieces)} tables at once are longer than BigQuery"
            " takes (1 MB); nothing was changed",
            value=f"{widest} has the most columns",
            fix="restore some at a time: --tables",
        )
