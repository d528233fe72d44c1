"""Where the columns of one analysed query come from: tables, aggregates, and names between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zetasql.wasi._pb2.zetasql.public.functions import datetime_pb2 as parts

from bqstack.analysis.tree import Node
from bqstack.analysis.unique_keys import function_name
from bqstack.unchecked import FieldValue

# Functions through which the value of a partition column keeps its order.
_TRUNCATIONS = ("date_trunc", "datetime_trunc", "timestamp_trunc")
_CASTS = ("date", "datetime", "timestamp")
_DAY = "DAY"
# Parts of a time by the unit of partitions that has no finer one.
_PARTS = {
    **dict.fromkeys((parts.SECOND, parts.MINUTE, parts.HOUR), "HOUR"),
    parts.DAY: _DAY,
    **dict.fromkeys((parts.WEEK, parts.ISOWEEK, parts.MONTH), "MONTH"),
    **dict.fromkeys((parts.QUARTER, parts.YEAR, parts.ISOYEAR), "YEAR"),
}


@dataclass(frozen=True)
class Origin:
    """A column of a table by the table's complete name; `unit` is what it was truncated to."""

    table: str
    column: str
    unit: str = ""


class Origins:
    """The columns of one statement, by their numbers."""

    def __init__(self, statement: Node) -> None:
        self._tables: dict[int, Origin] = {}
        self._computed: dict[int, Node] = {}
        self._same: dict[int, list[int]] = {}
        self._entries = {
            entry.get("with_query_name"): entry.get("with_subquery")
            for entry in statement.find("ResolvedWithEntry")
        }
        for node in statement.nodes():
            self._take(node)
        self.aggregates = self._closure(statement)
        """Numbers of the columns that hold an aggregate, under whatever name."""

    def is_grouped(self, scan: Node) -> bool:
        """Whether rows below are grouped, also in a query that is named by WITH."""
        return any(
            node.kind == "ResolvedAggregateScan"
            or (
                node.kind == "ResolvedWithRefScan"
                and (named := self._entries.get(node.get("with_query_name"))) is not None
                and self.is_grouped(named)
            )
            for node in scan.nodes()
        )

    def of(self, column: int) -> Origin | None:
        """The one column of a table that this one is, or is truncated from."""
        if column in self._tables:
            return self._tables[column]
        if expression := self._computed.get(column):
            return self._through(expression)
        found = {self.of(source) for source in self._same.get(column, ())}
        return found.pop() if len(found) == 1 else None

    def _through(self, expression: Node) -> Origin | None:
        if expression.kind == "ResolvedColumnRef":
            return self.of(expression.get("column").column_id)
        if expression.kind == "ResolvedCast":
            return self._through(expression.get("expr"))
        name = (function_name(expression) or "").removeprefix("google:")
        if name not in (*_TRUNCATIONS, *_CASTS):
            return None
        arguments = expression.get("argument_list")
        origin = self._through(arguments[0])
        unit = _unit(arguments[1]) if name in _TRUNCATIONS else _DAY if name == "date" else ""
        if origin is None or unit is None:
            return None
        return Origin(origin.table, origin.column, unit or origin.unit)

    def _take(self, node: Node) -> None:
        if node.kind == "ResolvedTableScan":
            name = node.get("table").full_name
            for column in node.get("column_list"):
                self._tables[column.column_id] = Origin(name, column.name)
        elif node.kind == "ResolvedComputedColumn":
            self._computed[node.get("column").column_id] = node.get("expr")
        elif node.kind == "ResolvedWithRefScan":
            query = self._entries.get(node.get("with_query_name"))
            self._pair(node, query.get("column_list") if query else [])
        elif node.kind == "ResolvedSetOperationScan":
            for item in node.get("input_item_list"):
                self._pair(node, item.get("output_column_list"))

    def _pair(self, node: Node, sources: FieldValue) -> None:
        for column, source in zip(node.get("column_list"), sources, strict=False):
            self._same.setdefault(column.column_id, []).append(source.column_id)

    def _closure(self, statement: Node) -> frozenset[int]:
        found = {
            computed.get("column").column_id
            for scan in statement.find("ResolvedAggregateScan")
            for computed in scan.get("aggregate_list")
        }
        while more := set(self._aliases(found)) - found:
            found |= more
        return frozenset(found)

    def _aliases(self, known: set[int]) -> Iterator[int]:
        for column, sources in self._same.items():
            if known.intersection(sources):
                yield column
        for column, expression in self._computed.items():
            if (
                expression.kind == "ResolvedColumnRef"
                and expression.get("column").column_id in known
            ):
                yield column


def _unit(literal: Node) -> str | None:
    """DAY and the like of a literal; None for anything else."""
    if literal.kind != "ResolvedLiteral":
        return None
    part = literal.get("value").value.enum_value
    return _PARTS.get(part)
