"""Paths that begin with an argument of a function or a variable of a script.

DuckDB takes `argument.field` within a table function for a column of a table, and local-bigquery
0.4.0 knows no path of a variable beyond its first field.
https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#field_access_operator
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local_bigquery.sql import rules
from local_bigquery.sql.rules import parameters, udfs
from sqlglot import exp


def install() -> None:
    """Read these paths before local-bigquery looks at functions and variables."""
    rules.STATEMENT_RULES.insert(rules.STATEMENT_RULES.index(udfs.definition), argument_fields)
    rules.NODE_RULES.insert(rules.NODE_RULES.index(parameters.variable), variable_fields)


def argument_fields(tree: exp.Expr, context: Any) -> exp.Expr:
    """`argument.field` in the body of a function that is created; a table of that name wins."""
    del context
    names = arguments_of(tree)
    body = tree.expression
    if not names or body is None:
        return tree
    names -= {one.alias_or_name.casefold() for one in body.find_all(exp.Table, exp.Subquery)}
    names -= {one.alias_or_name.casefold() for one in body.find_all(exp.CTE, exp.Unnest)}
    for column in list(body.find_all(exp.Column)):
        first, *fields = column.parts
        if fields and first.name.casefold() in names:
            column.replace(_named(column, field_of(exp.column(first.copy()), fields)))
    return tree


def variable_fields(node: exp.Expr, context: Any) -> exp.Expr:
    """`variable.field.field` and deeper."""
    if not isinstance(node, exp.Column) or not node.db:
        return node
    first, *fields = node.parts
    table = context.variables.get(first.name.casefold())
    if table is None:
        return node
    return _named(node, field_of(parameters._read(table), fields))


def arguments_of(tree: exp.Expr) -> set[str]:
    """Names of the arguments of a function that a statement creates."""
    if not isinstance(tree, exp.Create) or tree.args.get("kind") != "FUNCTION":
        return set()
    return {one.name.casefold() for one in tree.this.expressions if isinstance(one, exp.ColumnDef)}


def field_of(value: exp.Expr, fields: Sequence[exp.Expr]) -> exp.Expr:
    """The field of a value at the end of a path."""
    for field in fields:
        if isinstance(field, exp.Star):
            return exp.Dot(this=value, expression=field)
        value = exp.func("struct_extract", value, exp.Literal.string(field.name))
    return value


def _named(column: exp.Column, value: exp.Expr) -> exp.Expr:
    """A column of a result is called by the last name of its path."""
    if isinstance(column.parent, exp.Select) and column.arg_key == "expressions":
        return exp.Alias(this=value, alias=exp.to_identifier(column.name))
    return value
