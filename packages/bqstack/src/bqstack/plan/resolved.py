"""One resolved statement: what its columns come from, and what it reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from zetasql.wasi._pb2.zetasql.public import type_pb2
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from bqstack.analysis.tree import Node

Place = tuple[str, str]
_NAMES = {
    type_pb2.TYPE_BOOL: "BOOL",
    type_pb2.TYPE_BYTES: "BYTES",
    type_pb2.TYPE_DOUBLE: "FLOAT64",
    type_pb2.TYPE_INT64: "INT64",
    type_pb2.TYPE_STRING: "STRING",
}


class Statement:
    """`outputs` by column name, `reads` are columns of tables, views and functions."""

    def __init__(self, node: Node) -> None:
        self._edges: dict[int, set[int]] = defaultdict(set)
        self._bases: dict[int, set[Place]] = defaultdict(set)
        self._with: dict[str, list[int]] = {}
        for part in node.nodes():
            self._note(part)
        self.outputs: dict[str, set[Place]] = {}
        if node.has("output_column_list"):
            self.outputs = {
                column.get("name"): self._roots({column.get("column").column_id})
                for column in node.get("output_column_list")
            }
        mentioned = {r.get("column").column_id for r in node.find("ResolvedColumnRef")}
        self.reads = self._roots(mentioned).union(*self.outputs.values())
        self.scans: dict[str, set[str]] = {}
        for scan in node.find("ResolvedTableScan"):
            name = _last(scan.get("table").full_name)
            self.scans.setdefault(name, set())
        for scan in node.find("ResolvedTVFScan"):
            self.scans.setdefault(_last(scan.get("tvf").name), set())
        for name, column in self.reads:
            if name in self.scans:
                self.scans[name].add(column)

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
