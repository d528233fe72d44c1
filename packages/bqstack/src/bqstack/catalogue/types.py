"""BigQuery data types in the two forms that Google's API uses.

TableFieldSchema (tables) has legacy names and modes; StandardSqlDataType (routines)
nests. https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema
https://cloud.google.com/bigquery/docs/reference/rest/v2/StandardSqlDataType
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from sqlglot import exp

_STANDARD_NAMES = {
    exp.DType.TEXT: "STRING",
    exp.DType.VARCHAR: "STRING",
    exp.DType.BINARY: "BYTES",
    exp.DType.VARBINARY: "BYTES",
    exp.DType.BIGINT: "INT64",
    exp.DType.INT: "INT64",
    exp.DType.DOUBLE: "FLOAT64",
    exp.DType.FLOAT: "FLOAT64",
    exp.DType.DECIMAL: "NUMERIC",
    exp.DType.BIGDECIMAL: "BIGNUMERIC",
    exp.DType.BOOLEAN: "BOOL",
    exp.DType.DATE: "DATE",
    exp.DType.TIME: "TIME",
    exp.DType.DATETIME: "DATETIME",
    exp.DType.TIMESTAMP: "DATETIME",
    exp.DType.TIMESTAMPTZ: "TIMESTAMP",
    exp.DType.JSON: "JSON",
    exp.DType.GEOGRAPHY: "GEOGRAPHY",
    exp.DType.INTERVAL: "INTERVAL",
}
_LEGACY_NAMES = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}


class UnknownType(ValueError):
    """The text is not a data type of BigQuery."""

    @property
    def fix(self) -> str | None:
        """The type that was probably meant."""
        close = get_close_matches(str(self).upper(), sorted(set(_STANDARD_NAMES.values())), n=1)
        return f"did you mean {close[0]}?" if close else None


class NotDeclared(ValueError):
    """A constraint or an option of a column that no schema of ours carries."""


def parse(text: str) -> exp.DataType:
    """sqlglot's form of a BigQuery type; raises UnknownType."""
    try:
        parsed = exp.DataType.build(text, dialect="bigquery")
    except Exception as error:  # sqlglot raises several classes for a bad type
        raise UnknownType(text) from error
    standard(parsed)
    return parsed


def standard(data_type: exp.DataType) -> dict[str, Any]:
    """StandardSqlDataType of a parsed type; raises UnknownType."""
    if data_type.this == exp.DType.ARRAY:
        return {"typeKind": "ARRAY", "arrayElementType": standard(data_type.expressions[0])}
    if data_type.this == exp.DType.STRUCT:
        fields = [
            {"name": column.name, "type": standard(column.args["kind"])}
            for column in data_type.expressions
        ]
        return {"typeKind": "STRUCT", "structType": {"fields": fields}}
    return {"typeKind": _scalar(data_type)}


def table_field(column: exp.ColumnDef) -> dict[str, Any]:
    """TableFieldSchema of a column definition, in the form that the API returns."""
    data_type, mode = column.args["kind"], "NULLABLE"
    if data_type is None:
        raise UnknownType(column.name)
    if data_type.this == exp.DType.ARRAY:
        data_type, mode = data_type.expressions[0], "REPEATED"
    # An array is REPEATED with or without NOT NULL: BigQuery has none that is NULL.
    if mode != "REPEATED" and _is_required(column):
        mode = "REQUIRED"
    field: dict[str, Any] = {"name": column.name, "mode": mode}
    if data_type.this == exp.DType.STRUCT:
        field["type"] = "RECORD"
        field["fields"] = [table_field(child) for child in data_type.expressions]
    else:
        name = _scalar(data_type)
        field["type"] = _LEGACY_NAMES.get(name, name)
        field.update(_parameters(field["type"], data_type))
    return field | _column_options(column)


def _is_required(column: exp.ColumnDef) -> bool:
    """Whether NOT NULL stands at the column itself; a field of a struct has its own."""
    return any(
        isinstance(constraint.args["kind"], exp.NotNullColumnConstraint)
        for constraint in column.args.get("constraints") or []
    )


def _scalar(data_type: exp.DataType) -> str:
    try:
        return _STANDARD_NAMES[data_type.this]
    except KeyError:
        raise UnknownType(data_type.sql("bigquery")) from None


def _parameters(name: str, data_type: exp.DataType) -> dict[str, str]:
    """`STRING(20)` and `NUMERIC(10, 2)` carry their parameters as separate fields."""
    values = [parameter.name for parameter in data_type.expressions]
    keys = ["maxLength"] if name in ("STRING", "BYTES") else ["precision", "scale"]
    return dict(zip(keys, values, strict=False))


def _column_options(column: exp.ColumnDef) -> dict[str, str]:
    options: dict[str, str] = {}
    for constraint in column.args.get("constraints") or []:
        kind = constraint.args["kind"]
        if isinstance(kind, exp.DefaultColumnConstraint):
            options["defaultValueExpression"] = kind.this.sql("bigquery")
        elif isinstance(kind, exp.Properties):
            options |= dict(map(_option, kind.expressions))
        elif not isinstance(kind, exp.NotNullColumnConstraint):
            raise NotDeclared(kind.sql("bigquery"))
    return options


def _option(option: exp.Property) -> tuple[str, str]:
    name = option.name.lower()
    if name != "description":
        raise NotDeclared(f"option {option.name}")
    return name, option.args["value"].name
