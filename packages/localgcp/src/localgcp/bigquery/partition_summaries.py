"""`table$__PARTITIONS_SUMMARY__`, the meta-table that clients list the partitions of a table by.

local-bigquery 0.4.0 finds no table of this name. When a partition came to be is not known here:
this reads INFORMATION_SCHEMA.PARTITIONS, which does not say it.
https://cloud.google.com/bigquery/docs/managing-partitioned-tables#get_partition_metadata_using_meta-tables
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_bigquery.catalog import names, tabledata, tables
from local_bigquery.engine import database, results
from local_bigquery.errors import BigQueryError
from local_bigquery.models import Table, TableFieldSchema
from local_bigquery.sql.translate import Context, parse, translate

_DECORATOR = "$__PARTITIONS_SUMMARY__"
_COLUMNS = {
    "project_id": ("STRING", "table_catalog"),
    "dataset_id": ("STRING", "table_schema"),
    "table_id": ("STRING", "table_name"),
    "partition_id": ("STRING", "partition_id"),
    "creation_time": ("INTEGER", "CAST(NULL AS INT64)"),
    "last_modified_time": ("INTEGER", "UNIX_MILLIS(last_modified_time)"),
}


def install() -> None:
    """Answer `tables.get` and `tabledata.list` for the meta-table; after all others."""
    tables.get = _got(tables.get)
    tabledata.list_rows = _listed(tabledata.list_rows)


def _base(project_id: str, dataset_id: str, table_id: str) -> str | None:
    """The table that a meta-table is about; None for any other name."""
    if not table_id.endswith(_DECORATOR):
        return None
    base = table_id.removesuffix(_DECORATOR)
    table = tables.load(project_id, dataset_id, base)
    if not (table.timePartitioning or table.rangePartitioning):
        label = names.label(project_id, dataset_id, base)
        raise BigQueryError(
            "invalid",
            f"Cannot read partition information from a table that is not partitioned: {label}",
        )
    return base


def _fields() -> list[TableFieldSchema]:
    return [
        TableFieldSchema(name=name, type=kind, mode="NULLABLE")
        for name, (kind, _) in _COLUMNS.items()
    ]


def _got(get: Callable[..., Table]) -> Callable[..., Table]:
    def got(project_id: str, dataset_id: str, table_id: str, *rest: Any) -> Table:
        if _base(project_id, dataset_id, table_id) is None:
            return get(project_id, dataset_id, table_id, *rest)
        found = tables.defaults(project_id, dataset_id, table_id)
        return found.replace(type="TABLE", schema={"fields": [field.dump() for field in _fields()]})

    return got


def _listed(list_rows: Callable[..., Any]) -> Callable[..., Any]:
    def listed(project_id: str, dataset_id: str, table_id: str, *rest: Any) -> Any:
        base = _base(project_id, dataset_id, table_id)
        if base is None:
            return list_rows(project_id, dataset_id, table_id, *rest)
        max_results, start, selected, int64_timestamps = rest
        wanted = {one.strip().casefold() for one in selected.split(",")} if selected else _COLUMNS
        shown = [field for field in _fields() if field.name in wanted]
        columns = ", ".join(f"{sql} AS {name}" for name, (_, sql) in _COLUMNS.items())
        [tree] = parse(
            f"SELECT {columns} FROM `{project_id}.{dataset_id}`.INFORMATION_SCHEMA.PARTITIONS"
            " WHERE table_name = @name ORDER BY partition_id"
        )
        context = Context(
            project_id, dataset_id, parameters={"name": "$name"}, values={"name": base}
        )
        sql, bound = translate(tree, context)
        with database.cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE summary AS {sql}", bound)
            try:
                page = results.page(
                    cursor,
                    "summary",
                    max_results,
                    start,
                    [field.name for field in shown],
                    int64_timestamps,
                )
            finally:
                cursor.execute("DROP TABLE temp.main.summary")
        return page, shown

    return listed
