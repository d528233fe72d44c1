"""DIV, EXTRACT, GENERATE_ARRAY and SUM as BigQuery has them, where local-bigquery 0.4.0 differs.

https://cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions#div and
https://cloud.google.com/bigquery/docs/reference/standard-sql/array_functions#generate_array:
a function that becomes an operator in DuckDB lost what holds it together, so that DIV(8 + 8, 3)
was 8 + 8 / 3, and 9 - EXTRACT(DAYOFWEEK FROM day) was two days late; and a variable of a script,
which is a subquery in DuckDB, was refused as a bound of an array. The SUM of INT64 is one, too:
DuckDB's is wider, and functions of INT64 refuse it.
https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions#sum
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError
from local_bigquery.sql import rules
from local_bigquery.sql.dialect import BigQueryDialect, macro
from local_bigquery.sql.rules import datetime
from sqlglot import exp

_MACROS = Path(__file__).parent / "arithmetic.sql"
_Parser = BigQueryDialect.Parser
# What takes an aggregate of DuckDB's own only, no macro.
_NO_MACRO = (exp.Window, exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls, exp.Pivot)


def install() -> None:
    """Teach the parser, and hold together what the rules of dates make of a function."""
    database.FUNCTIONS.append(_MACROS)
    _Parser.FUNCTIONS = {**_Parser.FUNCTIONS, "DIV": _div, "GENERATE_ARRAY": _generate_array}
    datetime._rewrite = _holding(datetime._rewrite)
    rules.NODE_RULES.append(_sum)


def _div(arguments: list[exp.Expr]) -> exp.Expr:
    if len(arguments) != 2:
        raise BigQueryError("invalidQuery", "No matching signature for function DIV")
    left, right = arguments
    # Itself, too: 5 / DIV(7, 2) was 5 / 7 / 2.
    return _held(exp.IntDiv(this=_held(left), expression=_held(right)))


def _held(argument: exp.Expr) -> exp.Expr:
    """The argument in parentheses where an operator beside it could take a part of it."""
    return exp.paren(argument, copy=False) if isinstance(argument, exp.Binary) else argument


def _holding(rewrite: Callable[[exp.Expr], exp.Expr | None]) -> Callable[..., exp.Expr | None]:
    def held(node: exp.Expr) -> exp.Expr | None:
        found = rewrite(node)
        is_new = found is not None and found is not node and not isinstance(node, exp.Binary)
        return _held(found) if is_new and found is not None else found

    return held


def _generate_array(arguments: list[exp.Expr]) -> exp.Expr:
    """A macro whose lambda names no argument, since DuckDB takes no subquery there."""
    return macro("_generate_array", *arguments)


def _sum(node: exp.Expr, context: Any) -> exp.Expr:
    """A macro that DuckDB chooses by the type of what is summed."""
    del context
    if not isinstance(node, exp.Sum) or isinstance(node.this, exp.Distinct):
        return node
    if isinstance(node.parent, _NO_MACRO) or node.find_ancestor(exp.Pivot):
        return node
    return macro("_sum", node.this)
