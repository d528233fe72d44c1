"""Defaults of columns: literals, and the few functions that BigQuery takes there.

https://cloud.google.com/bigquery/docs/default-values#default_value_expression
"""

from __future__ import annotations

from collections.abc import Iterator

from bqstack.analysis.statement_checks import Problem, start_of
from bqstack.analysis.tree import Node
from bqstack.analysis.unique_keys import function_name

_TAKEN = frozenset(
    {
        *("current_date", "current_datetime", "current_time", "current_timestamp"),
        *("generate_uuid", "rand", "session_user", "st_geogpoint"),
    }
)
# How the analyser writes literals of arrays, intervals, ranges and numbers below zero.
_LITERALS = frozenset({"$make_array", "$interval", "$unary_minus", "range"})


def check(statement: Node) -> Iterator[Problem]:
    """Every default of a CREATE TABLE that BigQuery does not take."""
    if statement.kind != "ResolvedCreateTableStmt":
        return
    for column in statement.get("column_definition_list"):
        default = column.get("default_value")
        if default is None:
            continue
        name, expression = column.get("name"), default.get("expression")
        for call in expression.find("ResolvedFunctionCall"):
            called = (function_name(call) or "").removeprefix("google:")
            if called not in _TAKEN | _LITERALS:
                word = called.removeprefix("$").removeprefix("udf:").upper()
                taken = ", ".join(sorted(_TAKEN)).upper()
                message = f"the default of {name} has {word}; it may have literals, {taken}"
                yield Problem("semantics", message, start_of(call) or start_of(column))
                break
        annotations = column.get("annotations")
        if annotations is not None and annotations.get("not_null") and _is_null(expression):
            message = f"the default of {name} is NULL, and the column NOT NULL"
            yield Problem("semantics", message, start_of(expression) or start_of(column))


def _is_null(expression: Node) -> bool:
    if expression.kind == "ResolvedCast":
        return _is_null(expression.get("expr"))
    if expression.kind != "ResolvedLiteral":
        return False
    return not expression.get("value").value.ListFields()
