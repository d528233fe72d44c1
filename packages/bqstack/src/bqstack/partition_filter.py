"""A filter that keeps every row of a partitioned table.

A table that requires a partition filter refuses any statement without a predicate that names its
partition column and no other. Who reads the whole table says so: NULL, or from the least value of
the type on. Rows that no partition holds yet have NULL as their ingestion time.
https://cloud.google.com/bigquery/docs/managing-partitioned-tables#require-filter
https://cloud.google.com/bigquery/docs/querying-partitioned-tables

Conditions name their columns behind the alias ROW, which the statement gives to the table: the
bare name of a column that is called like its table means the whole row
(https://cloud.google.com/bigquery/docs/schemas#column_names).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bqstack.unchecked import JsonMapping

ROW = "each_row"
"""Alias that a statement gives to the table or view whose rows a condition is about."""
INGESTION_TIME = "_PARTITIONTIME"
"""Column of a table that is partitioned by the time its rows came in; `SELECT *` leaves it out."""
_LEAST = {
    "DATE": "DATE '0001-01-01'",
    "DATETIME": "DATETIME '0001-01-01 00:00:00'",
    "TIMESTAMP": "TIMESTAMP '0001-01-01 00:00:00+00'",
    # The number itself is one more than INT64 holds, before it gets its sign.
    "INTEGER": "(-9223372036854775807 - 1)",
    "INT64": "(-9223372036854775807 - 1)",
}


def is_by_ingestion(table: JsonMapping) -> bool:
    """Whether a table (a resource of BigQuery's API) is partitioned by ingestion time."""
    partitioning: JsonMapping | None = table.get("timePartitioning")
    return bool(partitioning and not partitioning.get("field"))


def column(table: JsonMapping) -> str | None:
    """The column that partitions follow; None for a table without partitions."""
    if is_by_ingestion(table):
        return INGESTION_TIME
    for key in ("timePartitioning", "rangePartitioning"):
        if partitioning := table.get(key):
            return str(partitioning["field"])
    return None


def every_row(table: JsonMapping) -> str | None:
    """SQL condition that is true of every row; None for a table without partitions.

    `table` is a table of BigQuery's API, or the inputs of one of the provider, whose schema is
    the bare list of columns. It counts for tables that ask for no filter, too: they may by the
    time that the statement runs.
    """
    name = column(table)
    if name is None:
        return None
    return _every_value(name, _type(table, name))


def every_value(columns: Sequence[JsonMapping]) -> str | None:
    """SQL condition that is true of every row of a view with these columns (TableFieldSchema).

    Partitions of what the view reads may follow any column of a fitting type, under any name;
    None when no column has one.
    """
    found = [
        _every_value(column["name"], column["type"])
        for column in columns
        if column["type"] in _LEAST and column.get("mode") != "REPEATED"
    ]
    return both(*found)


def _every_value(name: str, kind: str) -> str:
    own = of_row(name)
    return f"({own} IS NULL OR {own} >= {_LEAST[kind]})"


def of_row(*path: str) -> str:
    """A column, or a field below one, of the table that a statement calls ROW."""
    return ".".join((ROW, *(f"`{part}`" for part in path)))


def both(*conditions: str | None) -> str | None:
    """Those of the conditions that there are, joined by AND; None without any."""
    found = [condition for condition in conditions if condition]
    return " AND ".join(found) or None


def _type(table: JsonMapping, name: str) -> str:
    if name == INGESTION_TIME:
        return "TIMESTAMP"
    schema = table.get("schema") or []
    fields: Sequence[JsonMapping]
    fields = schema.get("fields", []) if isinstance(schema, Mapping) else schema
    kinds = {field["name"].casefold(): field["type"] for field in fields}
    return str(kinds[name.casefold()]).upper()
