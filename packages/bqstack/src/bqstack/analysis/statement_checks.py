"""Checks of one analysed statement that BigQuery itself makes late or never."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from bqstack.analysis import google_names
from bqstack.analysis.scope import Facts
from bqstack.analysis.tree import Node
from bqstack.analysis.unique_keys import (
    Ids,
    Keys,
    column_id,
    conjuncts,
    equated,
    function_name,
    is_constant,
)

_INSERT_ONLY = {0}  # ResolvedMergeWhenEnums.ActionType.INSERT
_COMPARISONS = {"$equal", "$less", "$less_or_equal", "$greater", "$greater_or_equal"}
# Functions of a partition column through which BigQuery still finds the partitions.
_KEEPING_ORDER = {
    "date",
    "date_trunc",
    "timestamp_trunc",
    "datetime_trunc",
    "timestamp",
    "datetime",
}


@dataclass(frozen=True)
class Problem:
    """A broken rule; `at` is a byte of the analysed text, None for the whole statement."""

    rule: str
    message: str
    at: int | None


def check(statement: Node, facts: Mapping[str, Facts], full_reads: bool) -> Iterator[Problem]:
    """All problems; `full_reads` permits reading a partitioned table as a whole."""
    yield from _required_columns(statement, facts)
    yield from _sources(statement, facts)
    yield from _parameters(statement)
    yield from _undocumented(statement)
    if not full_reads:
        for scan, column in unfiltered(statement, facts):
            name = scan.get("table").full_name.rsplit(".", 1)[-1]
            yield Problem(
                "unfiltered-read",
                f"{name} is partitioned by {column}, and this reads all its partitions",
                start_of(scan),
            )


def _undocumented(statement: Node) -> Iterator[Problem]:
    """Functions that the analyser has and BigQuery's reference does not."""
    for node in statement.nodes():
        if not node.has("function") or node.get("function") is None:
            continue
        name = (function_name(node) or "").removeprefix("google:")
        if name in google_names.UNDOCUMENTED:
            message = f"{name.upper()} is not in BigQuery's reference"
            yield Problem("missing-object", message, start_of(node))


def _parameters(statement: Node) -> Iterator[Problem]:
    """Casts to STRING(n) and the like: "only with columns and script variables".

    https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#parameterized_data_types
    """
    for cast in statement.find("ResolvedCast"):
        modifiers = cast.get("type_modifiers")
        if modifiers is not None and modifiers.HasField("type_parameters"):
            yield Problem(
                "wrong-type",
                "a type with parameters is for columns and variables; CAST has none",
                start_of(cast),
            )


def hidden(statement: Node, names: Collection[str], text: str) -> Iterator[Problem]:
    """Columns written as the bare name of an argument or variable, of which they take the place.

    And the other way round, rows written as the bare name of a column: a column that is called
    like its table (https://cloud.google.com/bigquery/docs/schemas#column_names).
    `names` are in lower case; `text` is what was analysed.
    """
    written = text.encode()
    for row in statement.find("ResolvedMakeStruct"):
        if (place := row.span_if_any) is None:
            continue
        name = written[slice(*place)].decode().strip("`").lower()
        if name in {field.field_name.lower() for field in row.get("type").struct_type.field}:
            message = f"{name} is the whole row of the table here, not its column"
            yield Problem("hidden-name", message, place[0])
    for reference in statement.find("ResolvedColumnRef"):
        span = reference.span_if_any
        if span is None:
            continue
        first, _, _ = written[slice(*span)].decode().partition(".")
        name = first.strip("`").lower()
        if name in names and name == reference.get("column").name.lower():
            yield Problem(
                "hidden-name",
                f"{name} is the column here, not the argument or variable",
                span[0],
            )


def unfiltered(statement: Node, facts: Mapping[str, Facts]) -> Iterator[tuple[Node, str]]:
    """Scans of partitioned tables without a filter that chooses partitions."""
    if statement.kind == "ResolvedTruncateStmt":
        # It reads nothing and is not billed.
        return
    conditions = [part for whole in _conditions(statement) for part in conjuncts(whole)]
    target = statement.get("table_scan") if statement.kind == "ResolvedInsertStmt" else None
    for scan in statement.find("ResolvedTableScan"):
        known = facts.get(scan.get("table").full_name.lower())
        if known is None or known.partition is None:
            continue
        if target is not None and scan.span_if_any == target.span_if_any:
            continue
        ids = {c.column_id for c in scan.get("column_list") if c.name.lower() == known.partition}
        if not any(_limits(condition, ids) for condition in conditions):
            yield scan, known.partition


def _conditions(statement: Node) -> Iterator[Node]:
    for node in statement.nodes():
        for name in ("filter_expr", "where_expr", "merge_expr"):
            if node.has(name):
                condition = node.get(name)
                if condition is not None:
                    yield condition


def _limits(condition: Node, ids: set[int]) -> bool:
    """True when the condition bounds one of the columns by something constant."""
    name = function_name(condition)
    if name == "$or":
        return all(
            any(_limits(part, ids) for part in conjuncts(side))
            for side in condition.get("argument_list")
        )
    if name is None:
        return False
    arguments = condition.get("argument_list")
    if name in _COMPARISONS:
        left, right = arguments
        return (_is_partition(left, ids) and is_constant(right)) or (
            _is_partition(right, ids) and is_constant(left)
        )
    if name in ("$between", "$in", "$in_array"):
        column, *values = arguments
        return _is_partition(column, ids) and all(is_constant(value) for value in values)
    return name == "$is_null" and _is_partition(arguments[0], ids)


def _is_partition(expression: Node, ids: set[int]) -> bool:
    if expression.kind == "ResolvedCast":
        return _is_partition(expression.get("expr"), ids)
    if function_name(expression) in _KEEPING_ORDER:
        return _is_partition(expression.get("argument_list")[0], ids)
    return column_id(expression) in ids


def _sources(statement: Node, facts: Mapping[str, Facts]) -> Iterator[Problem]:
    if statement.kind == "ResolvedMergeStmt":
        actions = {clause.get("action_type") for clause in statement.get("when_clause_list")}
        condition = statement.get("merge_expr")
        if actions <= _INSERT_ONLY:
            return
    elif statement.kind == "ResolvedUpdateStmt" and statement.get("from_scan") is not None:
        condition = statement.get("where_expr")
    else:
        return
    source = statement.get("from_scan")
    keys = Keys(facts).of(source)
    joined = _joined_columns(condition, source)
    if any(key <= joined for key in keys):
        return
    word = "MERGE" if statement.kind == "ResolvedMergeStmt" else "UPDATE ... FROM"
    names = {c.column_id: c.name for c in source.get("column_list")}
    on = ", ".join(sorted(names[i] for i in joined if i in names)) or "no column"
    yield Problem(
        "duplicate-source",
        f"the source of this {word} is not known to be unique on {on}",
        start_of(source),
    )


def _joined_columns(condition: Node, source: Node) -> Ids:
    """Columns of the source that the condition fixes for a given target row."""
    ids = {c.column_id for c in source.get("column_list")}
    found = set()
    for left, right in equated(condition):
        for one, other in ((left, right), (right, left)):
            references = {r.get("column").column_id for r in other.find("ResolvedColumnRef")}
            if column_id(one) in ids and not references & ids:
                found.add(column_id(one))
    return frozenset(i for i in found if i is not None)


def _required_columns(statement: Node, facts: Mapping[str, Facts]) -> Iterator[Problem]:
    for given, table, at in _inserts(statement):
        known = facts.get(table.get("table").full_name.lower())
        missing = [c for c in (known.required if known else ()) if c not in given]
        if missing:
            name = table.get("table").full_name.rsplit(".", 1)[-1]
            yield Problem(
                "required-column",
                f"{name} needs a value for {', '.join(missing)}: NOT NULL and without a default",
                at,
            )


def _inserts(statement: Node) -> Iterator[tuple[set[str], Node, int | None]]:
    if statement.kind == "ResolvedInsertStmt":
        columns = statement.get("insert_column_list")
        table = statement.get("table_scan")
        yield {c.name.lower() for c in columns}, table, start_of(table)
    if statement.kind == "ResolvedMergeStmt":
        table = statement.get("table_scan")
        for clause in statement.get("when_clause_list"):
            if clause.get("action_type") in _INSERT_ONLY:
                columns = clause.get("insert_column_list")
                yield {c.name.lower() for c in columns}, table, start_of(clause) or start_of(table)


def start_of(node: Node) -> int | None:
    """First byte of the node, or of the first node below it that has a place."""
    for candidate in node.nodes():
        if (span := candidate.span_if_any) is not None:
            return span[0]
    return None
