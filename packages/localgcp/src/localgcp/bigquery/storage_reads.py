"""Rows of the storage API where local-bigquery 0.4.0 leaves Google.

It sends a RANGE under the names of its own that the two bounds have in DuckDB; on Google they are
`start` and `end`, in Arrow and in Avro. And it reads what a table has now when the session asks for
an earlier moment (`snapshot_time`).
https://cloud.google.com/bigquery/docs/reference/storage#avro_schema_details
https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1#tablemodifiers
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from google.cloud.bigquery_storage_v1 import types as messages
from local_bigquery.engine import types
from local_bigquery.engine.database import quote
from local_bigquery.grpc import read, server
from local_bigquery.models import TableFieldSchema

_BOUNDS = ("start", "end")
# Kinds of RANGE that the Avro schema of this session has named; the next one refers to the name.
_named: ContextVar[set[str]] = ContextVar("ranges")
# The moment that this session asks for.
_moment: ContextVar[datetime | None] = ContextVar("moment", default=None)
_SERVICE = "google.cloud.bigquery.storage.v1.BigQueryRead"


def install() -> None:
    """Name the bounds as Google does, and look at the moment."""
    read._column = _bounded(read._column)
    read._avro_type = _range_type(read._avro_type)
    read._query = _unnamed(read._query)
    read.parse = _as_of(read.parse)
    server.SERVICES[_SERVICE]["CreateReadSession"] = server._unary(
        _session, messages.CreateReadSessionRequest, messages.ReadSession
    )


def _session(request: Any) -> Any:
    modifiers = request.read_session.table_modifiers
    token = _moment.set(modifiers.snapshot_time if modifiers else None)
    try:
        return read.create_session(request)
    finally:
        _moment.reset(token)


def _as_of(parse: Callable[[str], list[Any]]) -> Callable[[str], list[Any]]:
    """The query of a session, whose one table is the first name in backticks."""

    def parsed(sql: str) -> list[Any]:
        if (moment := _moment.get()) is not None:
            head, table, rest = sql.split("`", 2)
            text = f"FOR SYSTEM_TIME AS OF TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}+00'"
            sql = f"{head}`{table}` {text}{rest}"
        return parse(sql)

    return parsed


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
