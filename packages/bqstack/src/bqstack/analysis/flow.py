"""Rules of a script's flow that the parser leaves to the run: variables, loops and labels.

https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from bqstack.analysis.file_check import Session
from bqstack.analysis.tree import Node

_LOOPS = frozenset({"ASTWhileStatement", "ASTRepeatStatement", "ASTForInStatement"})
_JUMPS = {"ASTBreakStatement": "BREAK", "ASTContinueStatement": "CONTINUE"}


@dataclass(frozen=True)
class _Place:
    """What holds around a statement; names are in lower case."""

    variables: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    loops: frozenset[str] = frozenset()
    """Labels of loops, which CONTINUE may name."""
    is_in_loop: bool = False
    is_in_handler: bool = False


@dataclass
class _Flow:
    session: Session
    statement: tuple[int, int] = field(default=(0, 0))

    def block(self, body: Node, place: _Place) -> None:
        """The statements of an ASTStatementList."""
        has_begun = False
        for statement in body.get("statement_list"):
            self.statement = statement.span
            if statement.kind == "ASTVariableDeclaration":
                if has_begun:
                    self._report(
                        "semantics",
                        "DECLARE comes after another statement of its block",
                        statement,
                        "declare at the start of the script or of a BEGIN block",
                    )
                place = self._declared(statement, place)
                continue
            has_begun = True
            self._statement(statement, place)

    def _declared(self, declaration: Node, place: _Place) -> _Place:
        for variable in declaration.get("variable_list").get("identifier_list"):
            name = variable.get("id_string").lower()
            if name in place.variables:
                self._report(
                    "duplicate",
                    f"the variable {name} is already declared in this block or an enclosing one",
                    variable,
                )
            place = replace(place, variables=place.variables | {name})
        return place

    def _statement(self, node: Node, place: _Place) -> None:
        if node.kind in _JUMPS:
            self._jump(node, place)
        elif node.kind == "ASTRaiseStatement":
            if node.get("message") is None and not place.is_in_handler:
                self._report(
                    "semantics",
                    "RAISE without a message is outside an exception handler",
                    node,
                    "RAISE USING MESSAGE = '...'",
                )
        else:
            inner = self._labelled(node, place)
            if node.kind in _LOOPS:
                inner = replace(inner, is_in_loop=True)
            for body, is_handler in _bodies(node):
                handled = inner.is_in_handler or is_handler
                self.block(body, replace(inner, is_in_handler=handled))

    def _labelled(self, node: Node, place: _Place) -> _Place:
        label = node.get("label") if node.has("label") else None
        if label is None:
            return place
        name = _name(label)
        if name in place.labels:
            self._report(
                "duplicate", f"the label {name} is already that of an enclosing block", label
            )
        loops = place.loops | {name} if node.kind in _LOOPS else place.loops - {name}
        return replace(place, labels=place.labels | {name}, loops=loops)

    def _jump(self, node: Node, place: _Place) -> None:
        word, label = _JUMPS[node.kind], node.get("label")
        if label is None:
            if not place.is_in_loop:
                written = self.session.source.cut(node.span).split()[0].upper()
                self._report("semantics", f"{written} is outside a loop", node)
            return
        name = _name(label)
        known = place.labels if word == "BREAK" else place.loops
        if name not in known:
            what = "loop or block" if word == "BREAK" else "loop"
            self._report("semantics", f"{word} {name}: no {what} around it has this name", label)

    def _report(self, rule: str, message: str, at: Node, hint: str = "") -> None:
        self.session.report(rule, message, at.span, self.statement, hint)


def check(body: Node, session: Session, arguments: Iterable[str] = ()) -> None:
    """Report what BigQuery refuses of a script's flow; `arguments` are variables from the start."""
    _Flow(session).block(body, _Place(variables=frozenset(map(str.lower, arguments))))


def _bodies(node: Node) -> Iterator[tuple[Node, bool]]:
    """The statement lists of a statement, each with whether it handles an exception."""
    for child in node.children():
        if child.kind == "ASTStatementList":
            yield child, node.kind == "ASTExceptionHandler"
        elif child.kind.startswith(("ASTExceptionHandler", "ASTElseif", "ASTWhenThen")):
            yield from _bodies(child)


def _name(label: Node) -> str:
    name: str = label.get("name").get("id_string")
    return name.lower()
