"""Which sets of columns are unique in a query's result, as far as the query tells.

Sound and incomplete: what is called a key is one; a source that is unique only because of
its data is not recognised.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from bqstack.analysis.scope import Facts, Key, table_function_key
from bqstack.analysis.tree import Node

Ids = frozenset[int]
_EQUALITIES = {"$equal", "$is_not_distinct_from"}
_DISTINCT_ARRAYS = {"generate_array", "generate_date_array", "generate_timestamp_array"}
_PASSING = {"ResolvedAnalyticScan", "ResolvedOrderByScan", "ResolvedSampleScan"}
# More keys than this help nobody and joins multiply them.
_MOST_KEYS = 16


class Keys:
    """Unique column sets, by column id, of the scans of one statement."""

    def __init__(self, facts: Mapping[str, Facts]) -> None:
        self._facts = facts
        self._with: dict[str, tuple[Node, list[Ids]]] = {}

    def of(self, scan: Node) -> list[Ids]:
        """Keys of the rows that `scan` gives; the empty set means one row at most."""
        return _smallest(self._of(scan))

    def _of(self, scan: Node) -> list[Ids]:
        kind = scan.kind
        if kind in _PASSING:
            return self.of(scan.get("input_scan"))
        if kind == "ResolvedSingleRowScan":
            return [frozenset()]
        if kind == "ResolvedTableScan":
            return self._table(scan, scan.get("table").full_name)
        if kind == "ResolvedTVFScan":
            return self._table(scan, table_function_key(scan.get("tvf").name))
        if kind == "ResolvedAggregateScan":
            return self._aggregate(scan)
        if kind == "ResolvedProjectScan":
            return self._project(scan)
        if kind == "ResolvedFilterScan":
            return self._filter(scan)
        if kind == "ResolvedLimitOffsetScan":
            return self._limit(scan)
        if kind == "ResolvedJoinScan":
            return self._join(scan)
        if kind == "ResolvedArrayScan":
            return self._array(scan)
        if kind == "ResolvedWithScan":
            for entry in scan.get("with_entry_list"):
                query = entry.get("with_subquery")
                self._with[entry.get("with_query_name")] = (query, self.of(query))
            return self.of(scan.get("query"))
        if kind == "ResolvedWithRefScan":
            query, keys = self._with.get(scan.get("with_query_name"), (None, []))
            return _renamed(keys, query, scan) if query else []
        if kind == "ResolvedSetOperationScan" and scan.get("op_type") in _distinct_operations():
            return [_ids(scan.get("column_list"))]
        return []

    def _table(self, scan: Node, name: str) -> list[Ids]:
        facts = self._facts.get(name.lower())
        by_name = {c.name.lower(): c.column_id for c in scan.get("column_list")}
        keys = facts.keys if facts else []
        return [frozenset(by_name[n] for n in key) for key in keys if key <= by_name.keys()]

    def _aggregate(self, scan: Node) -> list[Ids]:
        if scan.get("grouping_set_list"):
            return []
        return [frozenset(c.get("column").column_id for c in scan.get("group_by_list"))]

    def _project(self, scan: Node) -> list[Ids]:
        keys = self.of(scan.get("input_scan"))
        for computed in scan.get("expr_list"):
            source = computed.get("expr")
            if source.kind == "ResolvedColumnRef":
                old, new = source.get("column").column_id, computed.get("column").column_id
                keys += [key - {old} | {new} for key in keys if old in key]
        return keys

    def _filter(self, scan: Node) -> list[Ids]:
        keys = self.of(scan.get("input_scan"))
        for condition in conjuncts(scan.get("filter_expr")):
            pair = _equality(condition)
            if pair is None:
                continue
            left, right = pair
            for one, other in ((left, right), (right, left)):
                column = column_id(one)
                if column is not None and is_constant(other):
                    keys += [key - {column} for key in keys]
                    keys += self._first_of_partition(scan.get("input_scan"), column, other)
        return keys

    def _first_of_partition(self, scan: Node, column: int, value: Node) -> list[Ids]:
        """ROW_NUMBER() = 1 leaves one row of each partition."""
        if value.kind != "ResolvedLiteral" or value.get("value").value.int64_value != 1:
            return []
        for group in scan.find("ResolvedAnalyticFunctionGroup"):
            for function in group.get("analytic_function_list"):
                if function.get("column").column_id != column:
                    continue
                if function_name(function.get("expr")) != "row_number":
                    return []
                partition = group.get("partition_by")
                references = partition.get("partition_by_list") if partition else []
                return [frozenset(r.get("column").column_id for r in references)]
        return []

    def _limit(self, scan: Node) -> list[Ids]:
        limit = scan.get("limit")
        if limit.kind == "ResolvedLiteral" and limit.get("value").value.int64_value == 1:
            return [frozenset()]
        return self.of(scan.get("input_scan"))

    def _join(self, scan: Node) -> list[Ids]:
        left, right = scan.get("left_scan"), scan.get("right_scan")
        left_keys, right_keys = self.of(left), self.of(right)
        keys = [a | b for a, b in product(left_keys, right_keys)]
        left_ids, right_ids = _ids(left.get("column_list")), _ids(right.get("column_list"))
        joined_left: set[int] = set()
        joined_right: set[int] = set()
        condition = scan.get("join_expr")
        for equal in conjuncts(condition) if condition else []:
            pair = _equality(equal)
            columns = {i for side in pair or () if (i := column_id(side)) is not None}
            if len(columns) == 2 and columns & left_ids and columns & right_ids:
                joined_left |= columns & left_ids
                joined_right |= columns & right_ids
        kind = scan.get("join_type")
        inner, outer_left, outer_right = 0, 1, 2
        if kind in (inner, outer_left) and any(key <= joined_right for key in right_keys):
            keys += left_keys
        if kind in (inner, outer_right) and any(key <= joined_left for key in left_keys):
            keys += right_keys
        return keys

    def _array(self, scan: Node) -> list[Ids]:
        elements = scan.get("element_column_list")
        arrays = scan.get("array_expr_list")
        offset = scan.get("array_offset_column")
        own: list[Ids] = []
        if offset is not None:
            own.append(frozenset({offset.get("column").column_id}))
        if len(arrays) == 1 and function_name(arrays[0]) in _DISTINCT_ARRAYS:
            own.append(frozenset({elements[0].column_id}))
        outer = scan.get("input_scan")
        before = self.of(outer) if outer is not None else [frozenset[int]()]
        return [a | b for a, b in product(before, own)]


def named(keys: list[Ids], outputs: list[Node]) -> list[Key]:
    """Keys by the names of a statement's output columns."""
    by_id: dict[int, str] = {}
    for output in outputs:
        by_id.setdefault(output.get("column").column_id, output.get("name").lower())
    return [frozenset(by_id[i] for i in key) for key in keys if key <= by_id.keys()]


def conjuncts(expression: Node) -> list[Node]:
    """Parts of an AND, or the expression itself."""
    if function_name(expression) != "$and":
        return [expression]
    return [part for side in expression.get("argument_list") for part in conjuncts(side)]


def function_name(expression: Node) -> str | None:
    """Name of the function that an expression calls, in lower case."""
    if not expression.has("function"):
        return None
    name: str = expression.get("function").name
    return name.removeprefix("ZetaSQL:").lower()


def column_id(expression: Node) -> int | None:
    """Column that the expression is, through casts that keep different values apart."""
    if expression.kind != "ResolvedColumnRef":
        return None
    number: int = expression.get("column").column_id
    return number


def is_constant(expression: Node) -> bool:
    """True when the value is known before the first row is read."""
    return not any(True for _ in expression.find("ResolvedColumnRef", "ResolvedSubqueryExpr"))


def equated(condition: Node) -> list[tuple[Node, Node]]:
    """Both sides of each equality that the condition demands."""
    pairs = (_equality(part) for part in conjuncts(condition))
    return [pair for pair in pairs if pair is not None]


def _equality(expression: Node) -> tuple[Node, Node] | None:
    if function_name(expression) not in _EQUALITIES:
        return None
    left, right = expression.get("argument_list")
    return left, right


def _renamed(keys: list[Ids], old: Node, new: Node) -> list[Ids]:
    to_new = {
        a.column_id: b.column_id
        for a, b in zip(old.get("column_list"), new.get("column_list"), strict=False)
    }
    return [frozenset(to_new[i] for i in key) for key in keys if key <= to_new.keys()]


def _ids(columns: list[Any]) -> Ids:
    return frozenset(column.column_id for column in columns)


def _smallest(keys: list[Ids]) -> list[Ids]:
    unique = sorted(set(keys), key=lambda key: (len(key), sorted(key)))
    kept: list[Ids] = []
    for key in unique:
        if not any(other <= key for other in kept):
            kept.append(key)
    return kept[:_MOST_KEYS]


def _distinct_operations() -> frozenset[int]:
    # UNION, INTERSECT and EXCEPT DISTINCT in ResolvedSetOperationScanEnums.
    return frozenset({1, 3, 5})
