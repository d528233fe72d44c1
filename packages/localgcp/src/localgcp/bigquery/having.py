"""HAVING over the alias of an aggregate and over an argument of a table function.

DuckDB knows such an alias, but not its fields, and a script's variable of the same name wins in
local-bigquery 0.4.0. On Google names of the query come first. An argument is a column that is not
grouped for DuckDB.
https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#having_clause
"""

from __future__ import annotations

from typing import Any

from local_bigquery.sql import rules
from sqlglot import exp

from localgcp.bigquery.field_paths import arguments_of, field_of

# Evaluated once on Google: what stands for them twice would differ.
_VOLATILE = (exp.Rand, exp.Uuid)


def install() -> None:
    """Put the expressions in place before anything else is looked at."""
    rules.STATEMENT_RULES.insert(0, having)


def having(tree: exp.Expr, context: Any) -> exp.Expr:
    """Each alias of an aggregate in HAVING becomes what it stands for."""
    del context
    for select in tree.find_all(exp.Select):
        clause = select.args.get("having")
        if not isinstance(clause, exp.Having):
            continue
        aliases = _aggregates(select)
        for column in list(clause.find_all(exp.Column)):
            first, *fields = column.parts
            value = aliases.get(first.name.casefold())
            if value is not None and _is_of(column, clause):
                column.replace(field_of(exp.paren(value.copy(), copy=False), fields))
    arguments = arguments_of(tree)
    for clause in list(tree.find_all(exp.Having)) if arguments else ():
        for column in list(clause.find_all(exp.Column)):
            if not column.table and column.name.casefold() in arguments:
                column.replace(exp.Subquery(this=exp.Select(expressions=[column.copy()])))
    return tree


def _aggregates(select: exp.Select) -> dict[str, exp.Expr]:
    return {
        one.alias.casefold(): one.this
        for one in select.expressions
        if isinstance(one, exp.Alias)
        and one.this.find(exp.AggFunc)
        and not one.this.find(exp.Select, exp.Window, *_VOLATILE)
    }


def _is_of(column: exp.Column, clause: exp.Expr) -> bool:
    """Whether it stands in this HAVING itself: within an aggregate names are those of FROM."""
    return column.find_ancestor(exp.Having, exp.AggFunc, exp.Select) is clause
