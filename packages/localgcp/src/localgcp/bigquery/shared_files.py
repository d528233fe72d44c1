"""A clone shares the files of its table, so that no row is copied.

DuckLake 1.0 has no statement for it, but its catalogue is a database with a documented form, and
writers take turns by the number of their snapshot: who comes second finds it taken and tries again
(https://ducklake.select/docs/stable/specification/queries). A clone is a table with the columns of
its source, numbered as there, and with the same data and delete files. DuckLake never changes a
file, but it may delete those that one table no longer needs, so each table has a hard link of its
own to each file.

What one of these files cannot say for another table is copied: see `_REFUSED`.
"""

from __future__ import annotations

import logging
import os
import shutil
import uuid
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from local_bigquery.engine import database
from local_bigquery.settings import settings

from localgcp.bigquery import conflicts

log = logging.getLogger(__name__)

Name = tuple[str, str, str]
"""Project, dataset and table."""

# The form of the catalogue that is written here.
_KNOWN = ("1.0",)
# As many as DuckLake makes; rows are copied after that.
_ATTEMPTS = 100
_BESIDE_OTHERS = 5
# Of what belongs to a table, and ends with it.
_PARTS = (
    *("ducklake_table", "ducklake_column", "ducklake_data_file", "ducklake_delete_file"),
    *("ducklake_column_tag", "ducklake_partition_info", "ducklake_sort_info"),
)
_OF_A_FILE = ("ducklake_file_column_stats", "ducklake_file_variant_stats")
# A file that holds rows of several moments is read by the moment of the reader, which for a clone
# is always later; a clone of one of these moments would show too many rows.
_REFUSED = """
    SELECT 1 FROM {lake}.ducklake_data_file AS f WHERE {live} AND (
        f.file_format <> 'parquet' OR NOT f.path_is_relative OR f.encryption_key IS NOT NULL
        OR f.mapping_id IS NOT NULL OR f.partition_id IS NOT NULL OR f.partial_max > $at
    )
    UNION ALL
    SELECT 1 FROM {lake}.ducklake_delete_file AS f WHERE {live} AND (
        f.format <> 'parquet' OR NOT f.path_is_relative OR f.encryption_key IS NOT NULL
        OR f.partial_max > $at
    )
    UNION ALL
    SELECT 1 FROM {lake}.ducklake_partition_info AS f WHERE {live}
    UNION ALL
    SELECT 1 FROM {lake}.ducklake_sort_info AS f WHERE {live}
    UNION ALL
    SELECT 1 FROM {lake}.ducklake_inlined_data_tables AS f WHERE f.table_id = $source
    LIMIT 1
"""
_LIVE = "f.table_id = $source AND f.begin_snapshot <= $at AND COALESCE(f.end_snapshot > $at, TRUE)"

# The files of the source with their numbers and names in the clone. DuckLake numbers data files
# and delete files together, and no number comes twice.
_NUMBERED = f"""(
    SELECT *, MAX(number) FILTER (WHERE is_data) OVER (PARTITION BY data) AS data_number
    FROM (
        SELECT *, CAST($first + row_number() OVER (ORDER BY old) - 1 AS BIGINT) AS number,
            'ducklake-' || old || IF(is_data, '.parquet', '-delete.parquet') AS name
        FROM (
            SELECT data_file_id AS old, data_file_id AS data, path, TRUE AS is_data
            FROM {{lake}}.ducklake_data_file AS f WHERE {_LIVE}
            UNION ALL
            SELECT delete_file_id, data_file_id, path, FALSE
            FROM {{lake}}.ducklake_delete_file AS f WHERE {_LIVE}
        )
    )
) AS numbered (old, data, source_path, is_data, number, name, data_number)"""


@dataclass(frozen=True)
class _Place:
    """A table or dataset of the catalogue, with the folder of its files."""

    number: int
    folder: Path


def share(source: Name, target: Name, moment: datetime | None, *, replace: bool) -> bool:
    """Make the target a clone that shares the source's files as of a moment, None for now.

    False, and nothing done, where rows have to be copied, where the source is not there, or where
    the target is and is not to be replaced.
    """
    if source[0] != target[0]:
        return False
    links = _Links()
    is_done = False
    try:
        for attempt in range(_ATTEMPTS):
            # Writers that begin again and again are quicker than a clone of many files.
            alone = conflicts.turnstile if attempt >= _BESIDE_OTHERS else nullcontext()
            try:
                with alone:
                    is_done = _attempt(source, target, moment, links, replace)
                break
            except (duckdb.TransactionException, duckdb.ConstraintException) as error:
                # Another writer has taken the number of the snapshot or of a file.
                log.info("a clone lost against another writer and is repeated: %s", error)
    finally:
        if not is_done:
            links.remove()
    return is_done


def _attempt(
    source: Name, target: Name, moment: datetime | None, links: _Links, replace: bool
) -> bool:
    # Closing the cursor ends what an error has left open.
    with database.cursor() as cursor:
        cursor.execute("BEGIN")
        is_done = _Clone(cursor, source, target, links).make(moment, replace=replace)
        cursor.execute("COMMIT" if is_done else "ROLLBACK")
    return is_done


class _Clone:
    """One transaction on the catalogue."""

    def __init__(self, cursor: Any, source: Name, target: Name, links: _Links) -> None:
        self._cursor = cursor
        self._source, self._target = source, target
        self._links = links
        self._lake = database.quote(f"__ducklake_metadata_{source[0]}")
        self._data = settings.data_dir / source[0]

    def make(self, moment: datetime | None, *, replace: bool) -> bool:
        """Write all of it; False, and nothing written, where it cannot be shared."""
        if self._rows("SELECT value FROM {lake}.ducklake_metadata WHERE key = 'version'") != [
            _KNOWN
        ]:
            return False
        [(last, version, number, file)] = self._rows(
            "SELECT snapshot_id, schema_version, next_catalog_id, next_file_id"
            " FROM {lake}.ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1"
        )
        at = last if moment is None else self._snapshot(moment)
        if at is None:
            return False
        base = self._table(self._source, at)
        dataset = self._dataset(self._target[1], last)
        if base is None or dataset is None or self._is_view(dataset.number, last):
            return False
        old = self._table(self._target, last)
        if old and not replace:
            return False
        known = {"source": base.number, "at": at}
        if self._rows(_REFUSED.replace("{live}", _LIVE), known):
            return False
        new = known | {"target": number, "snapshot": last + 1}
        changes = []
        if old is not None:
            self._end(old.number, last + 1)
            changes.append(f"dropped_table:{old.number}")
        self._table_rows(new, dataset.number)
        after = self._files(new, base.folder, dataset.folder / self._links.folder, file)
        changes += [
            f"created_table:{database.quote(*self._target[1:])}",
            f"inserted_into_table:{number}",
        ]
        self._snapshot_rows(new, version + 1, number + 1, after, ",".join(changes))
        return True

    def _rows(self, sql: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        text = sql.replace("{lake}", self._lake)
        used = {name: value for name, value in (values or {}).items() if f"${name}" in text}
        found: list[tuple[Any, ...]] = self._cursor.execute(text, used).fetchall()
        return found

    def _snapshot(self, moment: datetime) -> int | None:
        """The last snapshot before a moment, as `AT (TIMESTAMP => ...)` finds it."""
        found = self._rows(
            "SELECT snapshot_id FROM {lake}.ducklake_snapshot WHERE snapshot_time <= $moment"
            " ORDER BY snapshot_time DESC, snapshot_id DESC LIMIT 1",
            {"moment": moment},
        )
        return found[0][0] if found else None

    def _dataset(self, name: str, at: int) -> _Place | None:
        found = self._rows(
            "SELECT schema_id, path FROM {lake}.ducklake_schema WHERE schema_name = $name"
            " AND begin_snapshot <= $at AND COALESCE(end_snapshot > $at, TRUE)"
            " AND path_is_relative",
            {"name": name, "at": at},
        )
        return _Place(found[0][0], self._data / found[0][1]) if found else None

    def _is_view(self, dataset: int, at: int) -> bool:
        """Whether the target's name is a view's."""
        return bool(
            self._rows(
                "SELECT 1 FROM {lake}.ducklake_view WHERE schema_id = $dataset"
                " AND lower(view_name) = lower($name) AND begin_snapshot <= $at"
                " AND COALESCE(end_snapshot > $at, TRUE)",
                {"dataset": dataset, "name": self._target[2], "at": at},
            )
        )

    def _table(self, name: Name, at: int) -> _Place | None:
        # DuckDB takes names that differ by case as one.
        dataset = self._dataset(name[1], at)
        if dataset is None:
            return None
        found = self._rows(
            "SELECT table_id, path FROM {lake}.ducklake_table WHERE schema_id = $dataset"
            " AND lower(table_name) = lower($name) AND begin_snapshot <= $at"
            " AND COALESCE(end_snapshot > $at, TRUE) AND path_is_relative",
            {"dataset": dataset.number, "name": name[2], "at": at},
        )
        return _Place(found[0][0], dataset.folder / found[0][1]) if found else None

    def _end(self, table: int, snapshot: int) -> None:
        """What DROP TABLE does."""
        for part in (*_PARTS, "ducklake_tag"):
            key = "object_id" if part == "ducklake_tag" else "table_id"
            self._rows(
                f"UPDATE {{lake}}.{part} SET end_snapshot = $snapshot"
                f" WHERE {key} = $table AND end_snapshot IS NULL",
                {"table": table, "snapshot": snapshot},
            )

    def _table_rows(self, new: dict[str, Any], dataset: int) -> None:
        """The table, its columns as of the moment, and what is known of their values."""
        self._rows(
            "INSERT INTO {lake}.ducklake_table (table_id, table_uuid, begin_snapshot, schema_id,"
            " table_name, path, path_is_relative)"
            " VALUES ($target, uuid(), $snapshot, $dataset, $name, $folder, TRUE)",
            new | {"dataset": dataset, "name": self._target[2], "folder": self._links.folder},
        )
        self._rows(
            "INSERT INTO {lake}.ducklake_column BY NAME"
            " SELECT * REPLACE ($target AS table_id, $snapshot AS begin_snapshot,"
            " NULL AS end_snapshot)"
            f" FROM {{lake}}.ducklake_column AS f WHERE {_LIVE}",
            new,
        )
        # The files still have the columns that the source dropped: a new one gets no such number.
        self._rows(
            "INSERT INTO {lake}.ducklake_column BY NAME"
            " SELECT DISTINCT ON (column_id) * REPLACE ($target AS table_id,"
            " $snapshot AS begin_snapshot, $snapshot AS end_snapshot)"
            " FROM {lake}.ducklake_column WHERE table_id = $source AND column_id NOT IN ("
            "   SELECT column_id FROM {lake}.ducklake_column WHERE table_id = $target"
            " )",
            new,
        )
        for part in ("ducklake_table_stats", "ducklake_table_column_stats"):
            self._rows(
                f"INSERT INTO {{lake}}.{part} BY NAME SELECT * REPLACE ($target AS table_id)"
                f" FROM {{lake}}.{part} WHERE table_id = $source",
                new,
            )

    def _files(self, new: dict[str, Any], source: Path, target: Path, first: int) -> int:
        """Link and list all files; the number of the next file."""
        listed = self._rows(f"SELECT source_path, name FROM {_NUMBERED}", new | {"first": first})
        for path, name in listed:
            self._links.link(source / path, target / name)
        own = "$target AS table_id, $snapshot AS begin_snapshot, NULL AS end_snapshot, name AS path"
        for part, key, other in (
            ("ducklake_data_file", "data_file_id", ""),
            ("ducklake_delete_file", "delete_file_id", ", data_number AS data_file_id"),
        ):
            self._rows(
                f"INSERT INTO {{lake}}.{part} BY NAME"
                f" SELECT f.* REPLACE (number AS {key}{other}, {own})"
                f" FROM {{lake}}.{part} AS f JOIN {_NUMBERED} ON old = f.{key}",
                new | {"first": first},
            )
        for part in _OF_A_FILE:
            self._rows(
                f"INSERT INTO {{lake}}.{part} BY NAME"
                " SELECT f.* REPLACE (number AS data_file_id, $target AS table_id)"
                f" FROM {{lake}}.{part} AS f JOIN {_NUMBERED} ON old = f.data_file_id",
                new | {"first": first},
            )
        return first + len(listed)

    def _snapshot_rows(
        self, new: dict[str, Any], version: int, table: int, file: int, changes: str
    ) -> None:
        self._rows(
            "INSERT INTO {lake}.ducklake_snapshot"
            " (snapshot_id, snapshot_time, schema_version, next_catalog_id, next_file_id)"
            " VALUES ($snapshot, now(), $version, $table, $file)",
            new | {"version": version, "table": table, "file": file},
        )
        self._rows(
            "INSERT INTO {lake}.ducklake_schema_versions (begin_snapshot, schema_version, table_id)"
            " VALUES ($snapshot, $version, $target)",
            new | {"version": version},
        )
        self._rows(
            "INSERT INTO {lake}.ducklake_snapshot_changes (snapshot_id, changes_made)"
            " VALUES ($snapshot, $changes)",
            new | {"changes": changes},
        )


class _Links:
    """The files of a clone, in a folder of its own; they outlast an attempt that lost."""

    def __init__(self) -> None:
        self.folder = f"{uuid.uuid4()}/"
        self._made: set[Path] = set()

    def link(self, file: Path, name: Path) -> None:
        """Make the file appear under this name, too."""
        if name in self._made:
            return
        name.parent.mkdir(parents=True, exist_ok=True)
        self._made.add(name)
        try:
            os.link(file, name)
        except OSError:
            # A file system without hard links.
            shutil.copyfile(file, name)

    def remove(self) -> None:
        """Take the files away: no table has them."""
        for name in self._made:
            name.unlink(missing_ok=True)
        for folder in {name.parent for name in self._made}:
            folder.rmdir()
