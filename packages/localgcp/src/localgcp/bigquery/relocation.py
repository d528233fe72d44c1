"""A data folder that was moved or copied still has its tables.

DuckLake keeps the absolute path of its files in the catalogue and refuses to open it from another
one, although it names every file below that path. local-bigquery 0.4.0 does not ask for the way
out (https://ducklake.select/docs/stable/duckdb/usage/connecting, OVERRIDE_DATA_PATH).
"""

from __future__ import annotations

import duckdb
from local_bigquery.engine import database
from local_bigquery.settings import settings


def install() -> None:
    """Open each project's catalogue where it lies now."""
    database._attach = attach


def attach(connection: duckdb.DuckDBPyConnection, project: str) -> None:
    """Attach the catalogue of a project, which is made if there is none."""
    folder = str(settings.data_dir / project).replace("'", "''")
    catalogue = (
        f"'ducklake:{folder}.ducklake' AS {{}}"
        f" (DATA_PATH '{folder}/', OVERRIDE_DATA_PATH true, DATA_INLINING_ROW_LIMIT 0)"
    )
    if not (settings.data_dir / f"{project}.ducklake").exists():
        # In a database of its own: two connections may not make the same one.
        with duckdb.connect() as scratch:
            scratch.execute(f"ATTACH {catalogue.format('fresh')}")
    connection.execute(f"ATTACH IF NOT EXISTS {catalogue.format(database.quote(project))}")
    database._attached.add(project)
