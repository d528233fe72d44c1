"""Rows of the storage API where local-bigquery 0.4.0 leaves Google.

It sends a RANGE under the names of its own that the two bounds have in DuckDB. On Google they are
`start` and `end`, in Arrow and in Avro.
https://cloud.google.com/bigquery/docs/reference/storage#avro_schema_details
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from local_bigquery.engine import types
from local_bigquery.engine.database import quote
from local_bigquery.grpc import read
from local_bigquery.models import TableFieldSchema

_BOUNDS = ("start", "end")
# Kinds of RANGE that the Avro schema of this session has named; the next one refers to the name.
_named: ContextVar[set[str]] = ContextVar("ranges")


def install() -> None:
    """Name the bounds as Google does."""
    read._column = _bounded(read._column)
    read._avro_type = _range_type(read._avro_type)
    read._query = _unnamed(read._query)


def _bounded(column: Callable[..., str]) -> Callable[..., str]:
    def named(name: str, kind: Any, data_format: Any) -> str:
        if not _has_range(kind):
            return column(name, kind, data_format)
        return f"{_with_bounds(quote(name), kind)} AS {quote(name)}"

    return named


def _has_range(kind: Any) -> bool:
    if types._range(kind) is not None:
        return True
    return kind.id in ("list", "array", "struct") and any(
        _has_range(child) for _, child in kind.children if not isinstance(child, int)
    )


def _with_bounds(expression: str, kind: Any, depth: int = 0) -> str:
    if types._range(kind) is not None:
        bounds = zip(_BOUNDS, types.RANGE_FIELDS, strict=True)
        parts = ", ".join(f'"{name}" := {expression}.{own}' for name, own in bounds)
        return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({parts}) END"
    if (element := types._element(kind)) is not None:
        inner = _with_bounds(f"e{depth}", element, depth + 1)
        return f"coalesce(list_transform({expression}, lambda e{depth}: {inner}), [])"
    if kind.id == "struct":
        parts = ", ".join(
            f"{quote(name)} := {_with_bounds(f'{expression}.{quote(name)}', inner, depth)}"
            for name, inner in kind.children
        )
        return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({parts}) END"
    return expression


def _range_type(avro_type: Callable[[TableFieldSchema], Any]) -> Callable[..., Any]:
    def found(field: TableFieldSchema) -> Any:
        if field.type != "RANGE":
            return avro_type(field)
        kind = _range_record(field.rangeElementType.type)
        if field.mode == "REPEATED":
            return {"type": "array", "items": kind}
        return kind if field.mode == "REQUIRED" else ["null", kind]

    return found


def _range_record(element: str) -> Any:
    name, namespace = f"RANGE_{element}", "google.sqlType"
    if name in _named.get():
        return f"{namespace}.{name}"
    _named.get().add(name)
    bound = ["null", read.AVRO_TYPES[element]]
    return {
        "type": "record",
        "namespace": namespace,
        "name": name,
        "sqlType": "RANGE",
        "fields": [{"name": name, "type": bound} for name in _BOUNDS],
    }


def _unnamed(query: Callable[..., Any]) -> Callable[..., Any]:
    """The query of a session, whose schema begins with it."""

    def asked(*arguments: Any) -> Any:
        _named.set(set())
        return query(*arguments)

    return asked
