"""Calls of a function that are worth comparing: values of the rows, and the edges of each type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from bqstack.rows.definitions import Definition, Definitions

_MOST_CALLS = 1000
_MOST_VALUES = 200
# Each call of a table function is a query of its own.
_MOST_TABLE_CALLS = 5
_EDGES = {
    "BOOL": ("TRUE", "FALSE"),
    "BYTES": ("b''", "b'a'"),
    "DATE": ("DATE '1970-01-01'", "DATE '2024-02-29'", "CURRENT_DATE()"),
    "DATETIME": ("DATETIME '1970-01-01 00:00:00'", "DATETIME '2024-02-29 12:34:56'"),
    "FLOAT64": ("0", "1", "-1", "0.5", "1e-9", "1e9", "CAST('nan' AS FLOAT64)"),
    "INT64": ("0", "1", "2", "3", "10", "100", "1000", "1000000", "-1"),
    "BIGNUMERIC": ("0", "1", "-1", "0.5", "1000000"),
    "NUMERIC": ("0", "1", "-1", "0.5", "1000000"),
    "STRING": ("''", "' '", "'a'", "'A a'", "'\\u00e4\\U0001F600'"),
    "TIME": ("TIME '00:00:00'", "TIME '12:34:56'"),
    "TIMESTAMP": ("TIMESTAMP '1970-01-01 00:00:00+00'", "TIMESTAMP '2024-02-29 12:34:56+00'"),
}
# What most calls of a table function give: today and the week before, everybody.
_FIRST = {
    "DATE": ("CURRENT_DATE()", "DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY)"),
    "TIMESTAMP": ("CURRENT_TIMESTAMP()",),
    "STRING": ("CAST(NULL AS STRING)",),
}


@dataclass(frozen=True)
class Column:
    """A column of a table that has an argument's name and type."""

    table: str
    name: str


class Unknown(ValueError):
    """The calls of a function cannot be made up, and why."""


def names(function: Definition) -> list[str]:
    """Names of the arguments, in order."""
    return [str(one["name"]) for one in function.values.get("arguments") or []]


def types(function: Definition) -> list[str]:
    """Types of the arguments, in order; raises Unknown for those whose values nobody knows."""
    found = []
    for one in function.values.get("arguments") or []:
        kind = (one.get("dataType") or {}).get("typeKind", "")
        if kind not in _EDGES:
            raise Unknown(f"no values can be made up for the argument {one['name']}")
        found.append(str(kind))
    return found


def column(definitions: Definitions, name: str, kind: str) -> Column | None:
    """The first column of a table, by name, that has an argument's name and type."""
    from bqstack.rows.side_dataset import sql_type

    for table, item in sorted(definitions.by_name.items()):
        for field in item.values.get("schema") or [] if item.holds_rows else []:
            if field["name"].lower() == name.lower() and sql_type(field) == kind:
                return Column(table, str(field["name"]))
    return None


def relation(function: Definition, sources: Mapping[str, str]) -> str:
    """A query whose rows are calls of a function, a column an argument; raises Unknown.

    `sources` are queries with a column `value`, by argument.
    """
    kinds = dict(zip(names(function), types(function), strict=True))
    if not kinds:
        return "SELECT 1 AS call"
    each = max(2, min(_MOST_VALUES, round(_MOST_CALLS ** (1 / len(kinds)))))
    parts = []
    for name, kind in kinds.items():
        edges = ", ".join(_EDGES[kind])
        values = f"SELECT CAST(edge AS {kind}) AS value FROM UNNEST([{edges}]) AS edge"
        if name in sources:
            values += f" UNION ALL SELECT value FROM ({sources[name]})"
        values += f" UNION ALL SELECT CAST(NULL AS {kind})"
        parts.append(
            f"(SELECT DISTINCT value AS `{name}` FROM ({values})"
            # The same ones each time, but not the alphabet's first.
            f" ORDER BY FARM_FINGERPRINT(CAST(value AS STRING)) LIMIT {each})"
        )
    return f"SELECT * FROM {' CROSS JOIN '.join(parts)}"


def literals(function: Definition, values: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Arguments of the calls of a table function, as SQL; raises Unknown.

    `values` are literals of the rows, by argument; what has none gets its type's edges.
    """
    given = [
        [*_FIRST.get(kind, ()), *(values.get(name) or _EDGES[kind][:3])]
        for name, kind in zip(names(function), types(function), strict=True)
    ]
    # The first values of all arguments, then one argument after the other further on.
    places = sorted(product(*(range(len(one)) for one in given)), key=lambda p: (sum(p), p))
    return [
        tuple(one[at] for one, at in zip(given, place, strict=True))
        for place in places[:_MOST_TABLE_CALLS]
    ]


def literal(value: object, kind: str) -> str:
    """A value of the rows as SQL, by its text."""
    text = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"CAST('{text}' AS {kind})"
