"""Google's rules for statements that meet at a table, and the limits of jobs.

Nothing here depends on how fast the machine is: a session keeps a transaction open until the test
closes it, and what another job has reached is read from its child jobs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from tests.sql.conftest import client  # noqa: F401

pytestmark = pytest.mark.emulator

_ABORTED = "Transaction is aborted due to concurrent update against table eros-local:meet.{}"


@pytest.fixture(scope="module")
def meet(client: bigquery.Client) -> bigquery.Client:  # noqa: F811
    client.create_dataset("meet")
    return client


def submit(client: bigquery.Client, sql: str, **options) -> bigquery.QueryJob:  # noqa: F811
    """A job that has begun."""
    config = bigquery.QueryJobConfig(default_dataset="eros-local.meet", **options)
    return client.query(sql, job_config=config, retry=None, job_retry=None)


def run(client: bigquery.Client, sql: str, **options) -> list[tuple]:  # noqa: F811
    return [tuple(row) for row in submit(client, sql, **options).result()]


def outcome(client: bigquery.Client, sql: str, **options) -> str:  # noqa: F811
    """What went wrong; an empty text where nothing did."""
    try:
        run(client, sql, **options)
    except GoogleAPICallError as error:
        return error.errors[0]["message"]
    return ""


def wait_until(is_time: Callable[[], bool]) -> None:
    """Return when it is time; four minutes without it are a failure, not a slow machine."""
    given_up = time.monotonic() + 240
    while not is_time():
        assert time.monotonic() < given_up, "it never came so far"
        time.sleep(0.02)


def wait_for_statement(client: bigquery.Client, job: bigquery.QueryJob) -> None:  # noqa: F811
    """Return when the first statement of a script has ended."""
    wait_until(lambda: any(client.list_jobs(parent_job=job)))


@contextmanager
def transaction(
    client: bigquery.Client,  # noqa: F811
    first: str = "SELECT 1",
) -> Iterator[Callable[[str], str]]:
    """A transaction of a session, which has run `first` and stays open over the block.

    Gives a function that runs one more statement and returns what went wrong.
    https://cloud.google.com/bigquery/docs/transactions#example_multi-statement_transaction_in_a_session
    """
    opened = submit(client, f"BEGIN TRANSACTION; {first};", create_session=True)
    opened.result()
    session = [bigquery.ConnectionProperty("session_id", opened.session_info.session_id)]
    try:
        yield lambda sql: outcome(client, sql, connection_properties=session)
    finally:
        run(client, "CALL BQ.ABORT_SESSION()", connection_properties=session)


def test_a_transaction_that_meets_another_one_is_cancelled(meet: bigquery.Client) -> None:
    run(meet, "CREATE TABLE both (n INT64) AS SELECT * FROM UNNEST([1, 2]) AS n")
    with transaction(meet, "UPDATE both SET n = n + 10 WHERE n = 1") as first:
        with transaction(meet) as second:
            found = second("UPDATE both SET n = n + 10 WHERE n = 2")
            assert _ABORTED.format("both") in found
        assert first("COMMIT TRANSACTION") == ""
    assert run(meet, "SELECT n FROM both ORDER BY n") == [(2,), (11,)]


def test_after_an_abort_rollback_fails_and_the_first_error_can_be_reported(
    meet: bigquery.Client,
) -> None:
    run(meet, "CREATE TABLE aborted (n INT64) AS SELECT 1 AS n; CREATE TABLE notes (t STRING);")
    with transaction(meet, "UPDATE aborted SET n = n + 1 WHERE TRUE") as first:
        reported = run(
            meet,
            """
            DECLARE first_error, second_error STRING;
            BEGIN
                BEGIN TRANSACTION;
                UPDATE aborted SET n = 5 WHERE TRUE;
                COMMIT TRANSACTION;
            EXCEPTION WHEN ERROR THEN
                SET first_error = @@error.message;
                BEGIN
                    ROLLBACK TRANSACTION;
                EXCEPTION WHEN ERROR THEN
                    SET second_error = @@error.message;
                END;
            END;
            SELECT first_error, second_error;
            """,
        )
        assert first("COMMIT TRANSACTION") == ""
    assert _ABORTED.format("aborted") in reported[0][0]
    assert "no active transaction" in reported[0][1]
    assert run(meet, "SELECT n FROM aborted") == [(2,)]


def test_a_merge_within_a_transaction_is_kept_or_rolled_back_with_it(
    meet: bigquery.Client,
) -> None:
    run(meet, "CREATE TABLE merged (n INT64, times INT64) AS SELECT 1 AS n, 1 AS times")
    merge = """
        MERGE INTO merged USING (SELECT * FROM UNNEST([1, 2]) AS n) AS found ON merged.n = found.n
        WHEN MATCHED THEN UPDATE SET times = times + 1
        WHEN NOT MATCHED THEN INSERT (n, times) VALUES (found.n, 1)
    """
    rows = "SELECT n, times FROM merged ORDER BY n"
    run(meet, f"BEGIN TRANSACTION; {merge}; ROLLBACK TRANSACTION;")
    assert run(meet, rows) == [(1, 1)]
    run(meet, f"BEGIN TRANSACTION; {merge}; {merge}; COMMIT TRANSACTION;")
    assert run(meet, rows) == [(1, 3), (2, 2)]


def test_a_transaction_over_rows_changed_since_it_began_is_cancelled(
    meet: bigquery.Client,
) -> None:
    run(meet, "CREATE TABLE stale (n INT64) AS SELECT 1 AS n")
    with transaction(meet) as late:
        run(meet, "UPDATE stale SET n = n + 1 WHERE TRUE")
        found = late("UPDATE stale SET n = n + 100 WHERE TRUE")
    assert _ABORTED.format("stale") in found
    assert run(meet, "SELECT n FROM stale") == [(2,)]


def test_dml_outside_waits_for_a_transaction_and_an_insert_does_no_harm(
    meet: bigquery.Client,
) -> None:
    run(meet, "CREATE TABLE waits (n INT64) AS SELECT 1 AS n")
    with transaction(meet, "UPDATE waits SET n = n + 1 WHERE TRUE") as first:
        outside = submit(meet, "SELECT 1; UPDATE waits SET n = n * 10 WHERE n < 50;")
        insert = submit(meet, "SELECT 1; INSERT INTO waits VALUES (77);")
        wait_for_statement(meet, outside)
        wait_for_statement(meet, insert)
        assert not outside.done()
        assert first("COMMIT TRANSACTION") == ""
    outside.result()
    insert.result()
    assert run(meet, "SELECT n FROM waits ORDER BY n") == [(20,), (77,)]


def test_two_run_twenty_wait_and_the_next_is_refused(meet: bigquery.Client) -> None:
    run(meet, "CREATE TABLE crowded (n INT64) AS SELECT 1 AS n")
    update = "UPDATE crowded SET n = n + 1 WHERE TRUE"
    # A transaction holds the table, so all that come wait.
    with transaction(meet, "UPDATE crowded SET n = n + 100 WHERE TRUE") as held:
        with ThreadPoolExecutor(25) as pool:
            jobs = list(pool.map(lambda _: submit(meet, update), range(25)))
        wait_until(lambda: sum(job.done() for job in jobs) >= 5)
        refused = [job.error_result["message"] for job in jobs if job.done()]
        assert len(refused) == 5
        assert set(refused) == {
            "Resources exceeded during query execution: Too many DML statements outstanding against"
            " table eros-local:meet.crowded, limit is 20."
        }
        assert held("COMMIT TRANSACTION") == ""
    wait_until(lambda: all(job.done() for job in jobs))
    lost = [job for job in jobs if job.error_result]
    assert run(meet, "SELECT n FROM crowded") == [(101 + 25 - len(lost),)]


def test_statements_on_one_partition_meet_and_on_two_do_not(meet: bigquery.Client) -> None:
    run(
        meet,
        """
        CREATE TABLE parts (d DATE, n INT64) PARTITION BY d AS
        SELECT DATE_ADD(DATE '2024-01-01', INTERVAL x DAY) AS d, 0 AS n
        FROM UNNEST(GENERATE_ARRAY(0, 15)) AS x
        """,
    )

    def beside(*calls: str) -> list[str]:
        barrier = threading.Barrier(len(calls))

        def one(sql: str) -> str:
            barrier.wait()
            return outcome(meet, sql)

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(one, calls))

    own = [
        f"UPDATE parts SET n = n + 1 WHERE d = DATE_ADD(DATE '2024-01-01', INTERVAL {x} DAY)"
        for x in range(16)
    ]
    assert beside(*own) == [""] * 16
    assert run(meet, "SELECT MIN(n), MAX(n) FROM parts") == [(1, 1)]
    # Each loses against one that was quicker, is run again three times, and may lose each time.
    found = beside(*["UPDATE parts SET n = n + 1 WHERE d = DATE '2024-01-01'"] * 16)
    lost = "Could not serialize access to table eros-local:meet.parts due to concurrent update"
    assert set(found) <= {"", lost}
    assert run(meet, "SELECT n FROM parts WHERE d = DATE '2024-01-01'") == [
        (1 + found.count(""),)
    ], "what says that it failed has changed nothing"


def test_bytes_billed_and_run_time_have_a_limit(meet: bigquery.Client) -> None:
    run(meet, "CREATE TABLE some (n INT64) AS SELECT 1 AS n; CREATE TABLE more AS SELECT 2 AS n;")
    limit = 10 * 2**20
    assert run(meet, "SELECT n FROM some", maximum_bytes_billed=limit) == [(1,)]
    reported = outcome(meet, "SELECT some.n FROM some CROSS JOIN more", maximum_bytes_billed=limit)
    assert reported == (
        "Query exceeded limit for bytes billed: 10485760. 20971520 or higher required."
    )
    endless = """
        WHILE TRUE DO
            BEGIN
                SELECT 1;
            EXCEPTION WHEN ERROR THEN
                SELECT 2;
            END;
        END WHILE;
    """
    stopped = submit(meet, endless, job_timeout_ms=1500)
    assert stopped.exception().errors[0]["message"] == "The job timed out."
    assert stopped.ended - stopped.created >= timedelta(seconds=1.5)


def test_no_exception_handler_outlives_a_cancellation(meet: bigquery.Client) -> None:
    job = submit(
        meet, "WHILE TRUE DO BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SELECT 2; END; END WHILE;"
    )
    wait_for_statement(meet, job)
    job.cancel(retry=None)
    with pytest.raises(GoogleAPICallError, match="cancelled"):
        job.result(timeout=240)
