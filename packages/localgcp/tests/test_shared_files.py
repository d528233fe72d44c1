"""Clones and snapshots copy no row, and no table loses one through what happens to another.

https://cloud.google.com/bigquery/docs/table-clones-intro
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from packages.localgcp.tests.rest_support import PROJECT, emulator

# As in test_job_history: the client and Pulumi's protocol define the same message.
if TYPE_CHECKING:
    from google.cloud import bigquery

pytestmark = pytest.mark.emulator


@dataclass
class Lake:
    """A BigQuery and the folder of its files."""

    client: bigquery.Client
    folder: Path

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query_and_wait(sql)]

    def files(self) -> dict[int, int]:
        """Bytes of each file with rows, by its number in the file system."""
        found = (path.stat() for path in self.folder.rglob("ducklake-*.parquet"))
        return {one.st_ino: one.st_size for one in found}

    def written(self, sql: str) -> int:
        """Bytes of rows that a statement writes."""
        before = self.files()
        self.run(sql)
        return sum(size for number, size in self.files().items() if number not in before)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    folder = tmp_path_factory.mktemp("shared")
    with emulator(folder) as url:
        client = bigquery.Client(
            PROJECT, AnonymousCredentials(), client_options=ClientOptions(api_endpoint=url)
        )
        found = Lake(client, folder)
        found.run("CREATE SCHEMA ds")
        found.run("CREATE SCHEMA own")
        yield found


@pytest.fixture
def base(lake: Lake, request: pytest.FixtureRequest) -> str:
    """A table with a hundred rows in two files, four of which are deleted."""
    name = request.node.name.partition("[")[0].removeprefix("test_")[:60]
    lake.run(
        f"CREATE TABLE ds.{name} (id INT64 NOT NULL, day DATE DEFAULT CURRENT_DATE(),"
        " what STRUCT<a INT64, b ARRAY<STRING>>) PARTITION BY day"
    )
    for first in (1, 51):
        lake.run(
            f"INSERT INTO ds.{name} SELECT n, DATE '2026-01-01', STRUCT(n, ['x', 'y'])"
            f" FROM UNNEST(GENERATE_ARRAY({first}, {first + 49})) AS n"
        )
    lake.run(f"DELETE FROM ds.{name} WHERE MOD(id, 25) = 0")
    return name


def now() -> datetime:
    """A moment with nothing before and after it."""
    time.sleep(0.05)
    found = datetime.now(UTC)
    time.sleep(0.05)
    return found


def contents(lake: Lake, table: str) -> list[tuple[Any, ...]]:
    return lake.run(f"SELECT TO_JSON_STRING(one) FROM {table} AS one ORDER BY id, 1")


@pytest.mark.parametrize(
    ("create", "drop"),
    [("CREATE TABLE", "DROP TABLE"), ("CREATE SNAPSHOT TABLE", "DROP SNAPSHOT TABLE")],
)
def test_no_byte_is_copied(lake: Lake, base: str, create: str, drop: str) -> None:
    assert sum(lake.files().values()) > 0
    assert lake.written(f"{create} own.{base} CLONE ds.{base}") == 0
    assert contents(lake, f"own.{base}") == contents(lake, f"ds.{base}")
    assert len(contents(lake, f"own.{base}")) == 96
    moment = now()
    lake.run(f"INSERT INTO ds.{base} (id) VALUES (1000)")
    past = f"{create} own.{base}_past CLONE ds.{base} FOR SYSTEM_TIME AS OF '{moment}'"
    assert lake.written(past) == 0
    assert contents(lake, f"own.{base}_past") == contents(lake, f"own.{base}")
    for name in (base, f"{base}_past"):
        lake.run(f"{drop} own.{name}")
    lake.run(f"DROP TABLE ds.{base}")


def test_a_clone_replaces_the_empty_table_that_was_there(lake: Lake, base: str) -> None:
    lake.run(f"CREATE TABLE own.{base} (id INT64)")
    assert lake.written(f"CREATE OR REPLACE TABLE own.{base} CLONE ds.{base}") == 0
    assert lake.written(f"CREATE OR REPLACE TABLE own.{base} CLONE ds.{base}") == 0
    assert contents(lake, f"own.{base}") == contents(lake, f"ds.{base}")


def test_a_name_in_another_case_or_of_a_view_is_no_free_name(lake: Lake, base: str) -> None:
    lake.run(f"CREATE TABLE own.{base} (id INT64)")
    lake.run(f"CREATE VIEW own.{base}_view AS SELECT 5 AS n")
    for statement in (
        f"CREATE TABLE own.{base.upper()} CLONE ds.{base}",
        f"CREATE OR REPLACE TABLE own.{base}_view CLONE ds.{base}",
    ):
        with pytest.raises(Exception, match=r"(?i)exists|of type view"):
            lake.run(statement)
    assert lake.run(f"SELECT COUNT(*) FROM own.{base}") == [(0,)]
    assert lake.run(f"SELECT n FROM own.{base}_view") == [(5,)]


def test_each_table_changes_alone(lake: Lake, base: str) -> None:
    lake.run(f"CREATE TABLE own.{base} CLONE ds.{base}")
    lake.run(f"CREATE TABLE own.{base}_of_clone CLONE own.{base}")
    before = contents(lake, f"ds.{base}")
    lake.run(f"DELETE FROM own.{base} WHERE id < 10")
    lake.run(f"UPDATE own.{base} SET what = STRUCT(-1, ['z']) WHERE id = 60")
    lake.run(f"INSERT INTO own.{base} (id, day) VALUES (2000, '2030-01-01')")
    assert contents(lake, f"ds.{base}") == before
    assert contents(lake, f"own.{base}_of_clone") == before
    assert lake.run(
        f"SELECT COUNT(*), MIN(id), MAX(id), MIN(what.a), MAX(day) = '2030-01-01' FROM own.{base}"
    ) == [(88, 10, 2000, -1, True)]
    # What is known of the values of a column does not hide rows that came later.
    assert lake.run(f"SELECT id FROM own.{base} WHERE day > '2029-01-01'") == [(2000,)]
    lake.run(f"DELETE FROM ds.{base} WHERE TRUE")
    assert contents(lake, f"own.{base}_of_clone") == before
    lake.run(f"DROP TABLE ds.{base}")
    lake.run(f"DROP TABLE own.{base}")
    assert contents(lake, f"own.{base}_of_clone") == before


def test_columns_that_came_went_and_were_renamed(lake: Lake, base: str) -> None:
    lake.run(f"ALTER TABLE ds.{base} ADD COLUMN gone INT64")
    lake.run(f"INSERT INTO ds.{base} (id, gone) VALUES (500, 9)")
    lake.run(f"ALTER TABLE ds.{base} DROP COLUMN gone")
    lake.run(f"ALTER TABLE ds.{base} RENAME COLUMN what TO thing")
    assert lake.written(f"CREATE TABLE own.{base} CLONE ds.{base}") == 0
    assert contents(lake, f"own.{base}") == contents(lake, f"ds.{base}")
    # A file of the source has a column that was dropped; a new one shows nothing of it.
    lake.run(f"ALTER TABLE own.{base} ADD COLUMN fresh INT64")
    assert lake.run(f"SELECT COUNT(fresh) FROM own.{base}") == [(0,)]
    lake.run(f"INSERT INTO own.{base} (id, fresh) VALUES (501, 7)")
    assert lake.run(f"SELECT id, fresh FROM own.{base} WHERE id >= 500 ORDER BY id") == [
        (500, None),
        (501, 7),
    ]
    assert lake.run(f"SELECT COUNT(thing.a) FROM own.{base}") == [(96,)]


def test_the_past_before_a_later_deletion_is_right(lake: Lake, base: str) -> None:
    before, moment = contents(lake, f"ds.{base}"), now()
    # Deletions of two moments lie in one file.
    lake.run(f"DELETE FROM ds.{base} WHERE id < 40")
    lake.run(f"CREATE TABLE own.{base} CLONE ds.{base} FOR SYSTEM_TIME AS OF '{moment}'")
    assert contents(lake, f"own.{base}") == before


def test_a_required_column_and_a_default_stay_what_they_are(lake: Lake, base: str) -> None:
    from google.api_core.exceptions import GoogleAPICallError

    lake.run(f"CREATE TABLE own.{base} CLONE ds.{base}")
    with pytest.raises(GoogleAPICallError, match="id"):
        lake.run(f"INSERT INTO own.{base} (day) VALUES ('2026-01-01')")
    lake.run(f"INSERT INTO own.{base} (id) VALUES (700)")
    [(is_today,)] = lake.run(f"SELECT day = CURRENT_DATE() FROM own.{base} WHERE id = 700")
    assert is_today


def test_a_clone_beside_writers_is_of_one_moment(lake: Lake, base: str) -> None:
    """Each writer adds ten rows at once; no clone has some of them only, and none is lost."""
    stop = threading.Event()
    written: list[int] = []

    def write(number: int) -> None:
        count = 0
        while not stop.is_set():
            lake.run(
                f"INSERT INTO ds.{base} (id) SELECT {number} FROM UNNEST(GENERATE_ARRAY(1, 10))"
            )
            count += 1
        written.append(count)

    writers = [threading.Thread(target=write, args=(10_000 + n,)) for n in range(2)]
    for one in writers:
        one.start()
    try:
        for number in range(6):
            lake.run(f"CREATE TABLE own.{base}_{number} CLONE ds.{base}")
            counted = f"SELECT id, COUNT(*) FROM own.{base}_{number} WHERE id >= 10000 GROUP BY id"
            assert all(count % 10 == 0 for _, count in lake.run(counted))
    finally:
        stop.set()
        for one in writers:
            one.join()
    [(rows,)] = lake.run(f"SELECT COUNT(*) FROM ds.{base}")
    assert rows == 96 + 10 * sum(written)
    assert len(written) == 2
