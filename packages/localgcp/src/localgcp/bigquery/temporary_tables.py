"""DDL over a script's temporary tables.

local-bigquery 0.4.0 looks for every table of CREATE, ALTER and DROP in the dataset: ALTER of a
temporary table does not find it, DROP IF EXISTS leaves it, and DROP forgets what is known of a
permanent table of the same name.
https://cloud.google.com/bigquery/docs/multi-statement-queries#temporary_tables
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_bigquery.catalog import ddl, names
from local_bigquery.jobs import query
from local_bigquery.models import JobStatistics2
from sqlglot import exp

_KNOWN = "names of temporary tables"
_SESSION = "_session"


def install() -> None:
    """Keep what is said of a temporary table from the dataset's own tables."""
    query._ddl = _described(query._ddl)
    ddl.apply = _applied(ddl.apply)


def _described(describe: Callable[..., Any]) -> Callable[..., Any]:
    def described(tree: exp.Expr, context: Any) -> JobStatistics2:
        if (name := _own_name(tree, context)) is None:
            return describe(tree, context)
        tree.meta[_KNOWN] = context.temporary
        operation = "CREATE"
        if isinstance(tree, exp.Create):
            if tree.args.get("replace") and name in context.temporary:
                operation = "REPLACE"
        else:
            operation = "DROP" if isinstance(tree, exp.Drop) else "ALTER"
        return JobStatistics2.model_validate({"ddlOperationPerformed": operation})

    return described


def _applied(apply: Callable[..., Any]) -> Callable[..., Any]:
    def applied(tree: exp.Expr, *rest: Any) -> None:
        known = tree.meta.get(_KNOWN)
        if known is None:
            return apply(tree, *rest)
        name = names.target(tree).name.casefold()
        if isinstance(tree, exp.Drop):
            known.discard(name)
        for action in tree.args.get("actions") or []:
            if isinstance(action, exp.AlterRename):
                known.discard(name)
                known.add(action.this.name.casefold())
        return None

    return applied


def _own_name(tree: exp.Expr, context: Any) -> str | None:
    """The name of the temporary table that a statement is about; None for any other."""
    if (tree.args.get("kind") or "").upper() != "TABLE":
        return None
    target = names.target(tree)
    if target is None or target.catalog or target.db.casefold() not in ("", _SESSION):
        return None
    name = str(target.name).casefold()
    is_made = isinstance(tree, exp.Create) and tree.find(exp.TemporaryProperty) is not None
    is_known = not isinstance(tree, exp.Create) and name in context.temporary
    return name if is_made or is_known else None
