"""CAST of a FLOAT64 to STRING, also where only DuckDB knows that it is one: 2.0 is `2`.

local-bigquery 0.4.0 takes the `.0` of DuckDB's text away where the statement itself says the type,
but not of a column behind `(SELECT * FROM t)`, a field, an argument or a variable.
https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions#cast_as_string
"""

from __future__ import annotations

from typing import Any

from local_bigquery.sql import rules
from local_bigquery.sql.dialect import macro
from local_bigquery.sql.rules import strings
from local_bigquery.sql.rules.typing import TEXT, kind
from sqlglot import exp

_known = strings.float_to_string
_UNKNOWN = (None, exp.DataType.Type.UNKNOWN)


def install() -> None:
    """Put this rule in place of local-bigquery's."""
    rules.NODE_RULES[rules.NODE_RULES.index(_known)] = float_to_string


def float_to_string(node: exp.Expr, context: Any) -> exp.Expr:
    """A CAST to STRING, which asks DuckDB for the type where the statement does not say it."""
    if not isinstance(node, exp.Cast) or node.to.this not in TEXT:
        return node
    if kind(node.this) not in _UNKNOWN or node.find(exp.Parameter, exp.Placeholder):
        return _known(node, context)
    if node.this.find(exp.Select) is None:
        return macro("_float_text", node.this.copy(), node)
    # A query is not to run twice for its type.
    value = exp.column("float_text_value")
    text = type(node)(this=value.copy(), to=node.to.copy())
    changed = exp.Lambda(
        this=macro("_float_text", value.copy(), text), expressions=[value.this.copy()]
    )
    listed = exp.Array(expressions=[node.this.copy()])
    return exp.Anonymous(
        this="list_extract",
        expressions=[exp.func("list_transform", listed, changed), exp.Literal.number(1)],
    )
