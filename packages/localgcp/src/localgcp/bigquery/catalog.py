"""Looks up single tables where local-bigquery lists the catalogue.

local-bigquery 0.4.0 asks DuckDB's listings (`duckdb_tables()`, `duckdb_columns()`,
`duckdb_functions()`) about every object that a statement names, and they collect all objects of all
datasets first: 40 ms with 50 tables, a second with a thousand. DuckLake's own metadata and DESCRIBE
answer the same questions about one object in a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import duckdb
from local_bigquery.catalog import datasets, metadata, names, tabledata, tables
from local_bigquery.engine import database, types
from local_bigquery.errors import not_found
from local_bigquery.jobs import query
from local_bigquery.models import Table, TableFieldSchema
from local_bigquery.sql.rules import information_schema, partitions
from local_bigquery.sql.rules import tables as table_rules
from sqlglot import exp

_objects = database.objects
_exists = tables.exists
_dataset_exists = datasets.exists
_execute = query.execute
_evaluate = query._evaluator
# The database in which the rows of finished queries wait to be fetched.
_RESULTS = "emulator"
# A table that is called `csv` or `json` is looked for among files when there is none.
MISSING = (duckdb.CatalogException, duckdb.PermissionException)
# What query.execute asks of a connection before anything else.
_TEMPORARY_TABLES = "SELECT table_name FROM duckdb_tables() WHERE temporary"
# What query._ddl asks about a function.
_FUNCTIONS = (
    "SELECT 1 FROM duckdb_functions() WHERE database_name = ? AND schema_name = ?"
    " AND function_name = ?"
)

Described = list[tuple[str, Any, bool]]


@dataclass
class Listing:
    """What a listing of whole datasets has found so far; asked once, it is of one moment."""

    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)


listing: ContextVar[Listing | None] = ContextVar("listing", default=None)


def install() -> None:
    """Put the quick look-ups in place of local-bigquery's own; before `cache`."""
    database.objects = objects
    tables.columns = tabledata.columns = columns
    tables.exists = exists
    table_rules.database = Instead(database, objects=_named)
    datasets.exists = dataset_exists
    partitions._hidden = _hidden
    query.database = Instead(database, fetch=_fetch)
    query.execute = execute
    query._evaluator = _evaluator
    information_schema._tables = _counting(information_schema._tables)


def objects(
    project_id: str, dataset_id: str, table_id: str | None = None
) -> list[tuple[str, str, int]]:
    """Name, kind and number of rows of the tables and views of a dataset, by name."""
    if project_id == _RESULTS and table_id is not None:
        return _result(dataset_id, table_id)
    if project_id not in database._attached:
        return _objects(project_id, dataset_id, table_id)
    if table_id is None:
        return _all(project_id, dataset_id)
    listed = listing.get()
    if listed is not None:
        place = (project_id, dataset_id)
        if place not in listed.objects:
            listed.objects[place] = {row[0]: row for row in _all(*place)}
        row = listed.objects[place].get(table_id)
        return [row] if row else []
    found = kind(project_id, dataset_id, table_id)
    if found is None:
        return []
    rows = 0 if found[0] == "VIEW" else _rows(project_id, found[1])
    return [(table_id, found[0], rows)]


def _all(project_id: str, dataset_id: str) -> list[tuple[str, str, int]]:
    lake = _lake(project_id)
    return database.fetch(
        f"""
        SELECT t.table_name, 'TABLE', (
            -- The statistics of DuckLake count what was ever written.
            SELECT COALESCE(SUM(f.record_count), 0) FROM {lake}.ducklake_data_file AS f
            WHERE f.table_id = t.table_id AND f.end_snapshot IS NULL
        ) - (
            SELECT COALESCE(SUM(g.delete_count), 0) FROM {lake}.ducklake_delete_file AS g
            JOIN {lake}.ducklake_data_file AS f USING (data_file_id)
            WHERE g.table_id = t.table_id AND g.end_snapshot IS NULL AND f.end_snapshot IS NULL
        )
        FROM {lake}.ducklake_table AS t
        JOIN {lake}.ducklake_schema AS d USING (schema_id)
        WHERE t.end_snapshot IS NULL AND d.end_snapshot IS NULL AND d.schema_name = $1
        UNION ALL
        SELECT v.view_name, 'VIEW', 0
        FROM {lake}.ducklake_view AS v
        JOIN {lake}.ducklake_schema AS d USING (schema_id)
        WHERE v.end_snapshot IS NULL AND d.end_snapshot IS NULL AND d.schema_name = $1
        ORDER BY 1
        """,
        [dataset_id],
    )


def _counting(tables_of: Callable[..., list[Table]]) -> Callable[..., list[Table]]:
    """All tables of a dataset for a view of INFORMATION_SCHEMA, whose rows are counted at once."""

    def counted(*arguments: Any) -> list[Table]:
        token = listing.set(Listing())
        try:
            return tables_of(*arguments)
        finally:
            listing.reset(token)

    return counted


def kind(project_id: str, dataset_id: str, table_id: str) -> tuple[str, int] | None:
    """TABLE or VIEW, with DuckLake's number of it; None when there is none of this name."""
    lake = _lake(project_id)
    found = database.fetch(
        f"""
        SELECT 'TABLE', t.table_id
        FROM {lake}.ducklake_table AS t
        JOIN {lake}.ducklake_schema AS d USING (schema_id)
        WHERE t.end_snapshot IS NULL AND d.end_snapshot IS NULL
        AND d.schema_name = $1 AND t.table_name = $2
        UNION ALL
        SELECT 'VIEW', v.view_id
        FROM {lake}.ducklake_view AS v
        JOIN {lake}.ducklake_schema AS d USING (schema_id)
        WHERE v.end_snapshot IS NULL AND d.end_snapshot IS NULL
        AND d.schema_name = $1 AND v.view_name = $2
        """,
        [dataset_id, table_id],
    )
    return found[0] if found else None


def _rows(project_id: str, number: int) -> int:
    lake = _lake(project_id)
    [(rows,)] = database.fetch(
        f"""
        SELECT (
            SELECT COALESCE(SUM(record_count), 0) FROM {lake}.ducklake_data_file
            WHERE table_id = $1 AND end_snapshot IS NULL
        ) - (
            SELECT COALESCE(SUM(g.delete_count), 0) FROM {lake}.ducklake_delete_file AS g
            JOIN {lake}.ducklake_data_file AS f USING (data_file_id)
            WHERE g.table_id = $1 AND g.end_snapshot IS NULL AND f.end_snapshot IS NULL
        )
        """,
        [number],
    )
    return rows


def _lake(project_id: str) -> str:
    return database.quote(f"__ducklake_metadata_{project_id}")


def _result(dataset_id: str, table_id: str) -> list[tuple[str, str, int]]:
    name = database.quote(_RESULTS, dataset_id, table_id)
    try:
        [(rows,)] = database.fetch(f"SELECT COUNT(*) FROM {name}")
    except duckdb.CatalogException:
        return []
    return [(table_id, "TABLE", rows)]


def exists(project_id: str, dataset_id: str, table_id: str) -> bool:
    """`tables.exists`, without counting rows; a table that has expired is taken away."""
    stored = metadata.load(Table, project_id, dataset_id, table_id)
    place = tables.physical(project_id, dataset_id, table_id)
    if place[0] not in database._attached or tables.expired(stored):
        return _exists(project_id, dataset_id, table_id)
    return stored is not None or kind(*place) is not None


def _named(project_id: str, dataset_id: str, table_id: str | None = None) -> list[Any]:
    """`objects` for a rule that asks whether there is any of this name."""
    if table_id is None or project_id not in database._attached:
        return objects(project_id, dataset_id, table_id)
    found = kind(project_id, dataset_id, table_id)
    return [(table_id, *found)] if found else []


def dataset_exists(project_id: str, dataset_id: str) -> bool:
    """`datasets.exists`, of one dataset."""
    if project_id not in database._attached:
        return _dataset_exists(project_id, dataset_id)
    return bool(
        database.fetch(
            f"SELECT 1 FROM {_lake(project_id)}.ducklake_schema"
            " WHERE schema_name = ? AND end_snapshot IS NULL",
            [dataset_id],
        )
    )


def _fetch(sql: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    """`database.fetch`; whether there is a function is asked of its dataset alone."""
    if sql != _FUNCTIONS or params is None or params[0] not in database._attached:
        return database.fetch(sql, params)
    lake = _lake(params[0])
    return database.fetch(
        f"SELECT 1 FROM {lake}.ducklake_macro AS m"
        f" JOIN {lake}.ducklake_schema AS d USING (schema_id)"
        " WHERE m.end_snapshot IS NULL AND d.end_snapshot IS NULL"
        " AND d.schema_name = ? AND m.macro_name = ?",
        params[1:],
    )


def columns(project_id: str, dataset_id: str, table_id: str) -> list[TableFieldSchema]:
    """Columns of a table or view; raises BigQueryError when there is none of this name."""
    place = tables.physical(project_id, dataset_id, table_id)
    try:
        found = described(*place)
    except duckdb.BinderException:
        if not _is_view(*place):
            raise
        found = None
    if found is None and _is_view(*place):
        # What it reads has gone: BigQuery still has the view, and says so when it is read.
        stored = metadata.load(Table, project_id, dataset_id, table_id)
        return tables.fields(stored) if stored else []
    if found is None:
        raise not_found("Table", names.label(project_id, dataset_id, table_id))
    return [
        types.field(column, kind, required)
        for column, kind, required in found
        if column != tables.INGESTION_TIME or dataset_id == tables.RESULTS
    ]


def described(project_id: str, dataset_id: str, table_id: str) -> Described | None:
    """Name, type and whether it is required, of each column; None when there is no such table."""
    name = database.quote(project_id, dataset_id, table_id)
    with database.cursor() as cursor:
        try:
            relation = cursor.sql(f"SELECT * FROM {name} LIMIT 0")
            columns, kinds = relation.columns, relation.types
            required: set[str] = set()
            # DESCRIBE reads a view once more, whose columns are never required.
            if project_id not in database._attached or _is_table(project_id, dataset_id, table_id):
                rows = cursor.execute(f'SELECT column_name, "null" FROM (DESCRIBE {name})')
                required = {column for column, null in rows.fetchall() if null == "NO"}
        except MISSING:
            return None
    return [(column, kind, column in required) for column, kind in zip(columns, kinds, strict=True)]


def _is_view(*path: str) -> bool:
    found = kind(*path) if path[0] in database._attached else None
    return found is not None and found[0] == "VIEW"


def _is_table(*path: str) -> bool:
    found = kind(*path)
    return found is None or found[0] == "TABLE"


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
    found = described(*tables.physical(*parts))
    return any(column == tables.INGESTION_TIME for column, _, _ in found or [])


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


class Instead:
    """A module, some of whose functions are others."""

    def __init__(self, module: Any, **functions: Callable[..., Any]) -> None:
        self._module = module
        self.__dict__.update(functions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


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
