"""Google's rules for statements that meet at a table, and the limits of jobs."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

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


def run(client: bigquery.Client, sql: str, **options) -> list[tuple]:  # noqa: F811
    config = bigquery.QueryJobConfig(default_dataset="eros-local.meet", **options)
    job = client.query(sql, job_config=config, retry=None, job_retry=None)
    return [tuple(row) for row in job.result()]


def outcome(client: bigquery.Client, sql: str, **options) -> str:  # noqa: F811
    """What went wrong; an empty text where nothing did."""
    try:
        run(client, sql, **options)
    except GoogleAPICallError as error:
        return error.errors[0]["message"]
    return ""


def hold(sql: str, turns: int = 120) -> str:
    """A transaction that runs `sql` and stays open for some time: BigQuery cannot sleep."""
    return f"""
        DECLARE turns INT64 DEFAULT 0;
        BEGIN TRANSACTION;
        {sql};
        WHILE turns < {turns} DO SET turns = turns + 1; END WHILE;
        COMMIT TRANSACTION;
    """


def test_a_transaction_that_meets_another_one_is_cancelled(meet: bigquery.Client) -> None:
    run(meet, "CREATE TABLE both (n INT64) AS SELECT * FROM UNNEST([1, 2]) AS n")
    calls = [hold(f"UPDATE both SET n = n + 10 WHERE n = {n}") for n in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda sql: outcome(meet, sql), calls))
    assert sorted(bool(one) for one in found) == [False, True], found
    assert _ABORTED.format("both") in "".join(found)


def test_after_an_abort_rollback_fails_and_the_first_error_can_be_reported(
    meet: bigquery.Client,
) -> None:
    run(meet, "CREATE TABLE aborted (n INT64) AS SELECT 1 AS n; CREATE TABLE notes (t STRING);")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run, meet, hold("UPDATE aborted SET n = n + 1 WHERE TRUE"))
        time.sleep(0.5)
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
        first.result()
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
    script = """
        DECLARE turns INT64 DEFAULT 0;
        BEGIN TRANSACTION;
        WHILE turns < 120 DO SET turns = turns + 1; END WHILE;
        UPDATE stale SET n = n + 100 WHERE TRUE;
        COMMIT TRANSACTION;
    """
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(outcome, meet, script)
        time.sleep(0.4)
        run(meet, "UPDATE stale SET n = n + 1 WHERE TRUE")
        assert _ABORTED.format("stale") in late.result()
    assert run(meet, "SELECT n FROM stale") == [(2,)]


def test_dml_outside_waits_for_a_transaction_and_an_insert_does_no_harm(
    meet: bigquery.Client,
) -> None:
    run(meet, "CREATE TABLE waits (n INT64) AS SELECT 1 AS n")
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(outcome, meet, hold("UPDATE waits SET n = n + 1 WHERE TRUE"))
        time.sleep(0.4)
        others = [
            pool.submit(outcome, meet, "UPDATE waits SET n = n * 10 WHERE n < 50"),
            pool.submit(outcome, meet, "INSERT INTO waits VALUES (77)"),
        ]
        assert [first.result(), *(one.result() for one in others)] == ["", "", ""]
    assert run(meet, "SELECT n FROM waits ORDER BY n") == [(20,), (77,)]


def test_two_run_twenty_wait_and_the_next_is_refused(meet: bigquery.Client) -> None:
    run(meet, "CREATE TABLE crowded (n INT64) AS SELECT 1 AS n")
    with ThreadPoolExecutor(40) as pool:
        # A transaction holds the table, so all that come wait.
        held = pool.submit(outcome, meet, hold("UPDATE crowded SET n = n WHERE TRUE", 600))
        time.sleep(0.6)
        calls = [
            pool.submit(outcome, meet, "UPDATE crowded SET n = n + 1 WHERE FALSE")
            for _ in range(25)
        ]
        found = [call.result() for call in calls]
        assert held.result() == ""
    refused = [one for one in found if one]
    assert len(refused) == 5
    assert set(refused) == {
        "Resources exceeded during query execution: Too many DML statements outstanding against"
        " table eros-local:meet.crowded, limit is 20."
    }


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
    started = time.monotonic()
    assert outcome(meet, endless, job_timeout_ms=1500) == "The job timed out."
    assert 1 < time.monotonic() - started < 30


def test_no_exception_handler_outlives_a_cancellation(meet: bigquery.Client) -> None:
    job = meet.query(
        "WHILE TRUE DO BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SELECT 2; END; END WHILE;",
        retry=None,
        job_retry=None,
    )
    time.sleep(0.5)
    job.cancel(retry=None)
    with pytest.raises(GoogleAPICallError, match="cancelled"):
        job.result(timeout=20)
