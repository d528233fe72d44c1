"""Temporary tables of a script: which statement means one, and what ALTER TABLE makes of it.

https://cloud.google.com/bigquery/docs/multi-statement-queries#temporary_tables
"""

from __future__ import annotations

from collections.abc import Iterator

from bqstack.analysis.scope import SESSION, Facts
from bqstack.analysis.tree import Node

_TEMPORARY = 3  # ASTCreateStatementEnums.Scope.TEMPORARY


def is_created(node: Node) -> bool:
    """True for CREATE TEMP and LOAD DATA into a TEMP TABLE."""
    if node.kind == "ASTAuxLoadDataStatement":
        return bool(node.get("is_temp_table"))
    return node.has("scope") and node.get("scope") == _TEMPORARY


def created(body: Node) -> frozenset[str]:
    """Names of all temporary tables that a script creates, in lower case."""
    kinds = ("ASTCreateTableStatement", "ASTAuxLoadDataStatement")
    nodes = [node for node in body.find(*kinds) if is_created(node)]
    renamed: set[str] = set()
    for node in body.find("ASTAlterTableStatement"):
        for clause in node.find("ASTRenameToClause"):
            if (path := own_name(clause.get("new_name"))) is not None:
                renamed.add(path)
    return frozenset({_last(node.get("name")) for node in nodes} | renamed)


def own_name(path: Node | None) -> str | None:
    """The name, in lower case, if a path can mean a temporary table: `t` or `_SESSION.t`."""
    if path is None or path.kind != "ASTPathExpression":
        return None
    names = [part.get("id_string") for part in path.get("names")]
    if len(names) == 1 or (len(names) == 2 and names[0].upper() == SESSION):
        return str(names[-1]).lower()
    return None


def altered(facts: Facts, resolved: Node) -> Iterator[tuple[str | None, Facts]]:
    """What ALTER TABLE makes of a table, action by action, with its new name if it gets one.

    `resolved` is the statement as the analyser has taken it.
    """
    columns, keys = dict(facts.columns), list(facts.keys)
    # SET OPTIONS alone is a statement of another kind.
    actions = resolved.get("alter_action_list") if resolved.has("alter_action_list") else ()
    for action in actions:
        name = None
        if action.kind == "ResolvedAddColumnAction":
            added = action.get("column_definition")
            if _known(columns, added.get("name")) is None:
                columns[added.get("name")] = added.get("type")
        elif action.kind == "ResolvedDropColumnAction":
            keys = [key for key in keys if action.get("name").lower() not in key]
            columns.pop(_known(columns, action.get("name")) or "", None)
        elif action.kind == "ResolvedRenameColumnAction":
            old, new = action.get("name").lower(), action.get("new_name")
            columns = {new if one.lower() == old else one: kind for one, kind in columns.items()}
            keys = [frozenset(new.lower() if one == old else one for one in key) for key in keys]
        elif action.kind == "ResolvedAlterColumnSetDataTypeAction":
            if (known := _known(columns, action.get("column"))) is not None:
                columns[known] = action.get("updated_type")
        elif action.kind == "ResolvedRenameToAction":
            name = str(action.get("new_path")[-1]).lower()
        yield name, Facts(columns, facts.partition, keys, facts.required)


def _known(columns: dict[str, object], name: str) -> str | None:
    return next((one for one in columns if one.lower() == name.lower()), None)


def _last(path: Node) -> str:
    name: str = path.get("names")[-1].get("id_string")
    return name.lower()
