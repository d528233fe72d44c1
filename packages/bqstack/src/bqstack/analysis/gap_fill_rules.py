"""What the arguments of GAP_FILL may be, by its page in BigQuery's reference.

https://cloud.google.com/bigquery/docs/reference/standard-sql/time-series-functions#gap_fill
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from zetasql.wasi._pb2.zetasql.public import type_pb2

from bqstack.analysis.statement_checks import Problem, start_of
from bqstack.analysis.table_calls import GAP_FILL, GapFill, renamed
from bqstack.analysis.tree import Node

_ORIGIN = 5  # its place among the arguments
_METHODS = ("null", "linear", "locf")
_TIMES = {
    type_pb2.TYPE_DATE: "DATE",
    type_pb2.TYPE_DATETIME: "DATETIME",
    type_pb2.TYPE_TIMESTAMP: "TIMESTAMP",
}
_NUMBERS = frozenset(
    {
        *(type_pb2.TYPE_INT64, type_pb2.TYPE_DOUBLE),
        *(type_pb2.TYPE_NUMERIC, type_pb2.TYPE_BIGNUMERIC),
    }
)
# Types that PARTITION BY of a window does not take.
_NOT_PARTITIONED = {
    type_pb2.TYPE_ARRAY: "an ARRAY",
    type_pb2.TYPE_DOUBLE: "a FLOAT64",
    type_pb2.TYPE_GEOGRAPHY: "a GEOGRAPHY",
    type_pb2.TYPE_JSON: "a JSON",
}


def check(statement: Node, text: str) -> Iterator[Problem]:
    """What BigQuery's page refuses in the calls of an analysed statement; `text` was analysed."""
    _, calls = renamed(text)
    by_name = {call.name: call for call in calls if isinstance(call, GapFill)}
    if not by_name:
        return
    for found in statement.find("ResolvedTVFScan"):
        call = by_name.get(found.get("tvf").name.rpartition(".")[2].rpartition(":")[2])
        if call is None:
            continue
        signature = found.get("signature")
        relation = signature.argument[0].relation_argument
        columns = {one.name.lower(): one.type.type_kind for one in relation.column}
        given = found.get("argument_list")[_ORIGIN].get("expr")
        # An origin that is left out is NULL here.
        is_left_out = given is None or (given.kind == "ResolvedLiteral" and not given.span_if_any)
        origin = None if is_left_out else given.get("type").type_kind
        for rule, message in _wrong(call, columns, origin):
            yield Problem(rule, f"{GAP_FILL}: {message}", start_of(found))


def _wrong(
    call: GapFill, columns: Mapping[str, int], origin: int | None
) -> Iterator[tuple[str, str]]:
    time = columns.get((call.column or "").lower())
    if call.column is not None and time not in _TIMES:
        kinds = "a DATE, DATETIME or TIMESTAMP column"
        yield "wrong-type", f"ts_column names {call.column}; it takes {kinds}"
    elif time is not None and origin not in (None, time):
        yield "wrong-type", f"origin must be a {_TIMES[time]}, as {call.column} is"
    for name in call.partitions:
        if name.lower() not in columns:
            yield "unknown-column", f"partitioning_columns names {name}, which is not there"
        if kind := _NOT_PARTITIONED.get(columns.get(name.lower(), 0)):
            yield "wrong-type", f"partitioning_columns names {name}, {kind}"
    seen: set[str] = set()
    for name, method in call.values or ():
        if name.lower() in seen:
            yield "duplicate", f"value_columns names {name} twice"
        seen.add(name.lower())
        if method.lower() not in _METHODS:
            yield "wrong-arguments", f"{method!r} is none of the methods {', '.join(_METHODS)}"
        elif method.lower() == "linear" and columns.get(name.lower()) not in _NUMBERS:
            yield "wrong-type", f"'linear' of {name}, which is no number"
