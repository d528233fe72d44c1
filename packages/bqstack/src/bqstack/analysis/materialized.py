"""What BigQuery refuses in a materialized view that it refreshes by what has changed.

Its pages list what is supported, so what is neither in their pattern nor in their lists is refused.
SELECT DISTINCT is in the pattern.
https://cloud.google.com/bigquery/docs/materialized-views-create#supported-mvs
https://cloud.google.com/bigquery/docs/materialized-views-create#query_limitations
https://cloud.google.com/bigquery/docs/materialized-views-intro#limitations
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from zetasql.wasi._pb2.zetasql.public import type_pb2

from bqstack.analysis.column_origins import Origins
from bqstack.analysis.statement_checks import Problem, start_of
from bqstack.analysis.tree import Node
from bqstack.analysis.unique_keys import function_name
from bqstack.catalogue import scan
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
        *("session_user", "generate_uuid", "aead.encrypt", "keys.new_keyset"),
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
_OURS = ("udf:", "templated_sql_function:")
_GROUPED = ("ResolvedAggregateScan",)
_UNITS = ("HOUR", "DAY", "MONTH", "YEAR")
_CLUSTERED = frozenset(
    {
        *(type_pb2.TYPE_BIGNUMERIC, type_pb2.TYPE_BOOL, type_pb2.TYPE_DATE, type_pb2.TYPE_STRING),
        *(type_pb2.TYPE_DATETIME, type_pb2.TYPE_GEOGRAPHY, type_pb2.TYPE_INT64),
        *(type_pb2.TYPE_NUMERIC, type_pb2.TYPE_RANGE, type_pb2.TYPE_TIMESTAMP),
    }
)
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
    if resolved.get("is_value_table"):
        message = "a materialized view cannot contain SELECT AS STRUCT or AS VALUE"
        yield Problem(RULE, message, None)
    origins = Origins(resolved)
    yield from _computed(resolved, origins)
    yield from _grouped_twice(view, resolved, origins)
    yield from _sources(view, resolved, objects)
    outputs = {one.get("name").lower(): one for one in resolved.get("output_column_list")}
    yield from _clusters(view, outputs, origins)
    yield from _partitions(view, outputs, origins, objects)


def _refused(node: Node, tables: set[str]) -> Iterator[str]:
    if node.kind in _SCANS:
        yield _SCANS[node.kind]
    elif node.kind == "ResolvedSetOperationScan":
        yield _SET_OPERATIONS.get(node.get("op_type"), "UNION, INTERSECT or EXCEPT DISTINCT")
    elif node.kind == "ResolvedJoinScan" and node.get("join_type") in _JOINS:
        yield _JOINS[node.get("join_type")]
    elif node.kind == "ResolvedSubqueryExpr" and node.get("subquery_type") == _ARRAY_SUBQUERY:
        yield "an ARRAY subquery"
    elif node.kind == "ResolvedTableScan":
        name = node.get("table").full_name.lower()
        if name in tables:
            yield f"a join of {name.rpartition('.')[2]} with itself"
        tables.add(name)
        if node.get("for_system_time_expr") is not None:
            yield "FOR SYSTEM_TIME AS OF"
    elif node.kind == "ResolvedAggregateScan":
        if node.get("grouping_set_list"):
            yield "ROLLUP, CUBE or GROUPING SETS"
        if node.get("grouping_call_list"):
            yield "GROUPING"
    elif node.kind == "ResolvedFilterScan" and node.get("input_scan").kind in _GROUPED:
        yield "HAVING"
    elif node.kind == "ResolvedSystemVariable":
        yield f"the system variable @@{'.'.join(node.get('name_path'))}"
    elif node.kind == "ResolvedAggregateFunctionCall":
        yield from _aggregate(node)
    elif node.has("function") and (function := node.get("function")) is not None:
        name = (function_name(node) or "").removeprefix("google:")
        if name in _CHANGING:
            yield f"{name.upper()}(), whose value changes"
        elif name.startswith("ai."):
            yield f"a function of generative AI: {name.upper()}"
        elif name.startswith(_OURS):
            yield f"a function of ours: {re.split('[.:]', function.name)[-1]}"


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


def _computed(resolved: Node, origins: Origins) -> Iterator[Problem]:
    """Values made from an aggregate, filters and joins by one: aggregates must be outputs."""
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
                if reference.get("column").column_id in origins.aggregates:
                    message = f"a materialized view gives an aggregate as it is; this {what} one"
                    yield Problem(RULE, message, start_of(reference))
                    break


def _grouped_twice(view: MaterializedView, resolved: Node, origins: Origins) -> Iterator[Problem]:
    """What is grouped may not be grouped again; SELECT DISTINCT is no second GROUP BY."""
    tokens = scan.tokenize(view.query)
    clauses = sum(scan.is_at(tokens, place, "GROUP", "BY") for place in range(len(tokens)))
    for outer in resolved.find("ResolvedAggregateScan"):
        if origins.is_grouped(outer.get("input_scan")) and (
            outer.get("aggregate_list") or clauses > 1
        ):
            message = "a materialized view cannot contain a GROUP BY over what is grouped"
            yield Problem(RULE, message, start_of(outer))


def _sources(
    view: MaterializedView, resolved: Node, objects: Mapping[str, SqlObject]
) -> Iterator[Problem]:
    for name in view.depends_on:
        found = objects.get(name)
        if isinstance(found, View):
            kind = "a materialized view" if isinstance(found, MaterializedView) else "a view"
            yield Problem(RULE, f"a materialized view reads tables, and {name} is {kind}", None)
    for table in resolved.find("ResolvedTableScan"):
        name = table.get("table").full_name
        kind = "a wildcard table" if name.endswith("*") else ""
        if ".information_schema." in name.lower():
            kind = "a view of Google's"
        if kind:
            message = f"a materialized view reads tables, and {name} is {kind}"
            yield Problem(RULE, message, start_of(table))


def _clusters(
    view: MaterializedView, outputs: Mapping[str, Node], origins: Origins
) -> Iterator[Problem]:
    for name in view.clustering:
        if (output := outputs.get(name.lower())) is None:
            continue  # The analyser says so.
        column = output.get("column")
        if column.column_id in origins.aggregates:
            yield Problem(RULE, f"CLUSTER BY {name}, which is an aggregate", None)
        elif column.type.type_kind not in _CLUSTERED:
            yield Problem(RULE, f"CLUSTER BY {name}: no rows are clustered by its type", None)


def _partitions(
    view: MaterializedView,
    outputs: Mapping[str, Node],
    origins: Origins,
    objects: Mapping[str, SqlObject],
) -> Iterator[Problem]:
    """The partitions of the view are those of its table: the same column, the same unit."""
    if view.partitioning is None:
        return
    bases = [o for name in view.depends_on if isinstance(o := objects.get(name), Table)]
    units = {base.partitioning["type"] for base in bases if base.partitioning}
    if not units:
        yield Problem(RULE, "partitions of a view over tables that have none", None)
        return
    if view.partitioning["type"] not in units:
        wanted = " or ".join(sorted(units))
        yield Problem(
            RULE, f"partitions by {view.partitioning['type']}; its table's are by {wanted}", None
        )
        return
    name = view.partitioning["field"]
    if (output := outputs.get(name.lower())) is None:
        return  # The analyser says so.
    origin = origins.of(output.get("column").column_id)
    by_name = {base.name.lower(): base.partitioning for base in bases if base.partitioning}
    own = by_name.get(origin.table.rpartition(".")[2].lower()) if origin else None
    if origin is None or own is None or own["field"].lower() != origin.column.lower():
        message = f"PARTITION BY {name}, which is not the column that its table is partitioned by"
        yield Problem(RULE, message, None)
    elif origin.unit and _UNITS.index(origin.unit) > _UNITS.index(own["type"]):
        message = f"{name} is truncated to {origin.unit}; the partitions are by {own['type']}"
        yield Problem(RULE, message, None)
