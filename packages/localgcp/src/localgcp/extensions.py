"""DuckDB's extensions, taken from their wheels instead of DuckDB's download site.

DuckDB looks for them in a folder of the user's home, so one import serves every clone.
"""

from __future__ import annotations

import duckdb
import duckdb_extensions

# What local-bigquery uses.
NAMES = ("avro", "ducklake", "icu", "json", "parquet", "spatial")
# Built into some DuckDB wheels, but then it is not found when a connection is opened with
# a time zone, which is how local-bigquery opens its own: the file is needed all the same.
_BUILT_IN = "(BUILT-IN)"


def ensure() -> list[str]:
    """Import what DuckDB does not find, load each one as proof, and give the names imported.

    Raises duckdb.Error when an extension cannot be written or loaded.
    """
    with duckdb.connect() as connection:
        installed = {
            name
            for (name,) in connection.execute(
                "SELECT extension_name FROM duckdb_extensions() "
                "WHERE installed AND install_path != ?",
                [_BUILT_IN],
            ).fetchall()
        }
        missing = [name for name in NAMES if name not in installed]
        for name in missing:
            duckdb_extensions.import_extension(name, con=connection)
        for name in NAMES:
            connection.load_extension(name)
    duckdb.connect(config={"TimeZone": "UTC"}).close()
    return missing


if __name__ == "__main__":
    ensure()
