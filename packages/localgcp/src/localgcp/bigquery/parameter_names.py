"""Query parameters whose names are no plain words: @`total (net)`.

local-bigquery 0.4.0 uses a parameter's name as DuckDB's, which takes letters, digits and
underscores only. Google takes any name in backticks:
https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#query_parameters
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from local_bigquery.errors import BigQueryError
from local_bigquery.models import QueryParameter
from local_bigquery.sql import params, rules
from local_bigquery.sql.rules import parameters
from sqlglot import exp

_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def install() -> None:
    """Give such parameters names that DuckDB takes, in the request and in the text."""
    params.bind = _renaming(params.bind)
    rules.NODE_RULES.insert(rules.NODE_RULES.index(parameters.parameter), renamed)


def renamed(node: exp.Expr, context: Any) -> exp.Expr:
    """The parameter under the name that it is bound by."""
    if not isinstance(node, exp.Parameter) or parameters.system_variable(node):
        return node
    name = _safe(node.name)
    if name == node.name:
        return node
    if name not in context.parameters:
        raise BigQueryError("invalidQuery", f"Query parameter '{node.name}' not found")
    return exp.Parameter(this=exp.Var(this=name))


def _renaming(bind: Callable[[list[QueryParameter]], Any]) -> Callable[..., Any]:
    def bound(given: list[QueryParameter]) -> Any:
        return bind([one.replace(name=_safe(one.name)) if one.name else one for one in given])

    return bound


def _safe(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else f"quoted_{name.encode().hex()}"
