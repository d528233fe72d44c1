"""DuckDB's extensions, taken from their wheels instead of DuckDB's download site.

DuckDB looks for them in a folder of the user's home, so one import serves every clone.
"""

from __future__ import annotations

import duckdb
import duckdb_extensions

# What local-bigquery uses; json, parquet and icu may be built in, importing them does no harm.
NAMES = ("avro", "ducklake", "icu", "json", "parquet")


def ensure() -> list[str]:
    """Import what DuckDB does not find, load each one as proof, and give the names imported.

    Raises duckdb.Error when an extension cannot be written or loaded.
    """
    with duckdb.connect() as connection:
        installed = {
            name
            for (name,) in connection.execute(
                "SELECT extension_name FROM duckdb_extensions() WHERE installed"
            ).fetchall()
        }
        missing = [name for name in NAMES if name not in installed]
        for name in missing:
            duckdb_extensions.import_extension(name, con=connection)
        for name in NAMES:
            connection.load_extension(name)
    return missing


if __name__ == "__main__":
    ensure()
