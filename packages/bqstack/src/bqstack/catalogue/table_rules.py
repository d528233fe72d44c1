"""What BigQuery takes as partitions, clusters, keys and names of columns.

The analyser does not ask; BigQuery refuses it when the table is made.
https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#partition_expression
https://cloud.google.com/bigquery/docs/clustered-tables#cluster_column_types
https://cloud.google.com/bigquery/docs/primary-foreign-keys#limitations
https://cloud.google.com/bigquery/docs/schemas#column_names
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from bqstack.unchecked import JsonMapping

type Schema = Sequence[JsonMapping]

# Types of columns by the function around the column in PARTITION BY, with the units it takes.
_PARTITIONS = {
    "": (("DATE",), ("DAY",)),
    "DATE": (("TIMESTAMP", "DATETIME"), ("DAY",)),
    "DATE_TRUNC": (("DATE",), ("MONTH", "YEAR")),
    "DATETIME_TRUNC": (("DATETIME",), ("HOUR", "DAY", "MONTH", "YEAR")),
    "TIMESTAMP_TRUNC": (("TIMESTAMP",), ("HOUR", "DAY", "MONTH", "YEAR")),
}
_CLUSTERS = frozenset(
    {
        *("BIGNUMERIC", "BOOLEAN", "DATE", "DATETIME", "GEOGRAPHY", "INTEGER", "NUMERIC"),
        *("RANGE", "STRING", "TIMESTAMP"),
    }
)
_KEYS = frozenset(
    {
        *("BIGNUMERIC", "BOOLEAN", "BYTES", "DATE", "DATETIME", "INTEGER", "NUMERIC"),
        *("STRING", "TIMESTAMP"),
    }
)
_MOST_KEYS = 16
_RESERVED = (
    *("_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER"),
    *("_CHANGE_SEQUENCE_NUMBER", "_CHANGE_TYPE", "_CHANGE_TIMESTAMP"),
)
_MOST_CHARACTERS = 300
# Letters, marks, digits, connectors, dashes and white space, and these.
_CATEGORIES = ("L", "M", "N", "Pc", "Pd", "Z")
_MARKS = frozenset("&%=+:'<>#|\t")


class Unfit(ValueError):
    """BigQuery takes no such table; `fix` is what it takes."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def check_name(name: str) -> None:
    """Raise Unfit for a name that no column or field may have."""
    taken = next((start for start in _RESERVED if name.upper().startswith(start)), None)
    if taken:
        raise Unfit(
            f"column {name}: BigQuery keeps names that begin with {taken} for itself",
            "give it another name",
        )
    if len(name) > _MOST_CHARACTERS:
        raise Unfit(
            f"a column's name has {len(name)} characters", f"take {_MOST_CHARACTERS} at most"
        )
    for mark in name:
        if mark not in _MARKS and not unicodedata.category(mark).startswith(_CATEGORIES):
            raise Unfit(
                f"column {name}: no name of a column has {mark!r}", "use letters, digits, _ and -"
            )


def check_partition(schema: Schema, name: str, function: str, unit: str) -> None:
    """Raise Unfit unless a table can be partitioned by this column in this way."""
    column = _column(schema, name)
    if column is None:
        return  # The analyser says so.
    kinds, units = _PARTITIONS[function]
    if column["type"] in kinds and unit in units and column["mode"] != "REPEATED":
        return
    written = {"": "", "DATE": "DATE()"}.get(function, f"{function}(…, {unit})")
    raise Unfit(
        f"PARTITION BY {written or 'the column'} {'of ' if written else ''}{name},"
        f" which is {_shown(column)}",
        "take a DATE column, DATE(…) of a TIMESTAMP or DATETIME, DATE_TRUNC(…) of a DATE to MONTH"
        " or YEAR, or TIMESTAMP_TRUNC(…) or DATETIME_TRUNC(…) of a column of that type",
    )


def check_clusters(schema: Schema, names: Iterable[str]) -> None:
    """Raise Unfit unless rows can be sorted by these columns."""
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise Unfit(f"CLUSTER BY has {name} twice", "take one out")
        seen.add(name.lower())
        column = _column(schema, name)
        if column and (column["type"] not in _CLUSTERS or column["mode"] == "REPEATED"):
            raise Unfit(
                f"CLUSTER BY {name}, which is {_shown(column)}",
                f"cluster by a column of: {', '.join(sorted(_CLUSTERS))}",
            )


def check_keys(schema: Schema, primary: Sequence[str], foreign: Iterable[str]) -> None:
    """Raise Unfit unless these columns can be the primary key, and those foreign keys."""
    if len(primary) > _MOST_KEYS:
        raise Unfit(f"a primary key of {len(primary)} columns", f"take {_MOST_KEYS} at most")
    for name in (*primary, *foreign):
        column = _column(schema, name)
        if column and (column["type"] not in _KEYS or column["mode"] == "REPEATED"):
            raise Unfit(
                f"a key names {name}, which is {_shown(column)}",
                f"a key is of columns of: {', '.join(sorted(_KEYS))}",
            )


def _column(schema: Schema, name: str) -> JsonMapping | None:
    return next((one for one in schema if one["name"].lower() == name.lower()), None)


def _shown(column: JsonMapping) -> str:
    kind = str(column["type"])
    return f"ARRAY<{kind}>" if column["mode"] == "REPEATED" else kind
