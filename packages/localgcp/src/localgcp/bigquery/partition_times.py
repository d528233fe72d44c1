"""INFORMATION_SCHEMA.PARTITIONS says when rows were written, and how many bytes they have.

local-bigquery 0.4.0 leaves these columns out. The time is the table's for each of its partitions:
DuckLake keeps it by file. Labels and expirations do not count as written.
https://cloud.google.com/bigquery/docs/information-schema-partitions
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_bigquery.engine import database
from local_bigquery.sql.rules import information_schema
from sqlglot import exp

View = Callable[[str, str | None], tuple[list[str], list[list[Any]]]]
_COLUMNS = (
    *("total_logical_bytes INT64", "total_billable_bytes INT64"),
    "last_modified_time TIMESTAMP",
)


def install() -> None:
    """Put the whole view in place of local-bigquery's."""
    information_schema.partitions = _whole(information_schema.partitions)
    information_schema.VIEWS["PARTITIONS"] = information_schema.partitions


def _whole(partitions: View) -> View:
    def view(project_id: str, dataset_id: str | None) -> tuple[list[str], list[list[Any]]]:
        columns, rows = partitions(project_id, dataset_id)
        tables = {
            (found.tableReference.datasetId, found.tableReference.tableId): found
            for found in information_schema._tables(project_id, dataset_id)
        }
        times = {dataset: _written(project_id, dataset) for dataset in {d for d, _ in tables}}
        whole = []
        for row in rows:
            dataset, name = (_text(value) for value in row[1:3])
            table = tables[dataset, name]
            share = int(row[4]) / int(table.numRows) if int(table.numRows or 0) else 0
            size = round(int(table.numBytes or 0) * share)
            whole.append([*row[:5], size, size, _moment(times[dataset].get(name)), row[5]])
        return [*columns[:5], *_COLUMNS, *columns[5:]], whole

    return view


def _moment(milliseconds: int | None) -> exp.Expression:
    text = None if milliseconds is None else str(milliseconds)
    found: exp.Expression = information_schema._timestamp(text)
    return found


def _text(value: Any) -> str:
    return str(value.name if isinstance(value, exp.Expression) else value)


def _written(project_id: str, dataset_id: str) -> dict[str, int]:
    """When rows of each table of a dataset were last written, by name; in milliseconds."""
    lake = database.quote(f"__ducklake_metadata_{project_id}")
    return dict(
        database.fetch(
            f"""
            SELECT t.table_name, epoch_ms(MAX(s.snapshot_time))
            FROM {lake}.ducklake_table AS t
            JOIN {lake}.ducklake_schema AS d USING (schema_id)
            JOIN (
                SELECT table_id, begin_snapshot AS snapshot_id FROM {lake}.ducklake_data_file
                UNION ALL
                SELECT table_id, begin_snapshot FROM {lake}.ducklake_delete_file
            ) AS f ON f.table_id = t.table_id
            JOIN {lake}.ducklake_snapshot AS s USING (snapshot_id)
            WHERE t.end_snapshot IS NULL AND d.end_snapshot IS NULL AND d.schema_name = $1
            GROUP BY t.table_name
            """,
            [dataset_id],
        )
    )
