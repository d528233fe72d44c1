"""TO_JSON and TO_JSON_STRING of NUMERIC and BIGNUMERIC, without the zeros of the column's type.

local-bigquery 0.4.0 leaves JSON to DuckDB, which writes as many digits as a DECIMAL has: one value
of NUMERIC and of NUMERIC(5, 2) would be two texts. BigQuery's numbers carry no such digits. A whole
row, `TO_JSON_STRING(t)`, keeps them here.
https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from local_bigquery.sql import rules
from local_bigquery.sql.dialect import macro
from local_bigquery.sql.rules import typing
from sqlglot import exp

_DECIMALS = frozenset(typing.DECIMALS)


def install() -> None:
    """Write numbers as they are, after BYTES have become text."""
    position = rules.NODE_RULES.index(typing.json_bytes)
    rules.NODE_RULES.insert(position + 1, json_numbers)


def json_numbers(node: exp.Expr, context: Any) -> exp.Expr:
    """The argument of TO_JSON and TO_JSON_STRING with its numbers as JSON."""
    del context
    if not isinstance(node, exp.Anonymous) or node.name.lower() not in typing.TO_JSON:
        return node
    argument = node.expressions[0] if node.expressions else None
    if argument is None or argument.type is None or not _has_decimal(argument.type):
        return node
    written = _written(argument.copy(), argument.type, itertools.count())
    node.set("expressions", [written, *node.expressions[1:]])
    return node


def _has_decimal(kind: exp.DataType) -> bool:
    return any(one.this in _DECIMALS for one in kind.find_all(exp.DataType))


def _written(value: exp.Expr, kind: exp.DataType, names: Iterator[int]) -> exp.Expr:
    if not _has_decimal(kind):
        return value
    if kind.this in _DECIMALS:
        return macro("_bare_number", value)
    if kind.this == exp.DataType.Type.ARRAY and kind.expressions:
        name = exp.to_identifier(f"d{next(names)}")
        element = _written(exp.column(name.copy()), kind.expressions[0], names)
        return exp.func("list_transform", value, exp.Lambda(this=element, expressions=[name]))
    if kind.this == exp.DataType.Type.STRUCT:
        fields = [
            exp.PropertyEQ(
                this=exp.to_identifier(field.name, quoted=True),
                expression=_written(
                    exp.func("struct_extract", value.copy(), exp.Literal.string(field.name)),
                    field.args["kind"],
                    names,
                ),
            )
            for field in kind.expressions
            if isinstance(field, exp.ColumnDef) and field.name and field.kind
        ]
        if len(fields) < len(kind.expressions):
            return value
        is_null = exp.If(this=value.copy().is_(exp.null()), true=exp.null())
        return exp.Case(ifs=[is_null], default=exp.Struct(expressions=fields))
    return value
