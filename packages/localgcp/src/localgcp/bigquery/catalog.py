"""Looks up single tables where local-bigquery lists the catalogue.

local-bigquery 0.4.0 asks DuckDB's listings (`duckdb_tables()`, `duckdb_columns()`) about every
table that a statement names, and they collect all tables of all datasets first: 40 ms with 50
tables, a second with a thousand. DuckLake's own metadata and DESCRIBE answer the same questions
about one table in a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
from local_bigquery.catalog import names, tables
from local_bigquery.engine import database, types
from local_bigquery.errors import not_found
from local_bigquery.jobs import query
from local_bigquery.models import TableFieldSchema
from local_bigquery.sql.rules import partitions
from sqlglot import exp

_objects = database.objects
_execute = query.execute
_evaluate = query._evaluator
# The database in which the rows of finished queries wait to be fetched.
_RESULTS = "emulator"
# A table that is called `csv` or `json` is looked for among files when there is none.
_MISSING = (duckdb.CatalogException, duckdb.PermissionException)
# What query.execute asks of a connection before anything else.
_TEMPORARY_TABLES = "SELECT table_name FROM duckdb_tables() WHERE temporary"


def install() -> None:
    """Put the quick look-ups in place of local-bigquery's own."""
    database.objects = objects
    tables.columns = columns
    partitions._hidden = _hidden
    query.execute = execute
    query._evaluator = _evaluator


def objects(
    project_id: str, dataset_id: str, table_id: str | None = None
) -> list[tuple[str, str, int]]:
    """Name, kind and number of rows of the tables and views of a dataset, by name."""
    if project_id == _RESULTS and table_id is not None:
        return _result(dataset_id, table_id)
    if project_id not in database._attached:
        return _objects(project_id, dataset_id, table_id)
    metadata = database.quote(f"__ducklake_metadata_{project_id}")
    return database.fetch(
        f"""
        SELECT t.table_name, 'TABLE', (
            -- The statistics of DuckLake count what was ever written.
            SELECT COALESCE(SUM(f.record_count), 0) FROM {metadata}.ducklake_data_file AS f
            WHERE f.table_id = t.table_id AND f.end_snapshot IS NULL
        ) - (
            SELECT COALESCE(SUM(g.delete_count), 0) FROM {metadata}.ducklake_delete_file AS g
            JOIN {metadata}.ducklake_data_file AS f USING (data_file_id)
            WHERE g.table_id = t.table_id AND g.end_snapshot IS NULL AND f.end_snapshot IS NULL
        )
        FROM {metadata}.ducklake_table AS t
        JOIN {metadata}.ducklake_schema AS d USING (schema_id)
        WHERE t.end_snapshot IS NULL AND d.end_snapshot IS NULL
        AND d.schema_name = $1 AND t.table_name = COALESCE($2, t.table_name)
        UNION ALL
        SELECT v.view_name, 'VIEW', 0
        FROM {metadata}.ducklake_view AS v
        JOIN {metadata}.ducklake_schema AS d USING (schema_id)
        WHERE v.end_snapshot IS NULL AND d.end_snapshot IS NULL
        AND d.schema_name = $1 AND v.view_name = COALESCE($2, v.view_name)
        ORDER BY 1
        """,
        [dataset_id, table_id],
    )


def _result(dataset_id: str, table_id: str) -> list[tuple[str, str, int]]:
    name = database.quote(_RESULTS, dataset_id, table_id)
    try:
        [(rows,)] = database.fetch(f"SELECT COUNT(*) FROM {name}")
    except duckdb.CatalogException:
        return []
    return [(table_id, "TABLE", rows)]


def columns(project_id: str, dataset_id: str, table_id: str) -> list[TableFieldSchema]:
    """Columns of a table or view; raises BigQueryError when there is none of this name."""
    name = tables.name(project_id, dataset_id, table_id)
    with database.cursor() as cursor:
        try:
            relation = cursor.sql(f"SELECT * FROM {name} LIMIT 0")
            described = cursor.execute(f'SELECT column_name, "null" FROM (DESCRIBE {name})')
        except _MISSING:
            raise not_found("Table", names.label(project_id, dataset_id, table_id)) from None
        required = {column for column, null in described.fetchall() if null == "NO"}
        return [
            types.field(column, kind, column in required)
            for column, kind in zip(relation.columns, relation.types, strict=True)
            if column != tables.INGESTION_TIME or dataset_id == tables.RESULTS
        ]


def path(table: exp.Table) -> tuple[str, str, str] | None:
    """Project, dataset and name of a permanent table; None for what is not one."""
    if not (table.catalog and table.db) or not isinstance(table.this, exp.Identifier):
        return None
    return table.catalog, table.db, table.name


def _hidden(table: exp.Table) -> bool:
    """Whether the table has the column that ingestion-time partitioning adds."""
    parts = path(table)
    if parts is None:
        return False
    name = database.quote(*parts)
    with database.cursor() as cursor:
        try:
            return tables.INGESTION_TIME in cursor.sql(f"SELECT * FROM {name} LIMIT 0").columns
        except _MISSING:
            return False


def execute(cur: duckdb.DuckDBPyConnection, *arguments: Any, **options: Any) -> Any:
    """`query.execute`; a connection of its own has no temporary table to look for."""
    session = options.get("session") or (arguments[4] if len(arguments) > 4 else None)
    return _execute(cur if session else _Fresh(cur), *arguments, **options)


def _evaluator(cur: duckdb.DuckDBPyConnection) -> Callable[[exp.Expression], Any]:
    """Values of the options of a DDL statement; a text needs no query to be evaluated."""
    evaluate = _evaluate(cur)

    def value(node: exp.Expression) -> Any:
        if isinstance(node, exp.Literal) and node.is_string:
            return node.this
        return evaluate(node)

    return value


class _Fresh:
    """A connection that has just been opened."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def sql(self, text: str, *arguments: Any, **options: Any) -> duckdb.DuckDBPyRelation:
        if text == _TEMPORARY_TABLES:
            text = "SELECT '' AS table_name LIMIT 0"
        return self._connection.sql(text, *arguments, **options)
