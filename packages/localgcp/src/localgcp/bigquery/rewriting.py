"""A table written again with other columns, where DuckLake cannot alter it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import duckdb
from local_bigquery.engine import database

from localgcp.bigquery import conflicts

# Rows of a table that is written again; temporary tables are the connection's own.
_ROWS = "temp.main.rewritten"
_ATTEMPTS = 20


def rewrite(cursor: duckdb.DuckDBPyConnection, name: str, columns: str) -> None:
    """Give the table of this quoted name these columns, each in DuckDB's words, in their old order.

    The caller holds the table (`database.writing`). Nobody meets it without its rows, or none at
    all. Time travel does not reach behind this.
    """
    cursor.execute(f"CREATE TEMP TABLE {_ROWS} AS SELECT * FROM {name}")
    try:
        _until_there(cursor, name, lambda: _replace(cursor, name, columns))
    finally:
        cursor.execute(f"DROP TABLE {_ROWS}")


def replace_empty(name: str, columns: str) -> None:
    """Create a table without rows again with these columns."""
    with database.cursor() as cursor:
        _until_there(
            cursor, name, lambda: cursor.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        )


def _until_there(cursor: duckdb.DuckDBPyConnection, name: str, write: Callable[[], object]) -> None:
    """Replace a table until it is there.

    DuckLake refuses a commit whose tables a reader looks up at that moment. One that meets other
    writers it tries again by itself, and then says that it is done though the new table is lost.
    """
    for _ in range(_ATTEMPTS):
        conflicts.repeated(write)
        try:
            cursor.execute(f"SELECT 1 FROM {name} LIMIT 1")
        except duckdb.CatalogException:
            continue
        return
    raise duckdb.CatalogException(f"{name} was lost {_ATTEMPTS} times while it was replaced")


def _replace(cursor: duckdb.DuckDBPyConnection, name: str, columns: str) -> None:
    """The table with these columns and the rows kept aside, in one step for its readers."""
    cursor.execute("BEGIN")
    try:
        cursor.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        cursor.execute(f"INSERT INTO {name} SELECT * FROM {_ROWS}")
        cursor.execute("COMMIT")
    except duckdb.Error as error:
        # A commit that is refused has ended the transaction already.
        with contextlib.suppress(duckdb.TransactionException):
            cursor.execute("ROLLBACK")
        raise error
