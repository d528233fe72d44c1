"""Columns of what no catalogue lists: a query of WITH, a subquery, a temporary table.

A rule of local-bigquery 0.4.0 sees a statement and no database. The statement's own connection is
put beside it here, so that a rule can ask DuckDB how it understands a source.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query
from local_bigquery.sql import script, translate
from sqlglot import exp

from localgcp.bigquery import unsupported

_PAGE = "docs/fidelity.md"
# A query over a query is asked about while another one is: so deep and no deeper, or the stack of
# Python overflows.
_DEEPEST = 2
# DuckDB's words for `SELECT (SELECT …).*` over a name of an outer query.
_CORRELATED = "UNNEST() for correlated expressions"


def install() -> None:
    """Keep the connection with the context of each statement."""
    initialise = script.Interpreter.__init__

    def initialised(self: Any, cursor: Any, context: Any, *rest: Any) -> None:
        context.cursor = cursor
        initialise(self, cursor, context, *rest)

    script.Interpreter.__init__ = initialised
    query._statement = _explained(query._statement)


def unknown(context: Any, name: str) -> None:
    """Note that the fields of this element could not be found."""
    context.unspread = [*getattr(context, "unspread", []), name]


def columns(source: exp.Expr, select: exp.Select, context: Any) -> dict[str, Any] | None:
    """DuckDB's types by name of a source's columns; None where it cannot be understood alone."""
    cursor = getattr(context, "cursor", None)
    if cursor is None or not isinstance(source, exp.Table | exp.Subquery):
        return None
    tables, alone = _with(source, select), source.copy()
    if tables is None:
        return None
    probe = exp.select("*").from_(alone)
    if tables:
        probe.set("with_", exp.With(expressions=[one.copy() for one in tables]))
    known: dict[str, dict[str, Any] | None] | None = getattr(context, "probed", None)
    key = probe.sql()
    if known is not None and key in known:
        return known[key]
    depth = getattr(context, "probes", 0)
    if depth >= _DEEPEST:
        return None
    used, referenced, position = set(context.used), set(context.referenced), context.position
    context.probes = depth + 1
    try:
        sql, bound = translate.translate(probe, context)
        relation = cursor.sql(sql, params=bound)
        found = dict(zip(relation.columns, relation.types, strict=True))
    except (BigQueryError, duckdb.Error):
        # A correlated subquery, for one; or a mistake, of which the statement itself will tell.
        found = None
    finally:
        context.probes = depth
        context.used.clear()
        context.used.update(used)
        context.referenced.clear()
        context.referenced.update(referenced)
        context.position = position
    if known is not None:
        known[key] = found
    return found


def _with(source: exp.Expr, select: exp.Select) -> list[exp.CTE] | None:
    """The queries of WITH that a source needs, in order; None if one of them needs itself."""
    known: dict[str, exp.CTE] = {}
    above: exp.Expr | None = select
    inside: list[exp.Expr] = []
    while above is not None:
        inside.append(above)
        clause = above.args.get("with_")
        if isinstance(clause, exp.With):
            if clause.args.get("recursive"):
                return None
            for one in clause.expressions:
                if one in inside:
                    # Those after it do not exist yet.
                    break
                known.setdefault(one.alias.casefold(), one)
        above = above.parent
    needed: dict[str, exp.CTE] = {}

    def need(node: exp.Expr) -> None:
        for table in node.find_all(exp.Table):
            name = table.name.casefold()
            if table.db or name not in known or name in needed:
                continue
            one = known.pop(name)
            need(one.this)
            needed[name] = one

    need(source)
    return list(needed.values())


def _explained(statement: Callable[..., Any]) -> Callable[..., Any]:
    """Say of a name that is not found whose fault it may be."""

    def run(cur: Any, tree: exp.Expr, context: Any, *rest: Any) -> Any:
        context.unspread = []
        # Between two statements of a script a temporary table may be made with other columns.
        context.probed = {}
        try:
            return statement(cur, tree, context, *rest)
        except BigQueryError as error:
            if error.message.startswith(_CORRELATED):
                raise unsupported.error(
                    "`.*` of a struct that the query around it decides"
                ) from error
            names = sorted(set(context.unspread))
            if not names or not error.message.startswith("Unrecognized name"):
                raise
            reported = (
                f"{error.message}. The local BigQuery does not know the fields of"
                f" {', '.join(names)} here; if it is one of them, write {names[0]}.field ({_PAGE})."
            )
            raise BigQueryError(error.reason, reported, error.location) from error
        finally:
            context.probed = None

    return run
