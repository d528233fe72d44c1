"""Keeps the rows of finished queries in memory, for a day, as far as there is room.

local-bigquery 0.4.0 writes the rows of every query into a table on disk and never deletes one.
On Google they are kept for about 24 hours
(https://cloud.google.com/bigquery/docs/cached-results#how_cached_results_are_stored); here they
also end with this process, and the oldest make room for the newest. DuckDB moves to disk what
does not fit into memory.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import duckdb
from local_bigquery.catalog import metadata, tabledata, tables
from local_bigquery.engine import database, results, types
from local_bigquery.models import Table, TableFieldSchema

DATABASE = "results"
_KEPT_MILLISECONDS = 24 * 3600 * 1000
_MOST = 1000

Path = tuple[str, str, str]

_connect = database._connect
_columns, _list_rows, _write = tables.columns, tabledata.list_rows, tables.write
_record, _lookup, _load = tables.record, tables._lookup, tables.load


def install() -> None:
    """Put the memory in place of the tables on disk; after `catalog.install`."""
    database._connect = _Connected()
    tables.physical = physical
