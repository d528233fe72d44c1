"""Routines as resources of BigQuery's API, where local-bigquery 0.4.0 leaves Google.

It notes a function that DDL makes as a table, too, so that `tables.list` shows it, gives what
RETURNS TABLE promises as a scalar type, and keeps a procedure's block without its BEGIN and END, so
that its exception handler belongs to nothing.
https://cloud.google.com/bigquery/docs/reference/rest/v2/routines#Routine
"""

from __future__ import annotations

from typing import Any

from local_bigquery.catalog import ddl as catalog_ddl
from local_bigquery.catalog import metadata, names, routines
from local_bigquery.models import Routine
from local_bigquery.sql import script
from sqlglot import exp


def install() -> None:
    """Put the operations in place of local-bigquery's own."""
    apply, record = catalog_ddl.apply, routines.record
    procedure = script.Parser.procedure

    def whole(parser: script.Parser) -> script.Statement:
        statement = procedure(parser)
        statement.text = f"BEGIN\n{statement.text}\nEND"
        return statement

    def applied(tree: exp.Expr, *rest: Any) -> None:
        if tree.args.get("kind") != "FUNCTION":
            apply(tree, *rest)

    def recorded(tree: exp.Expr, project_id: str, dataset_id: str | None) -> None:
        columns = _columns(tree)
        if columns is None:
            record(tree, project_id, dataset_id)
            return
        bare = tree.copy()
        for returns in list(bare.find_all(exp.ReturnsProperty)):
            returns.pop()
        record(bare, project_id, dataset_id)
        path = names.reference(tree.find(exp.Table), project_id, dataset_id)
        if (stored := routines.load(*path)) is not None:
            metadata.save(stored.merged(Routine.model_validate(columns)), *path)

    script.Parser.procedure = whole
    catalog_ddl.apply = applied
    routines.record = recorded


def _columns(tree: exp.Expr) -> dict[str, Any] | None:
    """The result of a table function that says its columns."""
    returns = tree.find(exp.ReturnsProperty) if isinstance(tree, exp.Create) else None
    if returns is None or not returns.args.get("is_table"):
        return None
    columns = [
        {"name": one.name, "type": routines.data_type(one.kind).dump()}
        for one in returns.this.expressions
    ]
    return {"returnTableType": {"columns": columns}}
