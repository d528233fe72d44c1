"""Statements of tests about tables that ask for a filter over their partitions.

What a test asks is about every row, so it gets a filter that keeps them all. The system's own
statements run as they are: what has no filter of its own is refused, as Google refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bqstack.catalogue.sql_objects import Table

_LEAST = {"DATE": "DATE '0001-01-01'", "TIMESTAMP": "TIMESTAMP '0001-01-01 00:00:00+00'"}
_DEFINITION = re.compile(r"\bCREATE\b[^;]*?\b(PROCEDURE|VIEW|FUNCTION)\b", re.IGNORECASE)


def read_whole(sql: str, tables: Iterable[Table]) -> str:
    """`sql` with a filter for each of the tables that asks for one."""
    if _DEFINITION.search(sql):
        return sql
    for table in tables:
        if table.require_partition_filter and table.name in sql:
            sql = _filtered(sql, table)
    return sql


def _filtered(sql: str, table: Table) -> str:
    assert table.partitioning is not None
    column = table.partitioning["field"]
    [kind] = [field["type"] for field in table.schema if field["name"] == column]
    condition = f"{column} >= {_LEAST[kind]}"
    path = rf"(?P<path>(?:`[^`]+`\.)*{table.name})\b"
    sql = re.sub(
        rf"\bDELETE FROM {path}\s+WHERE\b", rf"DELETE FROM \g<path> WHERE {condition} AND", sql
    )
    sql = re.sub(
        rf"\bUPDATE {path}(?P<set>[^;]*?)\bWHERE\b",
        rf"UPDATE \g<path>\g<set>WHERE {condition} AND",
        sql,
    )
    return re.sub(
        rf"(?<!DELETE )\b(?P<word>FROM|JOIN) {path}(?: AS (?P<alias>\w+))?",
        lambda found: (
            f"{found['word']} (SELECT * FROM {found['path']} WHERE {condition})"
            f" AS {found['alias'] or table.name}"
        ),
        sql,
    )
