"""Functions, table functions and procedures of BigQuery that the analyser lacks.

A table function of BigQuery gives the columns of what it is called with, and some of its own.
The analyser finds them from a body that reads the same tables: the body is never run.
https://cloud.google.com/bigquery/docs/reference/standard-sql/table-functions-built-in
https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-preprocessing-functions
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from zetasql.wasi._pb2.zetasql.proto.function_pb2 import (
    FunctionArgumentTypeOptionsProto,
    FunctionArgumentTypeProto,
    FunctionOptionsProto,
    FunctionProto,
    FunctionSignatureProto,
    ProcedureProto,
    TableValuedFunctionProto,
)
from zetasql.wasi._pb2.zetasql.proto.simple_catalog_pb2 import SimpleCatalogProto
from zetasql.wasi._pb2.zetasql.public import function_pb2 as enums
from zetasql.wasi._pb2.zetasql.public.value_pb2 import ValueProto

from bqstack.analysis import analyser_types, any_type, google_names, table_calls
from bqstack.analysis.table_calls import Call
from bqstack.catalogue import scan

_CARDINALITY = enums.FunctionEnums.OPTIONAL
_NAMED, _EITHER = enums.FunctionEnums.NAMED_ONLY, enums.FunctionEnums.POSITIONAL_OR_NAMED
_KINDS = {
    "ANY": enums.ARG_TYPE_ARBITRARY,
    "ANY_1": enums.ARG_TYPE_ANY_1,
    "ANY_2": enums.ARG_TYPE_ANY_2,
    "ARRAY": enums.ARG_ARRAY_TYPE_ANY_1,
    "ARRAY_2": enums.ARG_ARRAY_TYPE_ANY_2,
    "TABLE": enums.ARG_TYPE_RELATION,
}
# Scalar functions of BigQuery ML: their arguments, those from `?` on optional, and their result.
_SCALAR = {
    "BUCKETIZE": ("FLOAT64, ARRAY, ?BOOL, ?STRING", "STRING"),
    "DISTANCE": ("ARRAY, ARRAY_2, ?STRING", "FLOAT64"),
    "HASH_BUCKETIZE": ("STRING, INT64", "INT64"),
    "LP_NORM": ("ARRAY, FLOAT64", "FLOAT64"),
    "NGRAMS": ("ARRAY<STRING>, ARRAY<INT64>, ?STRING", "ARRAY<STRING>"),
    "NORMALIZER": ("ARRAY, ?FLOAT64", "ARRAY<FLOAT64>"),
}
# The same of others that the analyser lacks.
# https://cloud.google.com/bigquery/docs/reference/standard-sql/text-analysis-functions
# https://cloud.google.com/bigquery/docs/reference/standard-sql/dlp_functions
_KEY = "STRUCT<kms_resource_name STRING, wrapped_key BYTES>"
_OTHERS = {
    "BAG_OF_WORDS": ("ARRAY<STRING>", "ARRAY<STRUCT<term STRING, count INT64>>"),
    "DLP_DETERMINISTIC_DECRYPT": ("ANY, STRING, STRING, ?STRING", "STRING"),
    "DLP_DETERMINISTIC_ENCRYPT": ("ANY, STRING, STRING, ?STRING", "STRING"),
    "DLP_KEY_CHAIN": ("STRING, BYTES", _KEY),
    "TEXT_ANALYZE": ("STRING, analyzer =STRING, analyzer_options =STRING", "ARRAY<STRING>"),
}
_TF_IDF = ("ARRAY<STRING>, ?INT64, ?INT64", "ARRAY<STRUCT<term STRING, tf_idf FLOAT64>>")
# Those of BigQuery ML with OVER ().
_ANALYTIC = {
    "LABEL_ENCODER": ("STRING, ?INT64, ?INT64", "INT64"),
    "MAX_ABS_SCALER": ("FLOAT64", "FLOAT64"),
    "MIN_MAX_SCALER": ("FLOAT64", "FLOAT64"),
    "QUANTILE_BUCKETIZE": ("FLOAT64, INT64, ?STRING", "STRING"),
    "ROBUST_SCALER": ("FLOAT64, ?ARRAY, ?BOOL, ?BOOL", "FLOAT64"),
    "STANDARD_SCALER": ("FLOAT64", "FLOAT64"),
}
# Of a table function: arguments with their names (`=` by name only, `?` optional), then the query
# for its columns. Those of GAP_FILL and RANGE_SESSIONIZE follow from each call (`table_calls`).
_SEARCH = "top_k =INT64, distance_type =STRING, options =STRING"
_TABLE_FUNCTIONS = {
    "APPENDS": (
        "given TABLE, start_timestamp ?TIMESTAMP, end_timestamp ?TIMESTAMP",
        "SELECT *, '' AS _CHANGE_TYPE, TIMESTAMP '2000-01-01' AS _CHANGE_TIMESTAMP FROM given",
    ),
    "CHANGES": (
        "given TABLE, start_timestamp TIMESTAMP, end_timestamp TIMESTAMP",
        "SELECT *, '' AS _CHANGE_TYPE, TIMESTAMP '2000-01-01' AS _CHANGE_TIMESTAMP,"
        " TRUE AS _CHANGE_IS_FOR_UPDATE FROM given",
    ),
    "VECTOR_SEARCH": (
        "base_table TABLE, column_to_search STRING, query_table TABLE,"
        f" query_column_to_search ?STRING, {_SEARCH}",
        "SELECT query_row AS query, base_row AS base, 0.5 AS distance"
        " FROM query_table AS query_row, base_table AS base_row",
    ),
    "AI.SEARCH": (
        f"base_table TABLE, column_to_search STRING, query_value ANY, mode =STRING, {_SEARCH}",
        "SELECT base_row AS base, 0.5 AS distance FROM base_table AS base_row",
    ),
}
# One name has one signature of this kind. The search for a single vector goes by another name of
# the same length, so that places in the text stay.
_SINGLE = "VECTOR_SEARC1"
_SEARCH_CALL = re.compile(r"\bVECTOR_SEARCH\b(?=\s*\()", re.IGNORECASE)
_TABLE_FUNCTIONS[_SINGLE] = (
    f"base_table TABLE, column_to_search STRING, query_value !ANY, {_SEARCH}",
    _TABLE_FUNCTIONS["AI.SEARCH"][1],
)


def add(root: SimpleCatalogProto) -> None:
    """Add them to a catalogue."""
    for path, function in _functions():
        below(root, *path[:-1]).custom_function.append(function)
    for path, table_function in _table_functions():
        below(root, *path[:-1]).custom_tvf.append(table_function)
    for path in google_names.SYSTEM_PROCEDURES:
        below(root, *path[:-1]).procedure.append(
            ProcedureProto(name_path=path[-1:], signature=_signature("STRING", "INT64"))
        )


def with_calls(catalogue: SimpleCatalogProto, calls: Sequence[Call]) -> SimpleCatalogProto:
    """A copy of the catalogue that knows these calls, each with its own columns."""
    made = SimpleCatalogProto()
    made.CopyFrom(catalogue)
    for call in calls:
        made.custom_tvf.append(_table_function(call.name, call.arguments, call.query))
    return made


def below(holder: SimpleCatalogProto, *names: str) -> SimpleCatalogProto:
    """The catalogue of these names in another, made when it is not there."""
    for name in names:
        found = (one for one in holder.catalog if one.name.lower() == name.lower())
        if (known := next(found, None)) is None:
            known = holder.catalog.add()
            known.name = name
        holder = known
    return holder


def renamed(sql: str) -> str:
    """The text with every search for a single vector by its own name; as long as before."""
    if not _SEARCH_CALL.search(sql):
        return sql
    try:
        tokens = scan.tokenize(sql)
    except scan.ScanError:
        return sql
    for place, token in reversed(list(enumerate(tokens[:-1]))):
        if token.text.upper() == "VECTOR_SEARCH" and scan.is_at(tokens, place + 1, "("):
            inside, _ = scan.inside(tokens, place + 1)
            depths = scan.depths(inside)
            at_top = (t.text.lower() for t, depth in zip(inside, depths, strict=True) if not depth)
            if "query_value" in at_top:
                sql = sql[: token.start] + _SINGLE + sql[token.end + 1 :]
    return sql


def shown(message: str) -> str:
    """A message of the analyser with the names that people write."""
    return table_calls.shown(message.replace(_SINGLE, "VECTOR_SEARCH"))


@cache
def _functions() -> Sequence[tuple[Sequence[str], FunctionProto]]:
    chosen = [("ANY_1, ANY_2", "ANY_1")]
    options = ", ".join(f"{name} =STRING" for name in google_names.SEARCH_OPTIONS)
    aggregates = [_function((n,), "AGGREGATE", chosen) for n in google_names.CHOOSING_AGGREGATES]
    searches = [
        _function((n,), "SCALAR", [(f"ANY, STRING, {options}", returns)])
        for n, returns in google_names.SEARCHES.items()
    ]
    scalar = [_function(("ML", name), "SCALAR", [one]) for name, one in _SCALAR.items()]
    imputed = [("FLOAT64, STRING", "FLOAT64"), ("STRING, STRING", "STRING")]
    analytic = [_function(("ML", name), "ANALYTIC", [one]) for name, one in _ANALYTIC.items()]
    others = [_function((name,), "SCALAR", [one]) for name, one in _OTHERS.items()]
    return [
        *(*aggregates, *searches, *scalar, *analytic, *others),
        _function(("TF_IDF",), "ANALYTIC", [_TF_IDF]),
        _function(("ML", "IMPUTER"), "ANALYTIC", imputed),
    ]


@cache
def _table_functions() -> Sequence[tuple[Sequence[str], TableValuedFunctionProto]]:
    return [
        (path, _table_function(path[-1], arguments, query))
        for name, (arguments, query) in _TABLE_FUNCTIONS.items()
        if (path := name.split("."))
    ]


def _table_function(name: str, arguments: str, query: str) -> TableValuedFunctionProto:
    listed = _listed(arguments)
    return any_type.table_function(
        name,
        [_argument(one, has_default=True) for one in listed],
        [one.split()[0] for one in listed],
        query,
    )


def _function(
    path: Sequence[str], mode: str, signatures: Sequence[tuple[str, str]]
) -> tuple[Sequence[str], FunctionProto]:
    made = FunctionProto(
        name_path=path[-1:],
        group="Google",
        mode=mode,
        signature=[_signature(*one) for one in signatures],
    )
    if mode == "ANALYTIC":
        made.options.CopyFrom(FunctionOptionsProto(supports_over_clause=True))
    return path, made


def _signature(arguments: str, returns: str) -> FunctionSignatureProto:
    return FunctionSignatureProto(
        argument=map(_argument, _listed(arguments)), return_type=_argument(returns)
    )


def _listed(arguments: str) -> list[str]:
    return re.split(r",\s*(?![^<]*>)", arguments)


def _argument(written: str, *, has_default: bool = False) -> FunctionArgumentTypeProto:
    """An argument: its name, if it has one, then a mark (`?`, `=`, `!`) and its type."""
    before, bracket, inside = written.partition("<")
    name, _, kind = before.rpartition(" ")
    kind += bracket + inside
    if not kind:
        name, kind = "", written
    mark, kind = (kind[0], kind[1:]) if kind[0] in "?=!" else ("", kind)
    # The analyser aborts on the default of zero occurrences.
    made = FunctionArgumentTypeProto(num_occurrences=0 if mark in ("?", "=") else 1)
    if kind in _KINDS:
        made.kind = _KINDS[kind]
    else:
        made.kind = enums.ARG_TYPE_FIXED
        made.type.CopyFrom(analyser_types.parsed(kind))
    if name or mark:
        options = FunctionArgumentTypeOptionsProto()
        if mark in ("?", "="):
            options.cardinality = _CARDINALITY
        if name:
            options.argument_name = name
            options.named_argument_kind = _NAMED if mark in ("=", "!") else _EITHER
        if mark in ("?", "=") and has_default:
            # NULL: one without a default is refused where a body stands.
            options.default_value.CopyFrom(ValueProto())
            if made.kind != enums.ARG_TYPE_FIXED:
                options.default_value_type.CopyFrom(analyser_types.parsed("INT64"))
        made.options.CopyFrom(options)
    return made
