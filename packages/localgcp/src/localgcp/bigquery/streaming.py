"""Rows of `tabledata.insertAll` and `tabledata.list` where local-bigquery 0.4.0 leaves Google.

It keeps BYTES within a STRUCT or ARRAY as the base64 text that they came as, calls a table
without columns not found, gives a row NULL in a column that another row of the request names where
the column has a default, and drops a row that names no column.
https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata
https://cloud.google.com/bigquery/docs/default-values#use_the_storage_write_api_rest
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import duckdb
from local_bigquery.catalog import tabledata
from local_bigquery.engine import database, results
from local_bigquery.engine.database import quote

from localgcp.bigquery import conflicts

_BYTES = re.compile(r"\bBLOB\b")


def install() -> None:
    """Put the two operations in place of local-bigquery's own; before `row_access`."""
    list_rows, select = tabledata.list_rows, tabledata._select

    def listed(project_id: str, dataset_id: str, table_id: str, *rest: Any) -> Any:
        table = tabledata.get(project_id, dataset_id, table_id)
        if not (table.schema_ and table.schema_.fields):
            return results.Page([], 0, None), []
        return list_rows(project_id, dataset_id, table_id, *rest)

    def selected(column: str, kind: Any) -> str:
        return decoded(f"r.{column}", kind) if _is_nested(kind) else select(column, kind)

    tabledata._insert = _by_columns(tabledata._insert)
    tabledata.list_rows = listed
    tabledata._select = selected
    tabledata._spec_type = spec_type


Rows = list[tuple[int, dict[str, Any]]]


def _by_columns(insert: Callable[..., list[dict]]) -> Callable[..., list[dict]]:
    """Rows that name the same columns at once, so that each gets the defaults of the others."""

    def inserted(table: str, schema: dict, rows: Rows) -> list[dict]:
        groups: dict[frozenset[str], Rows] = {}
        for row in rows:
            groups.setdefault(frozenset(row[1]), []).append(row)
        bare = groups.pop(frozenset(), [])
        for _ in bare:
            # Each write by itself, so that a lost one repeats no other.
            conflicts.repeated(lambda: database.execute(f"INSERT INTO {table} DEFAULT VALUES"))
        every = list(groups.values())
        if len(every) > 1 and not _has_defaults(table):
            every = [[row for some in every for row in some]]
        return [error for some in every for error in written(table, schema, some)]

    def written(table: str, schema: dict, rows: Rows) -> list[dict]:
        try:
            return conflicts.repeated(lambda: insert(table, schema, rows))
        except duckdb.Error as error:
            # The emulator names the bad row among several, and raises for one alone.
            if len(rows) > 1 or conflicts.is_lost(error):
                raise
            return [{"index": rows[0][0], "errors": [{"reason": "invalid", "message": str(error)}]}]

    return inserted


def _has_defaults(table: str) -> bool:
    return bool(
        database.fetch(f"SELECT 1 FROM (DESCRIBE {table}) WHERE \"default\" <> 'NULL' LIMIT 1")
    )


def spec_type(kind: Any) -> str:
    """The type that JSON is read as: bytes come as text, at any depth."""
    return "VARCHAR" if str(kind) == "JSON" else _BYTES.sub("VARCHAR", str(kind))


def decoded(expression: str, kind: Any, depth: int = 0) -> str:
    """SQL for a value of this DuckDB type read by `spec_type`."""
    if not _BYTES.search(str(kind)):
        return expression
    if kind.id == "list":
        inner = decoded(f"e{depth}", kind.children[0][1], depth + 1)
        return f"list_transform({expression}, lambda e{depth}: {inner})"
    if kind.id == "struct":
        parts = ", ".join(
            f"{quote(name)} := {decoded(f'{expression}.{quote(name)}', inner, depth)}"
            for name, inner in kind.children
        )
        return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({parts}) END"
    return f"from_base64({expression})"


def _is_nested(kind: Any) -> bool:
    return kind.id in ("list", "struct")
