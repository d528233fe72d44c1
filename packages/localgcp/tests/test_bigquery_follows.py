"""The emulator in a whole local cloud: clock, jobs of scripts, concurrent writes, notifications."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from localgcp import clockfile
from localgcp.apis.call import Cloud
from localgcp.apis.clock import Clock
from localgcp.apis.job_history.publisher import JobHistory
from localgcp.apis.monitoring import built_in_metrics, samples
from localgcp.apis.store import Store
from localgcp.clockfile import ClockFile
from packages.localgcp.tests.rest_support import NUMBER, PROJECT, emulator, wait_for

# As in test_job_history: the client and Pulumi's protocol define the same message.
if TYPE_CHECKING:
    from google.cloud import bigquery

pytestmark = pytest.mark.emulator


@dataclass
class Whole:
    """A BigQuery that follows a clock, and the store of the server beside it."""

    client: bigquery.Client
    clock: ClockFile
    cloud: Cloud
    store: Store

    def rows(self, sql: str, **options: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query_and_wait(sql, **options)]

    def advance(self, **span: float) -> None:
        self.clock.move(self.clock.now() + timedelta(**span) // timedelta(microseconds=1))

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now() / 1_000_000, UTC)

    def entries(self, job_id: str) -> list[dict[str, Any]]:
        """Audit log entries of a job and its statements, oldest first."""
        with self.store.transaction() as tx:
            bodies = [json.loads(body) for (body,) in tx.sql.execute("SELECT body FROM log_entry")]
        found = [one for one in bodies if job_id in one["protoPayload"]["resourceName"]]
        return sorted(found, key=lambda one: one["protoPayload"]["resourceName"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Iterator[Whole]:
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    folder: Path = tmp_path_factory.mktemp("whole")
    with emulator(folder, follows_clock=True) as url:
        client = bigquery.Client(
            PROJECT, AnonymousCredentials(), client_options=ClientOptions(api_endpoint=url)
        )
        client.query_and_wait("CREATE SCHEMA ds")
        file = folder / clockfile.NAME
        cloud = Cloud(PROJECT, NUMBER, folder, url, Clock(file))
        store = Store(folder / "google.sqlite")
        yield Whole(client, ClockFile(file), cloud, store)
        store.close()


def test_a_view_that_tells_the_time_is_found_before_the_first_statement(tmp_path):
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    def client(url: str) -> bigquery.Client:
        options = ClientOptions(api_endpoint=url)
        return bigquery.Client(PROJECT, AnonymousCredentials(), client_options=options)

    with emulator(tmp_path, follows_clock=True) as url:
        client(url).query_and_wait("CREATE SCHEMA ds")
        client(url).query_and_wait("CREATE VIEW ds.now AS SELECT CURRENT_TIMESTAMP() AS now")
    with emulator(tmp_path, follows_clock=True) as url:
        assert [f.name for f in client(url).get_table("ds.now").schema] == ["now"]


def test_sql_views_defaults_jobs_and_tables_tell_the_time_of_the_clock(whole: Whole) -> None:
    whole.rows("CREATE TABLE ds.t (n INT64, made TIMESTAMP DEFAULT CURRENT_TIMESTAMP())")
    whole.rows(
        "CREATE VIEW ds.times AS SELECT CURRENT_TIMESTAMP() AS moment, CURRENT_DATE() AS day,"
        " CURRENT_DATE('Asia/Tokyo') AS tokyo, CURRENT_DATETIME() AS local,"
        " CURRENT_TIME('+02:00') AS clock"
    )
    for _ in range(2):
        whole.advance(days=3)
        before = whole.now()
        [(moment, day, tokyo, local, clock)] = whole.rows("SELECT * FROM ds.times")
        after = whole.now()
        assert before <= moment <= after
        assert before.date() <= day <= after.date()
        ahead = timedelta(hours=9)
        assert (before + ahead).date() <= tokyo <= (after + ahead).date()
        assert abs(local.replace(tzinfo=UTC) - moment) < timedelta(seconds=1)
        assert clock.hour == (moment.hour + 2) % 24
    whole.rows("INSERT INTO ds.t (n) VALUES (1)")
    [(made,)] = whole.rows("SELECT made FROM ds.t")
    assert after <= made <= whole.now()
    job = whole.client.query("SELECT 1")
    job.result()
    assert made <= job.created <= job.started <= job.ended <= whole.now()
    whole.rows("CREATE TABLE ds.later (n INT64)")
    assert whole.client.get_table("ds.later").created >= job.ended - timedelta(seconds=1)


def test_options_count_from_the_time_of_the_clock(whole: Whole) -> None:
    whole.advance(days=3)
    ends = "TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)"
    before = whole.now()
    whole.rows(f"CREATE TABLE ds.brief (n INT64) OPTIONS (expiration_timestamp = {ends})")
    assert before <= whole.client.get_table("ds.brief").expires - timedelta(hours=1) <= whole.now()
    whole.rows(f"ALTER TABLE ds.brief SET OPTIONS (expiration_timestamp = {ends})")
    assert whole.client.get_table("ds.brief").expires - timedelta(hours=1) <= whole.now()


def test_time_travel_reads_what_the_clock_showed(whole: Whole) -> None:
    from google.cloud import bigquery

    whole.rows("CREATE OR REPLACE TABLE ds.past AS SELECT 1 AS n")
    time.sleep(0.1)
    before = whole.now()
    whole.advance(days=2)
    whole.rows("INSERT INTO ds.past VALUES (2)")
    ago = "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)"
    count = "SELECT COUNT(*) FROM ds.past"
    assert whole.rows(count) == [(2,)]
    assert whole.rows(f"{count} FOR SYSTEM_TIME AS OF {ago}") == [(1,)], "jumped over"
    assert whole.rows(f"{count} FOR SYSTEM_TIME AS OF TIMESTAMP '{before}'") == [(1,)]
    parameter = bigquery.ScalarQueryParameter("at", "TIMESTAMP", before + timedelta(days=1))
    config = bigquery.QueryJobConfig(query_parameters=[parameter])
    travelled = f"{count} FOR SYSTEM_TIME AS OF @at"
    assert whole.rows(travelled, job_config=config) == [(1,)]
    used_twice = "SELECT COUNT(*), ANY_VALUE(@at) FROM ds.past FOR SYSTEM_TIME AS OF @at"
    assert whole.rows(used_twice, job_config=config)[0][0] == 1
    whole.rows(f"CREATE SNAPSHOT TABLE ds.kept CLONE ds.past FOR SYSTEM_TIME AS OF {ago}")
    assert whole.rows("SELECT n FROM ds.kept") == [(1,)]


def test_streamed_rows_survive_the_merging_of_their_files(whole: Whole) -> None:
    whole.rows("CREATE TABLE ds.streamed (n INT64)")
    table = whole.client.get_table("ds.streamed")
    moments = []
    for number in range(45):
        assert whole.client.insert_rows_json(table, [{"n": number}]) == []
        moments.append(whole.now())
        time.sleep(0.01)
    assert whole.rows("SELECT COUNT(*), SUM(n) FROM ds.streamed") == [(45, 990)]
    past = f"SELECT COUNT(*) FROM ds.streamed FOR SYSTEM_TIME AS OF TIMESTAMP '{moments[9]}'"
    assert whole.rows(past) == [(10,)], "the past is still there"


SCRIPT = """
DECLARE i INT64 DEFAULT 0;
SELECT 'unlabelled';
WHILE i < 2 DO
    SET @@query_label = CONCAT('component:alert,rule:a0', CAST(i AS STRING));
    SELECT i;
    SET i = i + 1;
END WHILE;
BEGIN
    BEGIN TRANSACTION;
    SELECT 1 / 0;
EXCEPTION WHEN ERROR THEN
    ROLLBACK TRANSACTION;
    SET @@query_label = '';
    CREATE OR REPLACE TABLE ds.made AS SELECT 1 AS n;
END;
"""


def test_each_statement_has_its_own_job_with_the_labels_of_its_moment(whole: Whole) -> None:
    from google.cloud import bigquery

    job = whole.client.query(SCRIPT, bigquery.QueryJobConfig(labels={"env": "test"}))
    job.result()
    found = sorted(whole.client.list_jobs(parent_job=job), key=lambda one: one.job_id)
    assert [one.statement_type for one in found] == [
        "SELECT", "SELECT", "SELECT", "BEGIN_TRANSACTION", "SELECT", "ROLLBACK_TRANSACTION",
        "CREATE_TABLE_AS_SELECT",
    ]  # fmt: skip
    own = [{key: value for key, value in one.labels.items() if key != "env"} for one in found]
    alert = {"component": "alert", "rule": "a01"}
    assert own == [{}, {**alert, "rule": "a00"}, alert, alert, alert, alert, {}]
    assert all(one.labels["env"] == "test" for one in found)
    assert [one.query for one in found][:2] == ["SELECT 'unlabelled'", "SELECT i"]
    assert [bool(one.error_result) for one in found].index(True) == 4
    assert all(a.ended <= b.created for a, b in pairwise(found))
    assert job.num_child_jobs == 7


def test_an_expression_that_reads_a_table_has_a_job_of_its_own(whole: Whole) -> None:
    """A procedure that finds nothing to do runs nothing else, and it has run all the same."""
    script = """
    DECLARE n INT64 DEFAULT 1;
    DECLARE found ARRAY<INT64>;
    CREATE OR REPLACE TABLE ds.asked AS SELECT 1 AS n;
    SET @@query_label = 'component:asks';
    SET n = n + 1;
    SET found = ARRAY(SELECT n FROM ds.asked WHERE n > 5);
    IF (SELECT COUNT(*) FROM ds.asked) = 0 OR ARRAY_LENGTH(found) > 0 THEN
        SELECT 'never';
    END IF;
    """
    job = whole.client.query(script)
    job.result()
    found = sorted(whole.client.list_jobs(parent_job=job), key=lambda one: one.job_id)
    kinds = [(one.statement_type, one.labels.get("component")) for one in found]
    assert kinds == [
        ("CREATE_TABLE_AS_SELECT", None), ("SELECT", "asks"), ("SELECT", "asks")
    ]  # fmt: skip
    assert "ds.asked WHERE n > 5" in found[1].query


@pytest.mark.parametrize("label", ["a:B", "a:1.5", "1a:b", f"a:{'x' * 64}"])
def test_a_label_that_google_refuses_fails_its_script(whole: Whole, label: str) -> None:
    from google.api_core.exceptions import BadRequest

    with pytest.raises(BadRequest, match="Invalid label"):
        whole.rows(f"SET @@query_label = '{label}'; SELECT 1")


def test_a_finished_job_is_logged_and_measured_within_a_second(whole: Whole) -> None:
    history = JobHistory(whole.cloud, whole.store, interval=600)
    history.copy()
    history.start()
    try:
        job = whole.client.query("SET @@query_label = 'component:alert,rule:a07'; SELECT 1")
        job.result()
        started = time.monotonic()
        wait_for(lambda: len(whole.entries(job.job_id)) == 2)
        assert time.monotonic() - started < 5, "it did not wait for its turn"
    finally:
        history.stop()
    script, statement = whole.entries(job.job_id)
    assert script["logName"].endswith("/logs/cloudaudit.googleapis.com%2Fdata_access")
    assert script["resource"]["type"] == "bigquery_project"
    change = statement["protoPayload"]["metadata"]["jobChange"]
    assert change["after"] == "DONE"
    configuration = change["job"]["jobConfig"]
    assert configuration["labels"] == {"component": "alert", "rule": "a07"}
    assert configuration["queryConfig"]["statementType"] == "SELECT"
    assert change["job"]["jobStats"]["parentJobName"].endswith(job.job_id)
    assert "labels" not in script["protoPayload"]["metadata"]["jobChange"]["job"]["jobConfig"]
    with whole.store.transaction() as tx:
        [stream] = samples.streams(tx, built_in_metrics.EXECUTION_TIMES)
        before = len(samples.read(tx, stream, 0, 10**18))
    again = JobHistory(whole.cloud, whole.store)
    again.copy()
    with whole.store.transaction() as tx:
        assert len(samples.read(tx, stream, 0, 10**18)) == before, (
            "a restart measures nothing twice"
        )
    assert len(whole.entries(job.job_id)) == 2


def test_a_failure_is_logged_as_one(whole: Whole) -> None:
    from google.api_core.exceptions import BadRequest

    job = whole.client.query("SELECT ERROR('no luck')")
    with pytest.raises(BadRequest):
        job.result()
    JobHistory(whole.cloud, whole.store).copy()
    [entry] = whole.entries(job.job_id)
    assert entry["severity"] == "ERROR"
    assert "no luck" in entry["protoPayload"]["status"]["message"]
    change = entry["protoPayload"]["metadata"]["jobChange"]
    assert change["job"]["jobStatus"]["errorResult"]["message"]
    assert change["job"]["jobStats"]["queryStats"]["totalBilledBytes"] == "0"


def test_statements_that_come_together_after_a_move_of_the_clock_all_succeed(whole: Whole) -> None:
    for _ in range(10):
        whole.advance(minutes=1)
        with ThreadPoolExecutor(8) as pool:
            found = pool.map(whole.rows, ["SELECT CURRENT_TIMESTAMP()"] * 8)
            assert all(abs(moment - whole.now()) < timedelta(seconds=30) for [(moment,)] in found)


def test_writes_to_one_table_wait_for_each_other(whole: Whole) -> None:
    whole.rows("CREATE TABLE ds.busy (writer STRING, n INT64)")
    table = whole.client.get_table("ds.busy")

    def stream(writer: str) -> None:
        for number in range(30):
            assert whole.client.insert_rows_json(table, [{"writer": writer, "n": number}]) == []

    def delete() -> None:
        for _ in range(10):
            whole.rows("DELETE FROM ds.busy WHERE MOD(n, 2) = 1")

    def add() -> None:
        for number in range(10):
            whole.rows(f"""
                MERGE ds.busy USING (SELECT 'merge' AS writer, {2 * number} AS n) AS one
                ON busy.writer = one.writer AND busy.n = one.n
                WHEN NOT MATCHED THEN INSERT ROW
            """)

    with ThreadPoolExecutor(4) as pool:
        for done in [*(pool.submit(stream, one) for one in "ab"), *map(pool.submit, (delete, add))]:
            done.result()
    delete()
    counts = whole.rows("SELECT writer, COUNT(*) FROM ds.busy GROUP BY writer ORDER BY writer")
    assert counts == [("a", 15), ("b", 15), ("merge", 10)]


def test_snapshots_that_are_taken_together_all_have_their_rows(whole: Whole) -> None:
    names = [f"taken{number}" for number in range(24)]
    for name in names:
        whole.rows(f"""
            CREATE TABLE ds.{name} (
                id INT64 NOT NULL, place STRUCT<x INT64> NOT NULL, n INT64 DEFAULT 5
            );
            INSERT INTO ds.{name} VALUES (1, STRUCT(2), 3);
        """)

    def snapshot(name: str) -> list[tuple[Any, ...]]:
        whole.rows(f"CREATE SNAPSHOT TABLE ds.{name}_then CLONE ds.{name}")
        table = whole.client.get_table(f"ds.{name}_then")
        assert [field.name for field in table.schema] == ["id", "place", "n"], name
        return whole.rows(f"SELECT id, place.x, n FROM ds.{name}_then")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(snapshot, names)) == [[(1, 2, 3)]] * len(names)


def test_what_a_statement_changes_the_next_one_sees(whole: Whole) -> None:
    from google.api_core.exceptions import BadRequest, Conflict, NotFound
    from google.cloud import bigquery

    def columns(name: str) -> list[str]:
        found = [field.name for field in whole.client.get_table(f"ds.{name}").schema]
        whole.rows(f"SELECT {', '.join(found)} FROM ds.{name}")
        job = whole.client.query(f"SELECT * FROM ds.{name}")
        assert [field.name for field in job.result().schema] == found
        return found

    whole.rows("CREATE TABLE ds.shape (a INT64, b STRING)")
    whole.rows("CREATE VIEW ds.shown AS SELECT a FROM ds.shape")
    assert (columns("shape"), columns("shown")) == (["a", "b"], ["a"])
    whole.rows("ALTER TABLE ds.shape ADD COLUMN c DATE")
    assert columns("shape") == ["a", "b", "c"]
    table = whole.client.get_table("ds.shape")
    table.schema = [*table.schema, bigquery.SchemaField("d", "FLOAT64")]
    whole.client.update_table(table, ["schema"])
    assert columns("shape") == ["a", "b", "c", "d"]
    view = whole.client.get_table("ds.shown")
    view.view_query = f"SELECT d, c FROM `{PROJECT}`.ds.shape"
    whole.client.update_table(view, ["view_query"])
    assert columns("shown") == ["d", "c"]
    for query, wanted in (("c, a", ["c", "a"]), ("b, c, a", ["b", "c", "a"]), ("c", ["c"])):
        # The plugin sends the columns of before beside the new query, which decides.
        view = whole.client.get_table("ds.shown")
        view.schema = [
            bigquery.SchemaField(f.name, f.field_type, description=f"about {f.name}")
            for f in view.schema
        ]
        view.view_query = f"SELECT {query} FROM `{PROJECT}`.ds.shape"
        whole.client.update_table(view, ["view_query", "schema"])
        assert columns("shown") == wanted
    (shown,) = whole.client.get_table("ds.shown").schema
    assert (shown.field_type, shown.description) == ("DATE", "about c")
    view = whole.client.get_table("ds.shown")
    view.schema = [bigquery.SchemaField("nobodys", "STRING")]
    view.view_query = f"SELECT a FROM `{PROJECT}`.ds.shape"
    with pytest.raises(BadRequest, match="Cannot add fields \\(field: nobodys\\)"):
        whole.client.update_table(view, ["view_query", "schema"])
    assert columns("shown") == ["c"]
    whole.rows("CREATE OR REPLACE TABLE ds.shape AS SELECT 1 AS c, 2 AS d, 3 AS e")
    assert columns("shape") == ["c", "d", "e"]
    whole.rows("DROP TABLE ds.shape")
    with pytest.raises(NotFound):
        whole.rows("SELECT * FROM ds.shape")
    with pytest.raises(NotFound):
        whole.rows("SELECT * FROM late.made")
    whole.rows("CREATE SCHEMA late")
    with pytest.raises(NotFound):
        whole.rows("SELECT * FROM late.made")
    whole.rows("CREATE TABLE late.made AS SELECT 7 AS n")
    whole.rows("CREATE VIEW late.shown AS SELECT * FROM late.made")
    assert whole.rows("SELECT n FROM late.shown") == [(7,)]
    whole.rows("DROP TABLE late.made; CREATE TABLE late.made AS SELECT 'x' AS n, 8 AS m")
    assert [field.name for field in whole.client.get_table("late.made").schema] == ["n", "m"]
    whole.rows("CREATE OR REPLACE VIEW late.shown AS SELECT m FROM late.made")
    assert whole.rows("SELECT * FROM late.shown") == [(8,)]
    with pytest.raises(Conflict, match="already exists"):
        whole.rows("CREATE FUNCTION ds.twice() AS (1); CREATE FUNCTION ds.twice() AS (2)")
    whole.rows("CREATE FUNCTION ds.tell() AS (1)")
    assert whole.rows("SELECT ds.tell()") == [(1,)]
    whole.rows("CREATE OR REPLACE FUNCTION ds.tell() AS (2)")
    assert whole.rows("SELECT ds.tell()") == [(2,)]
    whole.rows("CREATE OR REPLACE TABLE ds.shape AS SELECT x AS n FROM UNNEST([1, 2]) AS x")
    whole.rows(
        "CREATE ROW ACCESS POLICY few ON ds.shape GRANT TO ('allUsers') FILTER USING (n = 1)"
    )
    assert whole.rows("SELECT n FROM ds.shape") == [(1,)]
    whole.rows("DROP ALL ROW ACCESS POLICIES ON ds.shape")
    assert len(whole.rows("SELECT n FROM ds.shape")) == 2


def test_a_handler_tells_the_first_error_though_it_caught_another(whole: Whole) -> None:
    [(reported,)] = whole.rows("""
        BEGIN
            BEGIN
                SELECT ERROR('first');
            EXCEPTION WHEN ERROR THEN
                BEGIN
                    SELECT ERROR('second');
                EXCEPTION WHEN ERROR THEN
                    SELECT 1;
                END;
                RAISE;
            END;
        EXCEPTION WHEN ERROR THEN
            SELECT @@error.message;
        END
    """)
    assert "first" in reported
