"""Keeps SQL within the data folder: EXPORT, LOAD, external tables, and DuckDB's own functions.

local-bigquery writes wherever a URI points, plain paths and `gs://x/../..` included, and hands
DuckDB any function name that it does not know, `read_text` among them. Google reads and writes
Cloud Storage only.
"""

from __future__ import annotations

import functools
from pathlib import Path

import duckdb
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import storage
from local_bigquery.settings import settings

from localgcp import extensions

_SCHEME = "gs://"


def install() -> None:
    """Bind local-bigquery's paths and DuckDB's file system to the data folder."""
    connect, matches = database._connect.__wrapped__, storage._matches

    @functools.cache
    def confined_connection() -> duckdb.DuckDBPyConnection:
        connection = connect()
        _confine(connection)
        return connection

    def confined_matches(uri: str) -> list[str]:
        return [str(_inside(Path(found), uri)) for found in matches(uri)]

    database._connect = confined_connection
    storage._local = local_path
    storage._matches = confined_matches


def bucket_root() -> Path:
    """The folder whose folders are buckets."""
    return (settings.gcs_local_root or settings.data_dir / "gcs").resolve()


def local_path(uri: str) -> str:
    """The file of an object; raises BigQueryError unless the URI names one in a bucket."""
    if not uri.startswith(_SCHEME):
        raise BigQueryError(
            "invalid", f"Invalid URI {uri!r}: the local cloud takes gs://BUCKET/OBJECT only."
        )
    return str(_inside(bucket_root() / uri.removeprefix(_SCHEME), uri))


def _inside(path: Path, uri: str) -> Path:
    """The path with its links followed, if that ends below a bucket's folder."""
    root, found = bucket_root(), path.resolve()
    wanted = root / uri.removeprefix(_SCHEME).partition("/")[0]
    # The name of a bucket is one part of a path, and no `.` or `..`.
    if wanted.parent != root or wanted.name in ("", ".", "..") or wanted not in found.parents:
        raise BigQueryError("invalid", f"Invalid URI {uri!r}: it leads out of its bucket.")
    return found


def _confine(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave DuckDB the data folder, and no extension that is not loaded yet."""
    for name in extensions.NAMES:
        connection.load_extension(name)
    spill = settings.data_dir.resolve() / "tmp"
    folders = [settings.data_dir.absolute(), settings.data_dir.resolve(), bucket_root()]
    connection.execute(f"SET temp_directory = {storage.literal(str(spill))}")
    allowed = ", ".join(storage.literal(f"{folder}/") for folder in folders)
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false")
