"""Columns of type BIGNUMERIC(P, S) with few digits behind the point.

local-bigquery 0.4.0 tells BIGNUMERIC from NUMERIC by the scale of DuckDB's type, so that
BIGNUMERIC(38), which DuckDB keeps as DECIMAL(38, 0), comes back as NUMERIC. What was
declared counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_bigquery.catalog import tables
from local_bigquery.models import TableFieldSchema
from sqlglot import exp

_BIG, _SMALL = "BIGNUMERIC", "NUMERIC"


def install() -> None:
    """Look at what is known of the columns of a table."""
    tables._overlay = _declared(tables._overlay)


def of_type(kind: exp.DataType) -> dict[str, Any]:
    """What to write down of a type of DDL beside its parameters."""
    return {"type": _BIG} if kind.this == exp.DType.BIGDECIMAL else {}


def _declared(overlay: Callable[..., list[TableFieldSchema]]) -> Callable[..., Any]:
    def overlaid(
        fields: list[TableFieldSchema], extras: list[TableFieldSchema], nested: bool = False
    ) -> list[TableFieldSchema]:
        big = {(one.name or "").casefold() for one in extras if one.type == _BIG}
        return [
            one.replace(type=_BIG)
            if one.type == _SMALL and (one.name or "").casefold() in big
            else one
            for one in overlay(fields, extras, nested)
        ]

    return overlaid
