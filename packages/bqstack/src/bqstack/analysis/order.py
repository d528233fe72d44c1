"""Statements that take columns by their place, where a table's real order may be another.

BigQuery appends a new column at the end, wherever the file has it
(https://cloud.google.com/bigquery/docs/managing-table-schemas#add_column).
"""

from __future__ import annotations

from collections.abc import Iterator

from bqstack.analysis.file_check import Session
from bqstack.analysis.tree import Node

RULE = "column-order"
_STARS = ("ASTStar", "ASTStarWithModifiers", "ASTDotStar", "ASTDotStarWithModifiers")


def check(tree: Node, session: Session) -> None:
    """Report INSERT without a column list and set operations by place over `SELECT *`."""
    for node in tree.nodes():
        match node.kind:
            case "ASTInsertStatement" if node.get("column_list") is None:
                _insert(node, node.get("target_path"), session)
            case "ASTMergeStatement":
                for action in node.find("ASTMergeAction"):
                    if action.get("insert_row") and action.get("insert_column_list") is None:
                        _insert(node, node.get("target_path"), session, action)
            case "ASTSetOperation":
                _set_operation(node, session)


def _insert(statement: Node, target: Node, session: Session, at: Node | None = None) -> None:
    name = _table(target, session)
    if name is not None:
        message = f"this INSERT gives {name} its columns by place"
        _report(session, message, at or statement, statement)


def _set_operation(node: Node, session: Session) -> None:
    entries = node.get("metadata").get("set_operation_metadata_list")
    if any(entry.get("column_match_mode") is not None for entry in entries):
        return
    inputs = node.get("inputs")
    starred = [_starred(one, session) for one in inputs]
    named = sorted({name for names in starred for name in names})
    # The same table on all sides has one order.
    if not named or (len(named) == 1 and all(starred)):
        return
    message = f"SELECT * of {', '.join(named)} meets other columns by place"
    _report(session, message, node, node)


def _report(session: Session, message: str, at: Node, statement: Node) -> None:
    whole = statement.span or (0, 0)
    session.report(RULE, message, at.span or whole, whole)


def _starred(query: Node, session: Session) -> set[str]:
    """Tables whose columns a query gives by `*`, as they stand."""
    if query.kind != "ASTSelect":
        return set()
    columns = query.get("select_list").get("columns")
    if not any(column.get("expression").kind in _STARS for column in columns):
        return set()
    source = query.get("from_clause")
    if source is None:
        return set()
    paths = (path.get("path_expr") for path in _paths(source))
    return {name for path in paths if path is not None and (name := _table(path, session))}


def _paths(node: Node) -> Iterator[Node]:
    """Tables that a FROM clause names itself, not in a subquery."""
    if node.kind == "ASTTablePathExpression":
        yield node
    for child in node.children():
        if child.kind not in ("ASTTableSubquery", "ASTExpressionSubquery"):
            yield from _paths(child)


def _table(path: Node, session: Session) -> str | None:
    names = [part.get("id_string") for part in path.get("names")]
    return names[-1] if ".".join(names).lower() in session.world.stored else None
