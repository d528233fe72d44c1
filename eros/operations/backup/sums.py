"""Row counts and order-independent checksums of tables, in one query.

A value is turned to text, hashed by MD5, and the first 60 bits of the hashes are added up: a
sum does not ask for an order and, unlike XOR, sees a row that is there twice. NUMERIC holds
the sum of 10^10 rows. The checksum of rows hashes the hashes of a row's columns
(docs/decisions/012-backups.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bqstack import partition_filter
from eros.cloud.google import Google
from eros.operations.backup import backup_jobs, chosen_tables, column_fit, sight, statement_size
from eros.operations.backup.backup_jobs import literal, quoted
from eros.operations.backup.backup_record import Sums

# TO_JSON_STRING rounds these where a JSON number is a double.
_DECIMALS = frozenset({"NUMERIC", "BIGNUMERIC"})
_HASH = """CREATE TEMP FUNCTION hash60(value STRING) RETURNS NUMERIC AS (
    CAST(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(value)), 1, 15)) AS INT64) AS NUMERIC)
);"""

Schema = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Relation:
    """Rows to sum up: a quoted table, the columns to look at, its size, and a filter in SQL.

    `is_staged` where they were loaded from Parquet.
    """

    table: str
    schema: Schema
    size: int = 0
    where: str | None = None
    is_staged: bool = False


def checksums(
    google: Google, tables: Iterable[str] | None = None, *, at: datetime | None = None
) -> dict[str, Sums]:
    """Sums of live tables, now or `at` a moment within time travel, all of the same moment.

    Columns are those of the table today. Raises UserError for a table that is not there.
    """
    live = chosen_tables.live(google, chosen_tables.chosen(google, tables))
    sight.require(google, live)
    settings = google.settings
    relations = {
        name: Relation(
            quoted(settings.project, settings.dataset, name),
            column_fit.of(table),
            table.num_bytes or 0,
            partition_filter.every_row(table.to_api_repr()),
        )
        for name, table in live.items()
    }
    if at is None and len(_groups(relations, at)) > 1:
        at = backup_jobs.now(google)
    return add_up(google, relations, at=at)


def add_up(
    google: Google, relations: Mapping[str, Relation], *, at: datetime | None = None
) -> dict[str, Sums]:
    """Sums of each relation, by its key."""
    found = {}
    for names in _groups(relations, at):
        group = {name: relations[name] for name in names}
        sizes = [relation.size for relation in group.values()]
        for row in backup_jobs.rows(google, query(group, at=at), sizes):
            schema = group[row.table_name].schema
            found[row.table_name] = _sums(schema, row.row_count, row.checksums)
    return {name: found[name] for name in relations}


def _groups(relations: Mapping[str, Relation], at: datetime | None) -> list[list[str]]:
    """The names of relations that one query can add up."""
    pieces = {name: select(name, relation, at) for name, relation in relations.items()}
    return statement_size.grouped(pieces)


def query(relations: Mapping[str, Relation], *, at: datetime | None = None) -> str:
    """SQL for a row per relation: how many rows, and what each column and whole rows come to."""
    selects = "\nUNION ALL\n".join(
        select(name, relation, at) for name, relation in relations.items()
    )
    return f"{_HASH}\n{selects}"


def select(name: str, relation: Relation, at: datetime | None = None) -> str:
    """The part of `query` for one relation."""
    names = [f"c{n}" for n in range(len(relation.schema))]
    values = [text(field, is_staged=relation.is_staged) for field in relation.schema]
    texts = ", ".join(f"{value} AS {name}" for value, name in zip(values, names, strict=True))
    # JSON and numbers have no line break of their own: rows are as different as their columns.
    # No text is NULL. A thousand texts in CONCAT would be an expression too deep.
    row = "ARRAY_TO_STRING([{}], '\\n')".format(", ".join(names))
    totals = ", ".join(f"IFNULL(SUM(hash60({value})), 0)" for value in (*names, row))
    moment = f" FOR SYSTEM_TIME AS OF {literal(at)}" if at else ""
    where = f" WHERE {relation.where}" if relation.where else ""
    return (
        f"SELECT '{name}' AS table_name, COUNT(*) AS row_count, [{totals}] AS checksums\n"
        f"FROM (SELECT {texts}\nFROM {relation.table} AS {partition_filter.ROW}{moment}{where})"
    )


def text(field: Mapping[str, Any], *, is_staged: bool = False) -> str:
    """SQL that turns a column to text: NULL to nothing, which no value is turned to."""
    column = partition_filter.of_row(column_fit.staged(field) if is_staged else field["name"])
    if is_staged and field["type"] == "JSON":
        return f"IFNULL({column}, '')"
    # The local BigQuery writes a NUMERIC(5, 2) with other zeros than a NUMERIC.
    if field.get("mode") == "REPEATED" and field["type"] in _DECIMALS:
        cast = f"SELECT CAST(one AS {field['type']}) FROM UNNEST({column}) AS one"
        return f"TO_JSON_STRING(ARRAY({cast} WITH OFFSET AS place ORDER BY place))"
    if field.get("mode") == "REPEATED":
        # BigQuery keeps no NULL array.
        return f"TO_JSON_STRING(IFNULL({column}, []))"
    if field["type"] in _DECIMALS:
        return f"IFNULL(CAST(CAST({column} AS {field['type']}) AS STRING), '')"
    # TO_JSON_STRING alone writes null for NULL and for JSON's own null.
    return f"IF({column} IS NULL, '', TO_JSON_STRING({column}))"


def _sums(schema: Schema, rows: int, totals: Sequence[Decimal]) -> Sums:
    """`totals` has one per column, and last that of whole rows."""
    texts = [str(int(total)) for total in totals]
    names = [field["name"] for field in schema]
    return Sums(rows, dict(zip(names, texts[:-1], strict=True)), texts[-1])
