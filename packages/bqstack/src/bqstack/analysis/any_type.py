"""Functions and table functions of ANY TYPE: the analyser reads their body at each call.

https://cloud.google.com/bigquery/docs/user-defined-functions#templated-sql-udf-parameters
"""

from __future__ import annotations

from collections.abc import Sequence

from zetasql.wasi._pb2.zetasql.proto.function_pb2 import (
    FunctionArgumentTypeProto,
    FunctionProto,
    FunctionSignatureProto,
    TableValuedFunctionProto,
)
from zetasql.wasi._pb2.zetasql.public import function_pb2 as enums
from zetasql.wasi._pb2.zetasql.public.parse_resume_location_pb2 import ParseResumeLocationProto

# The analyser's own name of such functions.
_GROUP = "Templated_SQL_Function"


def function(
    name: str, arguments: Sequence[FunctionArgumentTypeProto], names: Sequence[str], body: str
) -> FunctionProto:
    """A function whose body is an expression over its arguments."""
    result = FunctionArgumentTypeProto(kind=enums.ARG_TYPE_ARBITRARY, num_occurrences=1)
    return FunctionProto(
        name_path=[name],
        group=_GROUP,
        mode="SCALAR",
        signature=[FunctionSignatureProto(argument=arguments, return_type=result)],
        parse_resume_location=_location(body),
        templated_sql_function_argument_name=names,
    )


def table_function(
    name: str, arguments: Sequence[FunctionArgumentTypeProto], names: Sequence[str], body: str
) -> TableValuedFunctionProto:
    """A table function whose body is a query."""
    result = FunctionArgumentTypeProto(kind=enums.ARG_TYPE_RELATION, num_occurrences=1)
    return TableValuedFunctionProto(
        name_path=[name],
        type="TEMPLATED_SQL_TVF",
        signature=FunctionSignatureProto(argument=arguments, return_type=result),
        parse_resume_location=_location(body),
        argument_name=names,
    )


def _location(body: str) -> ParseResumeLocationProto:
    return ParseResumeLocationProto(input=body, byte_position=0)
