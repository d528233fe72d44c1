"""Keeps tables that rows are streamed into quick to read.

Every `tabledata.insertAll` of local-bigquery 0.4.0 leaves one file, and the job history gets one
with nearly every query: after some hundred of them reading takes tenths of a second. DuckLake
merges files without losing the past. A deletion loses against a merge, so they take turns.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import Any

import duckdb
from local_bigquery.catalog import tabledata
from local_bigquery.engine import database

log = logging.getLogger(__name__)

# Inserts into a table between two merges.
_EVERY = 40
_inserts: Counter[tuple[str, str, str]] = Counter()
_lock = threading.Lock()


def install() -> None:
    """Merge the files of a table after every so many inserts."""
    insert_all = tabledata.insert_all

    def counted(project_id: str, dataset_id: str, table_id: str, *rest: Any) -> dict:
        answer = insert_all(project_id, dataset_id, table_id, *rest)
        with _lock:
            _inserts[project_id, dataset_id, table_id] += 1
            is_due = _inserts[project_id, dataset_id, table_id] % _EVERY == 0
        if is_due:
            _merge(project_id, dataset_id, table_id)
        return answer

    tabledata.insert_all = counted


def _merge(project_id: str, dataset_id: str, table_id: str) -> None:
    try:
        with database.writing(project_id, dataset_id, table_id):
            database.fetch(
                "CALL ducklake_merge_adjacent_files(?, ?, schema => ?)",
                [project_id, table_id, dataset_id],
            )
    except duckdb.Error as error:
        # The rows are there all the same; the next time may do.
        log.warning("the files of %s.%s stay apart: %s", dataset_id, table_id, error)
