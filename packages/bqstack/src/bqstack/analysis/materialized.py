"""What BigQuery refuses in a materialized view that it refreshes by what has changed.

https://cloud.google.com/bigquery/docs/materialized-views-create#query_limitations
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from zetasql.wasi._pb2.zetasql.public import type_pb2

from bqstack.analysis.statement_checks import Problem, start_of
from bqstack.analysis.tree import Node
from bqstack.analysis.unique_keys import function_name
from bqstack.catalogue.sql_objects import MaterializedView, SqlObject, Table, View

RULE = "materialized-view"
_AGGREGATES = frozenset(
    {
        *("any_value", "approx_count_distinct", "array_agg", "avg", "bit_and", "bit_or"),
        *("bit_xor", "count", "$count_star", "countif", "hll_count.init", "logical_and"),
        *("logical_or", "max", "min", "max_by", "min_by", "sum"),
    }
)
_NOT_OVER_STRUCT = frozenset({"any_value", "array_agg", "max_by", "min_by"})
_CHANGING = frozenset(
    {
        *("rand", "current_date", "current_time", "current_datetime", "current_timestamp"),
        *("session_user", "generate_uuid"),
    }
)
_SCANS = {
    "ResolvedAnalyticScan": "a window function",
    "ResolvedLimitOffsetScan": "LIMIT",
    "ResolvedOrderByScan": "ORDER BY",
    "ResolvedPivotScan": "PIVOT",
    "ResolvedRecursiveScan": "a recursive query",
    "ResolvedSampleScan": "TABLESAMPLE",
    "ResolvedTVFScan": "a table function",
    "ResolvedUnpivotScan": "UNPIVOT",
    "ResolvedMatchRecognizeScan": "MATCH_RECOGNIZE",
}
_SET_OPERATIONS = {0: "UNION ALL"}
_JOINS = {1: "LEFT OUTER JOIN", 2: "RIGHT OUTER JOIN", 3: "FULL OUTER JOIN"}
_ARRAY_SUBQUERY = 1  # ResolvedSubqueryExprEnums.SubqueryType.ARRAY


def check(view: SqlObject, resolved: Node, objects: Mapping[str, SqlObject]) -> Iterator[Problem]:
    """Everything in the query of a materialized view that BigQuery does not take."""
    if not isinstance(view, MaterializedView):
        return
    seen: set[str] = set()
    for node in resolved.nodes():
        for what in _refused(node, seen):
            yield Problem(RULE, f"a materialized view cannot contain {what}", start_of(node))
    yield from _computed(resolved)
    for name in view.depends_on:
        if isinstance(objects.get(name), View):
            yield Problem(RULE, f"a materialized view reads tables, and {name} is a view", None)
    yield from _partitioning(view, objects)


def _refused(node: Node, tables: set[str]) -> Iterator[str]:
    if node.kind in _SCANS:
        yield _SCANS[node.kind].removeprefix("a ")
    elif node.kind == "ResolvedSetOperationScan":
        yield _SET_OPERATIONS.get(node.get("op_type"), "UNION, INTERSECT or EXCEPT DISTINCT")
    elif node.kind == "ResolvedJoinScan" and node.get("join_type") in _JOINS:
        yield _JOINS[node.get("join_type")]
    elif node.kind == "ResolvedSubqueryExpr" and node.get("subquery_type") == _ARRAY_SUBQUERY:
        yield "ARRAY subquery"
    elif node.kind == "ResolvedTableScan":
        name = node.get("table").full_name.lower()
        if name in tables:
            yield f"join of {name.rpartition('.')[2]} with itself"
        tables.add(name)
        if node.get("for_system_time_expr") is not None:
            yield "FOR SYSTEM_TIME AS OF"
    elif node.kind == "ResolvedAggregateFunctionCall":
        yield from _aggregate(node)
    elif node.has("function") and (function := node.get("function")) is not None:
        name = (function_name(node) or "").removeprefix("google:")
        if name in _CHANGING:
            yield f"{name.upper()}(), whose value changes"
        elif name.startswith("udf:"):
            yield f"function of ours: {function.name.rpartition('.')[2].removeprefix('UDF:')}"


def _aggregate(node: Node) -> Iterator[str]:
    name = (function_name(node) or "").removeprefix("google:")
    if name not in _AGGREGATES:
        yield name.removeprefix("udf:").upper()
        return
    arguments = node.get("argument_list")
    kind = arguments[0].get("type").type_kind if arguments else None
    if name in _NOT_OVER_STRUCT and kind == type_pb2.TYPE_STRUCT:
        yield f"{name.upper()} of a STRUCT"
    if name == "array_agg" and kind == type_pb2.TYPE_ARRAY:
        yield "ARRAY_AGG of an ARRAY"


def _computed(resolved: Node) -> Iterator[Problem]:
    """Values made from an aggregate, filters and joins by one: aggregates must be outputs."""
    found = {
        computed.get("column").column_id
        for scan in resolved.find("ResolvedAggregateScan")
        for computed in scan.get("aggregate_list")
    }
    for node in resolved.nodes():
        for name, what in (
            ("filter_expr", "filters by"),
            ("join_expr", "joins on"),
            ("expr", "computes with"),
        ):
            if not node.has(name) or (part := node.get(name)) is None:
                continue
            if name == "expr" and (
                node.kind != "ResolvedComputedColumn" or part.kind == "ResolvedColumnRef"
            ):
                continue
            for reference in part.find("ResolvedColumnRef"):
                if reference.get("column").column_id in found:
                    message = f"a materialized view gives an aggregate as it is; this {what} one"
                    yield Problem(RULE, message, start_of(reference))
                    break


def _partitioning(view: MaterializedView, objects: Mapping[str, SqlObject]) -> Iterator[Problem]:
    if view.partitioning is None:
        return
    bases = [o for name in view.depends_on if isinstance(o := objects.get(name), Table)]
    units = {base.partitioning["type"] for base in bases if base.partitioning}
    if not units:
        yield Problem(RULE, "partitions of a view over tables that have none", None)
    elif view.partitioning["type"] not in units:
        wanted = " or ".join(sorted(units))
        yield Problem(
            RULE, f"partitions by {view.partitioning['type']}; its table's are by {wanted}", None
        )
