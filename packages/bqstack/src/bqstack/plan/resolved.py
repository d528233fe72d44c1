"""One resolved statement: what its columns come from, and what it reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from zetasql.wasi._pb2.zetasql.public import type_pb2
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from bqstack.analysis.tree import Node

Place = tuple[str, str]
_CONDITIONS = {
    "ResolvedFilterScan": ("filter_expr",),
    "ResolvedJoinScan": ("join_expr",),
    "ResolvedUpdateStmt": ("where_expr",),
    "ResolvedDeleteStmt": ("where_expr",),
    "ResolvedMergeStmt": ("merge_expr",),
}
_INSERT = 0
"""ResolvedMergeWhen.INSERT."""
_NAMES = {
    type_pb2.TYPE_BOOL: "BOOL",
    type_pb2.TYPE_BYTES: "BYTES",
    type_pb2.TYPE_DOUBLE: "FLOAT64",
    type_pb2.TYPE_INT64: "INT64",
    type_pb2.TYPE_STRING: "STRING",
}


class Statement:
    """`outputs` by column name, `reads` are columns of tables, views and functions.

    `filtered` are, by table, columns that a condition of their own bounds wherever the statement
    reads the table; `pinned` those that it compares for equality with what is no column.
    `changes` is the table whose rows an UPDATE, DELETE or MERGE rewrites; empty for others.
    """

    def __init__(self, node: Node) -> None:
        self._edges: dict[int, set[int]] = defaultdict(set)
        self._bases: dict[int, set[Place]] = defaultdict(set)
        self._with: dict[str, list[int]] = {}
        for part in node.nodes():
            self._note(part)
        self.changes = _changed(node)
        self.outputs: dict[str, set[Place]] = {}
        if node.has("output_column_list"):
            self.outputs = {
                column.get("name"): self._roots({column.get("column").column_id})
                for column in node.get("output_column_list")
            }
        mentioned = {r.get("column").column_id for r in node.find("ResolvedColumnRef")}
        # What a subquery of an expression gives is no reference to a column.
        for expression in node.find("ResolvedSubqueryExpr"):
            mentioned.update(_ids(expression.get("subquery")))
        self.reads = self._roots(mentioned).union(*self.outputs.values())
        self.scans: dict[str, set[str]] = {}
        sources = list(_sources(node))
        for scan in (scan for source in sources for scan in source.find("ResolvedTableScan")):
            self.scans.setdefault(_last(scan.get("table").full_name), set())
        for scan in node.find("ResolvedTVFScan"):
            self.scans.setdefault(_last(scan.get("tvf").name), set())
        for name, column in self.reads:
            if name in self.scans:
                self.scans[name].add(column)
        conjuncts = list(_conjuncts(node))
        found = [
            _Filtered(scan, conjuncts)
            for source in sources
            for scan in source.find("ResolvedTableScan", "ResolvedTVFScan")
        ]
        self.filtered = _of_every(found, lambda one: one.filtered)
        self.pinned = _of_every(found, lambda one: one.pinned)

    def _note(self, node: Node) -> None:
        match node.kind:
            case "ResolvedTableScan":
                self._base(_last(node.get("table").full_name), node)
            case "ResolvedTVFScan":
                name = _last(node.get("tvf").name)
                self._base(name, node)
            case "ResolvedComputedColumn" | "ResolvedDeferredComputedColumn":
                column = node.get("column").column_id
                self._edges[column] |= set(_ids_in(node.get("expr")))
                self._bases[column] |= set(_functions_in(node.get("expr")))
            case "ResolvedSetOperationScan" | "ResolvedRecursiveScan":
                self._set_operation(node)
            case "ResolvedWithEntry":
                query = node.get("with_subquery")
                self._with[node.get("with_query_name")] = _ids(query)
            case "ResolvedWithRefScan":
                source = self._with.get(node.get("with_query_name"), [])
                for column, before in zip(_ids(node), source, strict=False):
                    self._edges[column].add(before)
            case "ResolvedArrayScan":
                sources = {i for array in node.get("array_expr_list") for i in _ids_in(array)}
                for element in node.get("element_column_list"):
                    self._edges[element.column_id] |= sources

    def _base(self, name: str, node: Node) -> None:
        for column in node.get("column_list"):
            self._bases[column.column_id].add((name, column.name))

    def _set_operation(self, node: Node) -> None:
        items = (
            node.get("input_item_list")
            if node.kind == "ResolvedSetOperationScan"
            else [node.get("non_recursive_term"), node.get("recursive_term")]
        )
        for item in items:
            inputs = [c.column_id for c in item.get("output_column_list")]
            for column, before in zip(_ids(node), inputs, strict=False):
                self._edges[column].add(before)

    def _roots(self, ids: Iterable[int]) -> set[Place]:
        found: set[Place] = set()
        seen: set[int] = set()
        waiting = list(ids)
        while waiting:
            column = waiting.pop()
            if column in seen:
                continue
            seen.add(column)
            found |= self._bases.get(column, set())
            waiting.extend(self._edges.get(column, ()))
        return found


def _changed(statement: Node) -> str:
    """The target of a statement that rewrites rows; a MERGE that only inserts rewrites none."""
    if statement.kind not in ("ResolvedUpdateStmt", "ResolvedDeleteStmt", "ResolvedMergeStmt"):
        return ""
    if statement.kind == "ResolvedMergeStmt":
        actions = {clause.get("action_type") for clause in statement.get("when_clause_list")}
        if actions == {_INSERT}:
            return ""
    return _last(statement.get("table_scan").get("table").full_name)


def _sources(statement: Node) -> Iterable[Node]:
    """Where a statement reads: the target of an INSERT is written only."""
    if statement.kind != "ResolvedInsertStmt":
        yield statement
        return
    query = statement.get("query")
    if query is not None:
        yield query
    yield from statement.get("row_list")


class _Filtered:
    """What is asked of the columns of one scan of a table, by themselves."""

    def __init__(self, scan: Node, conjuncts: Iterable[Node]) -> None:
        is_table = scan.kind == "ResolvedTableScan"
        self.table = _last(scan.get("table").full_name if is_table else scan.get("tvf").name)
        own = {column.column_id: column.name for column in scan.get("column_list")}
        self.filtered: set[str] = set()
        self.pinned: set[str] = set()
        for condition in conjuncts:
            named = set(_ids_in(condition))
            # A subquery in it may be correlated by columns of its own, which are no bound.
            if not named or not named <= own.keys():
                continue
            columns = {own[column] for column in named}
            self.filtered |= columns
            if len(columns) == 1 and _is_call(condition, "$equal"):
                sides = [set(_ids_in(side)) for side in condition.get("argument_list")]
                if set() in sides:
                    self.pinned |= columns


def _of_every(
    found: Iterable[_Filtered], columns: Callable[[_Filtered], set[str]]
) -> dict[str, set[str]]:
    """By table what holds for all scans of it."""
    held: dict[str, set[str]] = {}
    for one in found:
        held[one.table] = held.get(one.table, columns(one)) & columns(one)
    return held


def _conjuncts(node: Node) -> Iterable[Node]:
    """Every condition that a row must meet, at any depth."""
    for part in node.nodes():
        for name in _CONDITIONS.get(part.kind, ()):
            condition = part.get(name)
            if condition is not None:
                yield from _parts(condition)


def _parts(condition: Node) -> Iterable[Node]:
    if _is_call(condition, "$and"):
        for part in condition.get("argument_list"):
            yield from _parts(part)
    else:
        yield condition


def _is_call(node: Node, name: str) -> bool:
    return node.kind == "ResolvedFunctionCall" and _name(node.get("function")).endswith(name)


def type_name(kind: TypeProto) -> str:
    """A type as DDL writes it."""
    if kind.type_kind == type_pb2.TYPE_ARRAY:
        return f"ARRAY<{type_name(kind.array_type.element_type)}>"
    if kind.type_kind == type_pb2.TYPE_STRUCT:
        fields = kind.struct_type.field
        inner = ", ".join(f"{f.field_name} {type_name(f.field_type)}".strip() for f in fields)
        return f"STRUCT<{inner}>"
    name: str = type_pb2.TypeKind.Name(kind.type_kind).removeprefix("TYPE_")
    return _NAMES.get(kind.type_kind, name)


def _ids(scan: Node) -> list[int]:
    return [column.column_id for column in scan.get("column_list")]


def _ids_in(expression: Node) -> Iterable[int]:
    """Columns that an expression mentions, those that its subqueries give included."""
    for node in expression.nodes():
        if node.kind == "ResolvedColumnRef":
            yield node.get("column").column_id
        elif node.kind == "ResolvedSubqueryExpr":
            yield from _ids(node.get("subquery"))


def _functions_in(expression: Node) -> Iterable[Place]:
    for node in expression.nodes():
        if node.has("function") and (function := node.get("function")) is not None:
            group, _, name = _name(function).rpartition(":")
            if group == "UDF":
                yield _last(name), "()"


def _name(function: Any) -> str:
    return str(function.name)


def _last(name: str) -> str:
    return name.rpartition(".")[2]
