"""How the rows of a copy fit into a table as it is declared now."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bqstack import partition_filter
from bqstack.errors import UserError

if TYPE_CHECKING:
    from google.cloud import bigquery

# Names of one type in the API and in SQL.
_ALIASES = {
    "INT64": "INTEGER",
    "FLOAT64": "FLOAT",
    "BOOL": "BOOLEAN",
    "STRUCT": "RECORD",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
}
# Rows of a partition that ends within this time would be gone before anybody looked.
_ABOUT_TO_EXPIRE = timedelta(hours=1)
# Ingestion time is a column of a backup like any other: rows keep their partition.
_INGESTION_TIME: dict[str, Any] = {
    "name": partition_filter.INGESTION_TIME,
    "type": "TIMESTAMP",
    "mode": "NULLABLE",
}
# BigQuery keeps the name of the pseudocolumn for itself.
_STAGED_TIME = "eros_ingestion_time"

Field = Mapping[str, Any]


@dataclass(frozen=True)
class Fit:
    """Columns that are restored, as the copy has them, and those that it does not have."""

    restored: tuple[Field, ...]
    added: tuple[str, ...]


def of(table: bigquery.Table) -> tuple[dict[str, Any], ...]:
    """All columns of a table, the ingestion time of its rows among them."""
    fields = tuple(field.to_api_repr() for field in table.schema)
    if partition_filter.is_by_ingestion(table.to_api_repr()):
        return (*fields, dict(_INGESTION_TIME))
    return fields


def is_ingestion_time(field: Field) -> bool:
    """Whether this is the pseudocolumn of a table that is partitioned by ingestion time."""
    return bool(field["name"] == partition_filter.INGESTION_TIME)


def staged(field: Field) -> str:
    """Name of a column in the Parquet files of an export.

    What a load does to a name of other characters depends on its `columnNameCharacterMap`.
    """
    name: str = field["name"]
    if is_ingestion_time(field):
        return _STAGED_TIME
    if is_plain(name):
        return name
    return f"eros_column_{hashlib.sha256(name.casefold().encode()).hexdigest()[:16]}"


def is_plain(name: str) -> bool:
    """Whether a column's name is of letters, digits and underscores."""
    return re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) is not None


def fit(table: str, copied: Sequence[Field], live: Sequence[Field]) -> Fit:
    """How a copy's columns go into the live table's.

    Raises UserError when a column would be lost, changed, or left without a value it needs.
    """
    declared = {field["name"].lower(): field for field in live}
    known = {field["name"].lower() for field in copied}
    for field in copied:
        now = declared.get(field["name"].lower())
        if now is None:
            raise UserError(
                f"the backup has a column {table}.{field['name']} that the table no longer "
                "has; its values would be lost",
                fix="restore the column first: eros rollback",
            )
        if _shape(now) != _shape(field):
            raise UserError(
                f"the column {table}.{field['name']} was {_shape(field)} in the backup and is "
                f"{_shape(now)} now",
                fix="restore the earlier definition first: eros rollback",
            )
    added = [field for field in live if field["name"].lower() not in known]
    for field in added:
        if field.get("mode") == "REQUIRED" and not field.get("defaultValueExpression"):
            raise UserError(
                f"the column {table}.{field['name']} is REQUIRED, has no default, and is not in "
                "the backup",
                fix="make it NULLABLE, or restore the earlier definition: eros rollback",
            )
    return Fit(tuple(copied), tuple(field["name"] for field in added))


def _shape(field: Field) -> str:
    """Type of a column with all that is inside; REQUIRED does not count."""
    written: str = field["type"]
    kind = _ALIASES.get(written, written)
    if fields := field.get("fields"):
        kind += f"<{', '.join(f'{inner["name"]} {_shape(inner)}' for inner in fields)}>"
    return f"ARRAY<{kind}>" if field.get("mode") == "REPEATED" else kind


def expressions(fields: Sequence[Field], *, is_staged: bool) -> str:
    """The columns as a select list; `is_staged` where they were loaded from Parquet."""
    if not is_staged:
        return ", ".join(partition_filter.of_row(field["name"]) for field in fields)
    columns = ((field, partition_filter.of_row(staged(field))) for field in fields)
    return ", ".join(
        f"PARSE_JSON({column})" if field["type"] == "JSON" else column for field, column in columns
    )


def unexpired(
    partitioning: bigquery.TimePartitioning | None, now: datetime, *, is_staged: bool = False
) -> str | None:
    """SQL for the rows whose partition lives on; None when partitions never expire.

    BigQuery would take a row of an expired partition and drop it minutes later, unseen.
    """
    if partitioning is None or partitioning.expiration_ms is None:
        return None
    lifetime = timedelta(milliseconds=int(partitioning.expiration_ms))
    oldest = (now - lifetime + _ABOUT_TO_EXPIRE).astimezone(UTC)
    own = {"name": partitioning.field or partition_filter.INGESTION_TIME}
    column = partition_filter.of_row(staged(own) if is_staged else own["name"])
    # A partition's life counts from its start; casting takes a DATE as midnight UTC.
    start = f"TIMESTAMP_TRUNC(CAST({column} AS TIMESTAMP), {partitioning.type_})"
    return f"({column} IS NULL OR {start} > TIMESTAMP '{oldest:%Y-%m-%d %H:%M:%S}+00')"
