"""What `tables.insert` refuses of a table's partitions, clusters and number of columns.

local-bigquery 0.4.0 takes any. Words of an error that no document shows are our own
(docs/fidelity.md).
https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#timepartitioning
https://cloud.google.com/bigquery/docs/clustered-tables#limitations
https://cloud.google.com/bigquery/quotas#all_tables
"""

from __future__ import annotations

from collections.abc import Iterable

from local_bigquery.errors import BigQueryError
from local_bigquery.models import Table, TableFieldSchema

_ALIASES = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
_BY_TIME = ("DATE", "TIMESTAMP", "DATETIME")
_UNITS = ("HOUR", "DAY", "MONTH", "YEAR")
_CLUSTERS = frozenset(
    {
        *("BIGNUMERIC", "BOOLEAN", "DATE", "DATETIME", "GEOGRAPHY", "INTEGER", "NUMERIC"),
        *("RANGE", "STRING", "TIMESTAMP"),
    }
)
_MOST_CLUSTERS = 4
_MOST_COLUMNS = 10_000


def check(table: Table, fields: list[TableFieldSchema]) -> None:
    """Raise BigQueryError for a layout that BigQuery does not make."""
    leaves = sum(1 for _ in _leaves(fields))
    if leaves > _MOST_COLUMNS:
        raise _refused(f"Too many total leaf fields: {leaves}, the most are {_MOST_COLUMNS}.")
    if not fields:
        return
    by_time, by_range = table.timePartitioning, table.rangePartitioning
    if by_time and by_range:
        raise _refused("A table has either timePartitioning or rangePartitioning, not both.")
    known = {(field.name or "").casefold(): field for field in fields}
    if by_time and by_time.field:
        found = _partition_column(known, by_time.field)
        kind = _kind(found)
        if kind not in _BY_TIME:
            raise _refused(
                "The field specified for time partitioning can only be of type TIMESTAMP, DATE or"
                f" DATETIME. The type found is: {kind}."
            )
        if kind == "DATE" and (by_time.type or "DAY") == "HOUR":
            raise _refused(f"The field {found.name} of type DATE has no partitions by HOUR.")
    if by_time and (by_time.type or "DAY") not in _UNITS:
        raise _refused(f"Invalid partitioning type {by_time.type}: it is one of {_UNITS}.")
    if by_range:
        kind = _kind(_partition_column(known, by_range.field or ""))
        if kind != "INTEGER":
            raise _refused(
                "The field specified for range partitioning can only be of type INTEGER. The type"
                f" found is: {kind}."
            )
    _check_clusters(known, (table.clustering and table.clustering.fields) or [])


def _check_clusters(known: dict[str, TableFieldSchema], names: list[str]) -> None:
    if len(names) > _MOST_CLUSTERS:
        raise _refused(f"Too many clustering fields: {len(names)}, the most are {_MOST_CLUSTERS}.")
    for name in names:
        field = known.get(name.casefold())
        if field is None:
            raise _refused(
                "The field specified for clustering cannot be found in the schema. Invalid field:"
                f" {name}"
            )
        if (kind := _kind(field)) not in _CLUSTERS:
            raise _refused(f"Clustering is not supported on field {name} of type {kind}.")


def _partition_column(known: dict[str, TableFieldSchema], name: str) -> TableFieldSchema:
    if (found := known.get(name.casefold())) is None:
        raise _refused("The field specified for partitioning cannot be found in the schema.")
    return found


def _kind(field: TableFieldSchema) -> str:
    kind = (field.type or "").upper()
    kind = _ALIASES.get(kind, kind)
    return f"REPEATED {kind}" if field.mode == "REPEATED" else kind


def _leaves(fields: Iterable[TableFieldSchema]) -> Iterable[TableFieldSchema]:
    for field in fields:
        if field.fields:
            yield from _leaves(field.fields)
        else:
            yield field


def _refused(message: str) -> BigQueryError:
    return BigQueryError("invalid", message)
