"""Statements that take columns by their place, where a table's real order may be another.

BigQuery appends a new column at the end, wherever the file has it
(https://cloud.google.com/bigquery/docs/managing-table-schemas#add_column). `SELECT *` hands the
table's own order on: through subqueries, CTEs, views and temp tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bqstack.analysis import shape, temporary
from bqstack.analysis.file_check import Session
from bqstack.analysis.tree import Node

RULE = "column-order"
_STARS = frozenset({"ASTStar", "ASTStarWithModifiers"})
_DOT_STARS = frozenset({"ASTDotStar", "ASTDotStarWithModifiers"})
# What a pipe operator gives instead of the columns that come in.
_OWN_COLUMNS = frozenset({"ASTPipeAggregate", "ASTPipeCall", "ASTPipePivot", "ASTPipeUnpivot"})

type Names = frozenset[str]
"""Tables whose own order shows in the columns of something."""

_NONE: Names = frozenset()


def check(tree: Node, session: Session) -> None:
    """Report INSERT without a column list, and `SELECT *` whose columns are matched by position."""
    _Walk(session).walk(tree, {})


def shown(query: Node, session: Session) -> Names:
    """The tables whose own order shows in the columns of a query."""
    return _Walk(session).query(query, {})


@dataclass
class _Walk:
    """A script or statement, in its order; CTEs in scope are handed down."""

    session: Session
    temporary: dict[str, Names] = field(default_factory=dict)
    statement: tuple[int, int] = (0, 0)

    def walk(self, node: Node, ctes: Mapping[str, Names]) -> None:
        if node.kind.endswith("Statement"):
            self.statement = node.span_if_any or self.statement
        inner = ctes
        match node.kind:
            case "ASTQuery":
                inner = self._with(node.get("with_clause"), ctes)
                self._pipes(node, inner)
            case "ASTSetOperation":
                entries = node.get("metadata").get("set_operation_metadata_list")
                if all(entry.get("column_match_mode") is None for entry in entries):
                    self._meeting(node, [self.query(one, ctes) for one in node.get("inputs")])
            case "ASTInsertStatement":
                self._insert(node, ctes)
            case "ASTMergeStatement":
                self._merge(node)
            case "ASTAssignmentFromStruct":
                self._assignment(node.get("struct_expression"), ctes)
            case "ASTCreateTableStatement" if temporary.is_created(node):
                self._temporary(node, ctes)
        for child in node.children():
            self.walk(child, inner)

    # Statements

    def _insert(self, node: Node, ctes: Mapping[str, Names]) -> None:
        target, query = self._known(node.get("target_path"), {}), node.get("query")
        if node.get("column_list") is None and target:
            message = f"this INSERT fills the columns of {_listed(target)} by position"
            self._report(message, node)
        elif query is not None and (names := self.query(query, ctes)):
            self._report(f"SELECT * of {_listed(names)} fills columns by position", query)

    def _merge(self, node: Node) -> None:
        target = self._known(node.get("target_path"), {})
        for action in node.find("ASTMergeAction"):
            if target and action.get("insert_row") and action.get("insert_column_list") is None:
                message = f"this INSERT fills the columns of {_listed(target)} by position"
                self._report(message, action)

    def _assignment(self, value: Node, ctes: Mapping[str, Names]) -> None:
        if value.kind != "ASTExpressionSubquery":
            return
        if names := self.query(value.get("query"), ctes):
            self._report(f"SELECT * of {_listed(names)} fills variables by position", value)

    def _temporary(self, node: Node, ctes: Mapping[str, Names]) -> None:
        query, source = node.get("query"), _copied(node)
        names = self._known(source, {}) if source is not None else _NONE
        if query is not None:
            names = self.query(query, ctes)
            if names and node.get("table_element_list") is not None:
                self._report(f"SELECT * of {_listed(names)} fills columns by position", query)
                names = _NONE
        self.temporary[shape.last_name(node)] = names

    def _pipes(self, query: Node, ctes: Mapping[str, Names]) -> None:
        """Set operations behind `|>`."""
        names, known = self.query(query.get("query_expr"), ctes), ctes
        for operator in query.get("pipe_operator_list"):
            if operator.kind == "ASTPipeSetOperation" and _is_by_place(operator):
                inputs = [self.query(one, known) for one in operator.get("inputs")]
                self._meeting(operator, [names, *inputs])
            names, known = self._piped(operator, names, known)

    def _meeting(self, node: Node, sides: list[Names]) -> None:
        named = frozenset().union(*sides)
        # The same table on all sides has one order.
        if named and not (len(named) == 1 and all(sides)):
            self._report(
                f"SELECT * of {_listed(named)} is combined with other columns by position", node
            )

    def _report(self, message: str, at: Node) -> None:
        self.session.report(RULE, message, at.span_if_any or self.statement, self.statement)

    # Queries

    def query(self, node: Node, ctes: Mapping[str, Names]) -> Names:
        """The tables whose own order shows in the columns of a query."""
        match node.kind:
            case "ASTQuery":
                known = self._with(node.get("with_clause"), ctes)
                names = self.query(node.get("query_expr"), known)
                for operator in node.get("pipe_operator_list"):
                    names, known = self._piped(operator, names, known)
                return names
            case "ASTSelect":
                return self._select(node, ctes)
            case "ASTFromQuery":
                return _all(self._sources(node.get("from_clause"), ctes))
            case "ASTSetOperation":
                # The first side gives the columns; the others were checked by position.
                return self.query(node.get("inputs")[0], ctes)
        return _NONE

    def _select(self, node: Node, ctes: Mapping[str, Names]) -> Names:
        source = node.get("from_clause")
        if source is None:
            return _NONE
        found: Names = _NONE
        sources: dict[str, Names] | None = None
        for column in node.get("select_list").get("columns"):
            expression = column.get("expression")
            if expression.kind not in _STARS | _DOT_STARS:
                continue
            if sources is None:
                sources = self._sources(source, ctes)
            if expression.kind in _STARS:
                found |= _all(sources)
            elif (of := expression.get("expr")).kind == "ASTPathExpression":
                # Of a table in FROM; another path is a STRUCT.
                found |= sources.get(_path(of), _NONE)
        return found

    def _piped(
        self, operator: Node, names: Names, ctes: Mapping[str, Names]
    ) -> tuple[Names, Mapping[str, Names]]:
        if operator.kind in _OWN_COLUMNS:
            return _NONE, ctes
        if operator.kind == "ASTPipeSelect":
            columns = operator.get("select").get("select_list").get("columns")
            kinds = {column.get("expression").kind for column in columns}
            return names if kinds & (_STARS | _DOT_STARS) else _NONE, ctes
        if operator.kind == "ASTPipeJoin":
            return names | _all(self._sources(operator, ctes)), ctes
        if operator.kind == "ASTPipeWith":
            return names, self._with(operator.get("with_clause"), ctes)
        return names, ctes

    def _with(self, clause: Node | None, ctes: Mapping[str, Names]) -> Mapping[str, Names]:
        known = dict(ctes)
        for entry in clause.find("ASTAliasedQuery") if clause is not None else ():
            known[entry.get("alias").get("id_string").lower()] = self.query(
                entry.get("query"), known
            )
        return known

    def _sources(self, node: Node, ctes: Mapping[str, Names]) -> dict[str, Names]:
        return dict(self._source(node, ctes))

    def _source(self, node: Node, ctes: Mapping[str, Names]) -> Iterator[tuple[str, Names]]:
        """What a FROM clause names itself, by alias."""
        match node.kind:
            case "ASTTablePathExpression" if (path := node.get("path_expr")) is not None:
                yield _alias(node) or _path(path).rpartition(".")[2], self._known(path, ctes)
            case "ASTTVF":
                yield _alias(node), self._known(node.get("name"), {})
            case "ASTTableSubquery":
                yield _alias(node), self.query(node.get("subquery"), ctes)
            case "ASTExpressionSubquery":
                return
            case _:
                for child in node.children():
                    yield from self._source(child, ctes)

    def _known(self, path: Node, ctes: Mapping[str, Names]) -> Names:
        name = _path(path)
        for known in (ctes, self.temporary, self.session.world.by_place):
            if name in known:
                return known[name]
        return _NONE


def _is_by_place(operation: Node) -> bool:
    return operation.get("metadata").get("column_match_mode") is None


def _copied(node: Node) -> Node | None:
    """The table whose columns a CREATE TABLE takes: LIKE, COPY, CLONE."""
    if (like := node.get("like_table_name")) is not None:
        return like  # type: ignore[no-any-return]
    for name in ("clone_data_source", "copy_data_source"):
        if (source := node.get(name)) is not None:
            return source.get("path_expr")  # type: ignore[no-any-return]
    return None


def _alias(node: Node) -> str:
    alias = node.get("alias")
    return str(alias.get("identifier").get("id_string")).lower() if alias is not None else ""


def _path(path: Node) -> str:
    return ".".join(part.get("id_string") for part in path.get("names")).lower()


def _all(sources: Mapping[str, Names]) -> Names:
    return frozenset().union(*sources.values())


def _listed(names: Names) -> str:
    return ", ".join(sorted(names))
