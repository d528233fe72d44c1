"""A full disk ends a load and a statement with an error at once, and nothing is gone.

A limit on the size of files stands for the disk: the server's writes fail as they would there.
"""

from __future__ import annotations

import io
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from google.api_core.exceptions import BadRequest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from localgcp.bigquery import standalone
from localgcp.servers import PROJECT

pytestmark = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="this system cannot limit another process"
)
TABLE = f"{PROJECT}.shop.orders"
ROWS = [(1000, 500500)]
FULL = "the disk of the local cloud is full"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[standalone.Standalone]:
    with standalone.running(tmp_path_factory.mktemp("disk")) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: standalone.Standalone) -> bigquery.Client:
    made = bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": server.rest},
    )
    made.create_dataset("shop")
    made.query_and_wait(
        "CREATE TABLE shop.orders AS SELECT n FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n"
    )
    return made


@contextmanager
def full_disk(server: standalone.Standalone, size: int = 100_000) -> Iterator[None]:
    """No file of the server grows beyond `size` bytes."""
    free = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, free)


def rows(client: bigquery.Client) -> list[tuple[int, int]]:
    return [tuple(row) for row in client.query_and_wait(f"SELECT COUNT(*), SUM(n) FROM `{TABLE}`")]


def load(client: bigquery.Client, disposition: str, lines: int) -> bigquery.LoadJob:
    """A load of so many lines, with the client's own repetitions."""
    config = bigquery.LoadJobConfig(
        source_format="CSV",
        write_disposition=disposition,
        schema=[bigquery.SchemaField("n", "INTEGER")],
    )
    text = "".join(f"{n * 7919}\n" for n in range(lines)).encode()
    job = client.load_table_from_file(io.BytesIO(text), TABLE, job_config=config)
    job.result(timeout=60)
    return job


@pytest.mark.parametrize("disposition", ["WRITE_TRUNCATE", "WRITE_APPEND"])
def test_a_load_ends_with_an_error_and_the_rows_stay(server, client, disposition):
    begun = time.monotonic()
    with full_disk(server), pytest.raises(BadRequest, match=FULL):
        load(client, disposition, lines=200_000)
    # Google's clients repeat an internal error for ten minutes.
    assert time.monotonic() - begun < 60
    assert rows(client) == ROWS


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE OR REPLACE TABLE shop.orders AS SELECT FARM_FINGERPRINT(CAST(n AS STRING)) AS n"
        " FROM UNNEST(GENERATE_ARRAY(1, 1000000)) AS n",
        "BEGIN TRANSACTION; TRUNCATE TABLE shop.orders; INSERT INTO shop.orders"
        " SELECT FARM_FINGERPRINT(CAST(n AS STRING)) FROM UNNEST(GENERATE_ARRAY(1, 1000000)) AS n;"
        " COMMIT TRANSACTION;",
    ],
)
def test_a_statement_ends_with_an_error_and_the_rows_stay(server, client, sql):
    with full_disk(server), pytest.raises(BadRequest, match=FULL):
        client.query(sql).result(timeout=60)
    assert rows(client) == ROWS


def test_no_job_stays_running_and_afterwards_everything_works(server, client):
    with full_disk(server, size=1), pytest.raises(BadRequest, match=FULL):
        client.query("SELECT 1").result(timeout=60)
    load(client, "WRITE_TRUNCATE", lines=10)
    assert rows(client) == [(10, 7919 * 45)]
    assert {job.state for job in client.list_jobs()} == {"DONE"}
