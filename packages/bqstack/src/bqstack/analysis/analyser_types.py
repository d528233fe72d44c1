"""BigQuery's types in the analyser's form."""

from __future__ import annotations

from functools import cache

from zetasql.wasi._pb2.zetasql.public import type_pb2
from zetasql.wasi._pb2.zetasql.public.type_pb2 import (
    ArrayTypeProto,
    RangeTypeProto,
    StructFieldProto,
    StructTypeProto,
    TypeProto,
)

from bqstack.catalogue import data_types as catalogue_types
from bqstack.unchecked import JsonObject

_KINDS = {
    "STRING": type_pb2.TYPE_STRING,
    "BYTES": type_pb2.TYPE_BYTES,
    "INT64": type_pb2.TYPE_INT64,
    "FLOAT64": type_pb2.TYPE_DOUBLE,
    "NUMERIC": type_pb2.TYPE_NUMERIC,
    "BIGNUMERIC": type_pb2.TYPE_BIGNUMERIC,
    "BOOL": type_pb2.TYPE_BOOL,
    "DATE": type_pb2.TYPE_DATE,
    "TIME": type_pb2.TYPE_TIME,
    "DATETIME": type_pb2.TYPE_DATETIME,
    "TIMESTAMP": type_pb2.TYPE_TIMESTAMP,
    "JSON": type_pb2.TYPE_JSON,
    "GEOGRAPHY": type_pb2.TYPE_GEOGRAPHY,
    "INTERVAL": type_pb2.TYPE_INTERVAL,
}
_STANDARD_NAMES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}


@cache
def parsed(text: str) -> TypeProto:
    """Type written as in SQL; raises bqstack.catalogue.data_types.UnknownType."""
    return standard(catalogue_types.standard(catalogue_types.parse(text)))


def standard(kind: JsonObject) -> TypeProto:
    """Type in the form of BigQuery's StandardSqlDataType."""
    if kind["typeKind"] == "ARRAY":
        return _array(standard(kind["arrayElementType"]))
    if kind["typeKind"] == "STRUCT":
        fields = kind["structType"]["fields"]
        return struct([(f.get("name", ""), standard(f["type"])) for f in fields])
    if kind["typeKind"] == "RANGE":
        return _range(standard(kind["rangeElementType"]))
    return TypeProto(type_kind=_KINDS[kind["typeKind"]])


def field(column: JsonObject) -> TypeProto:
    """Type of a column in the form of BigQuery's TableFieldSchema."""
    if column["type"] == "RECORD":
        element = struct([(child["name"], field(child)) for child in column["fields"]])
    elif column["type"] == "RANGE":
        element = _range(TypeProto(type_kind=_KINDS[column["rangeElementType"]["type"]]))
    else:
        written = str(column["type"])
        name = _STANDARD_NAMES.get(written, written)
        element = TypeProto(type_kind=_KINDS[name])
    return _array(element) if column["mode"] == "REPEATED" else element


def struct(fields: list[tuple[str, TypeProto]]) -> TypeProto:
    """A STRUCT; a row of a FOR loop is one."""
    members = [StructFieldProto(field_name=name, field_type=kind) for name, kind in fields]
    return TypeProto(type_kind=type_pb2.TYPE_STRUCT, struct_type=StructTypeProto(field=members))


def _array(element: TypeProto) -> TypeProto:
    return TypeProto(type_kind=type_pb2.TYPE_ARRAY, array_type=ArrayTypeProto(element_type=element))


def _range(element: TypeProto) -> TypeProto:
    return TypeProto(type_kind=type_pb2.TYPE_RANGE, range_type=RangeTypeProto(element_type=element))
