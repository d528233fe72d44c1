"""Rules of procedures that need only the parsed tree, no types."""

from __future__ import annotations

import re

from bqstack.analysis import temporary
from bqstack.analysis.analyser import Analyser
from bqstack.analysis.file_check import Session
from bqstack.analysis.tree import Node

_CHANGES_OBJECTS = re.compile(r"^AST(Create|Drop|Alter|Rename|Undrop|Grant|Revoke)\w*Statement$")
# Statements of the parser that BigQuery does not have.
_UNKNOWN = {"ASTExplainStatement": "EXPLAIN", "ASTDescribeStatement": "DESCRIBE"}
_UNKNOWN |= {"ASTShowStatement": "SHOW", "ASTRunStatement": "RUN"}


def check(body: Node, session: Session) -> None:
    """Report permanent DDL and dynamic SQL anywhere in a procedure's body."""
    of_session = temporary.created(body)
    for node in body.nodes():
        if node.kind == "ASTExecuteImmediateStatement":
            _dynamic(node, session)
        elif node.kind in _UNKNOWN:
            message = f"{_UNKNOWN[node.kind]} is not a statement of BigQuery"
            session.report("semantics", message, node.span, node.span)
        elif _CHANGES_OBJECTS.match(node.kind) and not temporary.is_created(node):
            if _named(node) in of_session:
                continue
            words = re.findall("[A-Z][a-z]+", node.kind.removesuffix("Statement"))
            message = f"{' '.join(words[-2:]).upper()} of a permanent object in a procedure"
            session.report("permanent-ddl", message, node.span, node.span)


def procedure_body(analyser: Analyser, sql: str, text: str, session: Session) -> Node | None:
    """The block of the CREATE PROCEDURE that a file holds, its BEGIN where the file has it.

    `text` is the block. The parser takes labels in a script, and none within a CREATE statement,
    so head and block are parsed on their own. None, with a finding, where another statement
    follows. Raises SqlError and Unanalysable.
    """
    start = sql.rindex(text)
    analyser.parse(f"{sql[:start]}BEGIN END;")
    blank = re.sub(rb"[^\n]", b" ", sql[:start].encode()).decode()
    script: Node = analyser.parse(blank + sql[start:]).get("statement_list_node")
    _, *others = script.get("statement_list")
    for other in others:
        session.report("file", "the file must hold one CREATE statement", other.span, other.span)
    return None if others else script


def last_name(node: Node) -> str:
    """Bare name of the object that a statement creates or drops, in lower case."""
    name: str = node.get("name").get("names")[-1].get("id_string")
    return name.lower()


def _named(node: Node) -> str | None:
    """Name of the table that DROP or ALTER is about, if it can be one of the script's own."""
    if node.kind == "ASTDropStatement":
        return temporary.own_name(node.get("name"))
    if node.kind == "ASTAlterTableStatement":
        return temporary.own_name(node.get("path"))
    return None


def _dynamic(node: Node, session: Session) -> None:
    text = node.get("sql")
    if text.kind != "ASTStringLiteral":
        session.report("dynamic-sql", "this text is built when it runs", text.span, node.span)
