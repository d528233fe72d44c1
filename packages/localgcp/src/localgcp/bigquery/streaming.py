"""Rows of `tabledata.insertAll` and `tabledata.list` where local-bigquery 0.4.0 leaves Google.

It keeps BYTES within a STRUCT or ARRAY as the base64 text that they came as, and calls a table
without columns not found. https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata
"""

from __future__ import annotations

import re
from typing import Any

from local_bigquery.catalog import tabledata
from local_bigquery.engine import results
from local_bigquery.engine.database import quote

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

    tabledata.list_rows = listed
    tabledata._select = selected
    tabledata._spec_type = spec_type


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
