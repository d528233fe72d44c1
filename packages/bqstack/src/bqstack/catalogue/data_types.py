"""BigQuery data types in the two forms that Google's API uses.

TableFieldSchema (tables) has legacy names and modes; StandardSqlDataType (routines)
nests. https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema
https://cloud.google.com/bigquery/docs/reference/rest/v2/StandardSqlDataType
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sqlglot.tokenizer_core import Token, TokenType

from bqstack.catalogue import scan
from bqstack.unchecked import JsonObject

# https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
ALIASES = {
    "INT": "INT64",
    "INTEGER": "INT64",
    "BIGINT": "INT64",
    "SMALLINT": "INT64",
    "TINYINT": "INT64",
    "BYTEINT": "INT64",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
    "BOOLEAN": "BOOL",
}
SCALARS = frozenset(
    {
        *("BIGNUMERIC", "BOOL", "BYTES", "DATE", "DATETIME", "FLOAT64", "GEOGRAPHY", "INT64"),
        *("INTERVAL", "JSON", "NUMERIC", "STRING", "TIME", "TIMESTAMP"),
    }
)
# Types with parameters, and the most that they have.
_PARAMETERS = {"STRING": 1, "BYTES": 1, "NUMERIC": 2, "BIGNUMERIC": 2}
_RANGES = ("DATE", "DATETIME", "TIMESTAMP")
# What other databases call it.
_FOREIGN = {
    "CHAR": "STRING",
    "CLOB": "STRING",
    "TEXT": "STRING",
    "VARCHAR": "STRING",
    "UUID": "STRING",
    "BLOB": "BYTES",
    "VARBINARY": "BYTES",
    "DOUBLE": "FLOAT64",
    "FLOAT": "FLOAT64",
    "REAL": "FLOAT64",
    "NUMBER": "NUMERIC",
    "TIMESTAMPTZ": "TIMESTAMP",
}
_LEGACY_NAMES = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}


class UnknownType(ValueError):
    """The text is not a data type of BigQuery."""

    @property
    def fix(self) -> str | None:
        """The type that was probably meant."""
        name = str(self).upper().partition("(")[0].strip()
        if name in _FOREIGN:
            return f"BigQuery calls it {_FOREIGN[name]}"
        close = get_close_matches(name, sorted(SCALARS | ALIASES.keys()), n=1)
        return f"did you mean {close[0]}?" if close else None


@dataclass(frozen=True)
class Type:
    """A type: `element` of ARRAY and RANGE, `fields` of STRUCT, `parameters` as written."""

    name: str
    parameters: tuple[str, ...] = ()
    element: Type | None = None
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Field:
    """A field of a STRUCT, or a column; `rest` is what the file says behind its type."""

    name: str
    type: Type
    rest: tuple[Token, ...] = ()
    line: int = 1


def parse(text: str) -> Type:
    """A BigQuery type; raises UnknownType."""
    try:
        tokens = scan.tokenize(text)
    except scan.ScanError:
        raise UnknownType(text) from None
    found, end = read(tokens, 0)
    if end != len(tokens):
        raise UnknownType(text)
    return found


def read(tokens: Sequence[Token], at: int) -> tuple[Type, int]:
    """The type that starts at a token, and the index behind it; raises UnknownType."""
    if at >= len(tokens):
        raise UnknownType("")
    written = tokens[at].text
    name = ALIASES.get(written.upper(), written.upper())
    nested = name in ("ARRAY", "STRUCT", "RANGE") and scan.is_at(tokens, at + 1, "<")
    if not nested and (name not in SCALARS or tokens[at].token_type in scan.TEXTS):
        raise UnknownType(written)
    if nested:
        held, end = scan.inside(tokens, at + 1)
        return _nested(name, held), end
    if scan.is_at(tokens, at + 1, "("):
        held, end = scan.inside(tokens, at + 1)
        parameters = tuple(token.text for group in scan.split(held) for token in group)
        most = _PARAMETERS.get(name, 0)
        if not 1 <= len(parameters) <= most or not all(map(str.isdecimal, parameters)):
            raise UnknownType(f"{written}({', '.join(parameters)})")
        return Type(name, parameters), end
    return Type(name), at + 1


def _nested(name: str, held: list[Token]) -> Type:
    if name == "STRUCT":
        return Type(name, fields=tuple(map(_struct_field, scan.split(held))))
    element, end = read(held, 0)
    # `ARRAY<INT64 NOT NULL>` is ARRAY<INT64>: no element is ever NULL.
    if end < len(held) and not (name == "ARRAY" and scan.is_at(held, end, "NOT", "NULL")):
        raise UnknownType(held[end].text)
    if name == "RANGE" and element.name not in _RANGES:
        raise UnknownType(f"RANGE<{element.name}>")
    return Type(name, element=element)


def _struct_field(tokens: list[Token]) -> Field:
    """A field with its name, or without one: `STRUCT<INT64>`."""
    follows = len(tokens) > 1 and not any(scan.is_mark(tokens[1], mark) for mark in ("<", "("))
    quoted = tokens[0].token_type is TokenType.IDENTIFIER
    if follows or quoted:
        name, at = tokens[0].text, 1
    else:
        name, at = "", 0
    found, end = read(tokens, at)
    return Field(name, found, tuple(tokens[end:]), tokens[0].line)


def standard(found: Type) -> JsonObject:
    """StandardSqlDataType of a type."""
    if found.name == "STRUCT":
        fields = [
            {"name": f.name, "type": standard(f.type)} if f.name else {"type": standard(f.type)}
            for f in found.fields
        ]
        return {"typeKind": "STRUCT", "structType": {"fields": fields}}
    if found.element is not None:
        key = "arrayElementType" if found.name == "ARRAY" else "rangeElementType"
        return {"typeKind": found.name, key: standard(found.element)}
    return {"typeKind": found.name}


def table_type(found: Type) -> JsonObject:
    """What TableFieldSchema says of a type that is no ARRAY and no STRUCT."""
    if found.name == "RANGE" and found.element is not None:
        return {"type": "RANGE", "rangeElementType": {"type": found.element.name}}
    # `STRING(20)` and `NUMERIC(10, 2)` carry their parameters as separate fields.
    keys = ["maxLength"] if found.name in ("STRING", "BYTES") else ["precision", "scale"]
    return {"type": legacy_name(found)} | dict(zip(keys, found.parameters, strict=False))


def legacy_name(found: Type) -> str:
    """Name of a type in TableFieldSchema."""
    return _LEGACY_NAMES.get(found.name, found.name)
