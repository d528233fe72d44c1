"""Job history: rows of a table that mean what INFORMATION_SCHEMA.JOBS_BY_PROJECT means."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from localgcp.apis.call import Cloud
from localgcp.apis.clock import Clock
from localgcp.apis.job_history.publisher import JobHistory
from localgcp.apis.job_history.rows import records
from localgcp.apis.job_history.sizes import MINIMUM_BILLED
from localgcp.apis.store import Store
from packages.localgcp.tests.rest_support import NUMBER, PROJECT, emulator, wait_for

# Google's client and Pulumi's protocol define the same message, so a process that collects
# the provider's tests must not have imported the client.
if TYPE_CHECKING:
    from google.cloud import bigquery

COLUMNS = """
    creation_time TIMESTAMP NOT NULL, start_time TIMESTAMP, end_time TIMESTAMP,
    job_id STRING NOT NULL, parent_job_id STRING, project_id STRING, user_email STRING,
    job_type STRING, statement_type STRING, state STRING, total_bytes_processed INT64,
    total_bytes_billed INT64, total_slot_ms INT64, cache_hit BOOL,
    error_result STRUCT<reason STRING, message STRING>,
    labels ARRAY<STRUCT<key STRING, value STRING>>, query STRING
"""


def job(job_id: str = "one", query: str = "SELECT 1", **changes: Any) -> dict[str, Any]:
    """A finished job as the REST API shows it."""
    return {
        "jobReference": {"projectId": PROJECT, "jobId": job_id},
        "configuration": {"jobType": "QUERY", "query": {"query": query}},
        "status": {"state": "DONE"},
        "statistics": {
            "creationTime": "1000",
            "startTime": "1010",
            "endTime": "1050",
            "query": {"statementType": "SELECT"},
        },
        **changes,
    }


def free_of_charge(_: dict[str, Any]) -> tuple[int, int]:
    return 0, 0


def rows(
    finished: dict[str, Any], children: list[dict[str, Any]], estimate: Any
) -> list[dict[str, Any]]:
    return [one.row for one in records(finished, children, "me", estimate)]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("SELECT ';' FROM missing -- ; later", [None]),
        ("SELECT 1;", [None]),
        ("CALL ds.fails()", ["SCRIPT", None]),
        ("SELECT 1; SELECT 1 / 0", ["SCRIPT", None]),
    ],
)
def test_a_failed_script_has_a_failed_statement(query, kinds):
    failed = job(
        query=query,
        status={"state": "DONE", "errorResult": {"reason": "invalidQuery", "message": "no"}},
        statistics={"creationTime": "1000", "startTime": "1010", "endTime": "1050", "query": {}},
    )
    found = rows(failed, [], lambda _: (5, 7))
    assert [row["statement_type"] for row in found] == kinds
    assert all(row["error_result"]["message"] == "no" for row in found)
    assert all(row["total_bytes_billed"] == 0 for row in found), "a failure is not billed"
    assert [row["parent_job_id"] for row in found[1:]] == ["one"] * (len(kinds) - 1)


@pytest.mark.unit
def test_a_job_that_never_started_has_no_times():
    cancelled = job(statistics={"creationTime": "1000", "query": {}})
    [row] = rows(cancelled, [], free_of_charge)
    assert (row["start_time"], row["end_time"]) == (None, None)
    assert row["creation_time"] == "1970-01-01T00:00:01+00:00"


def statement(number: int, **changes: Any) -> dict[str, Any]:
    """A finished statement of the script `one`."""
    times = {"creationTime": "1010", "startTime": "1010", "endTime": "1020"}
    made = job(f"script_job_one_{number}", **changes)
    made["statistics"] = {"parentJobId": "one", "query": {"statementType": "SELECT"}, **times}
    return made


@pytest.mark.unit
def test_statements_follow_their_script_in_their_order():
    script = job(query="SELECT 1; SELECT 2")
    script["statistics"]["query"] = {"statementType": "SCRIPT"}
    parent, *found = rows(script, [statement(n) for n in range(11)][::-1], lambda _: (5, 7))
    assert [row["job_id"] for row in found] == [f"script_job_one_{n}" for n in range(11)]
    assert (parent["total_bytes_processed"], parent["total_bytes_billed"]) == (55, 77)


@pytest.mark.unit
def test_a_failed_script_keeps_its_statements():
    failed = {"state": "DONE", "errorResult": {"reason": "invalidQuery", "message": "no"}}
    script = job(query="SELECT 1; SELECT 1 / 0", status=failed)
    script["statistics"]["query"] = {}
    children = [statement(0), statement(1, status=failed)]
    _, *found = rows(script, children, free_of_charge)
    assert [bool(row["error_result"]) for row in found] == [False, True]
    _, *found = rows(script, children[:1], free_of_charge)
    assert [bool(row["error_result"]) for row in found] == [False, True], "RAISE has no job"


class Jobs:
    """A BigQuery that has the jobs it is given."""

    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []
        self.asked_since: list[int] = []
        self.written: list[str] = []
        self.withdrawn: list[str] = []
        self.remembers: list[list[str | None]] = []
        self.created = "1"

    def datasets(self) -> list[str]:
        return ["ds"]

    def table(self, dataset: str, name: str) -> dict[str, Any]:
        return {"type": "TABLE", "creationTime": self.created}

    def jobs(self, *, since: int = 0, parent: str | None = None) -> list[dict[str, Any]]:
        self.asked_since.append(since)
        found = [
            one
            for one in self.all
            if int(one["statistics"]["creationTime"]) >= since
            and one["statistics"].get("parentJobId") == parent
        ]
        return sorted(found, key=lambda one: -int(one["statistics"]["creationTime"]))

    def query(self, sql: str) -> list[list[str | None]]:
        if sql.startswith("DELETE"):
            self.withdrawn += re.findall(r"'([^']+)'", sql.partition(" OR ")[0])
            return []
        return [] if "state != 'DONE'" in sql else self.remembers

    def insert(self, dataset: str, table: str, rows: list[dict[str, Any]]) -> None:
        self.written += [row["job_id"] for row in rows]

    def add(self, job_id: str, minutes: float, state: str = "DONE") -> dict[str, Any]:
        made = job(job_id, status={"state": state}, user_email="me")
        made["statistics"]["creationTime"] = str(int((time.time() + minutes * 60) * 1000))
        self.all.append(made)
        return made


def history(path: Path, jobs: Jobs) -> JobHistory:
    cloud = Cloud(PROJECT, NUMBER, path, "http://127.0.0.1:9", Clock())
    made = JobHistory(cloud, Store(path / "google.sqlite"))
    made.bigquery = jobs  # type: ignore[assignment]
    return made


@pytest.mark.unit
def test_a_long_job_is_copied_when_it_ends_and_nothing_comes_twice(tmp_path):
    jobs = Jobs()
    copier = history(tmp_path, jobs)
    long = jobs.add("long", -120, "RUNNING")
    long["statistics"]["query"] = {"statementType": "SCRIPT"}
    jobs.add("early", -90)
    jobs.add("late", -1)
    jobs.add("short", 0, "RUNNING")
    copier.copy()
    copier.copy()
    assert jobs.written == ["long", "early", "late"], "what lasts is there while it is at work"
    jobs.add("of_long_0", -100)["statistics"]["parentJobId"] = "long"
    copier.copy()
    assert (jobs.withdrawn, jobs.written[3:]) == (["long"], ["long", "of_long_0"])
    long["status"]["state"] = "DONE"
    long["statistics"]["numChildJobs"] = "0"
    copier.copy()
    copier.copy()
    assert (jobs.withdrawn, jobs.written[5:]) == (["long", "long"], ["long"])
    assert jobs.asked_since[-1] > int(long["statistics"]["creationTime"]), "the past is read again"


@pytest.mark.unit
def test_a_job_that_never_ends_does_not_keep_the_past_open(tmp_path):
    jobs = Jobs()
    copier = history(tmp_path, jobs)
    jobs.add("zombie", -60 * 24, "RUNNING")
    newest = jobs.add("newest", -1)
    copier.copy()
    copier.copy()
    six_hours = 6 * 60 * 60 * 1000
    assert jobs.asked_since[-1] >= int(newest["statistics"]["creationTime"]) - six_hours


@pytest.mark.unit
def test_a_clock_that_is_set_back_hides_no_job(tmp_path):
    jobs = Jobs()
    copier = history(tmp_path, jobs)
    jobs.add("from the future", 600)
    jobs.add("now", -1)
    copier.copy()
    jobs.remembers = [
        [one["jobReference"]["jobId"], one["statistics"]["creationTime"]] for one in jobs.all
    ]
    copier.cloud.clock.move_to(datetime.now(UTC) - timedelta(hours=1))
    jobs.add("after the correction", -60)
    copier.copy()
    assert sorted(jobs.written) == ["after the correction", "from the future", "now"]


@pytest.mark.unit
def test_a_restart_continues_and_a_new_table_starts_from_its_own_rows(tmp_path):
    jobs = Jobs()
    copier = history(tmp_path, jobs)
    kept = jobs.add("kept", -30)
    jobs.add("missed", -20)
    jobs.remembers = [["kept", kept["statistics"]["creationTime"]]]
    copier.copy()
    assert jobs.written == ["missed"]
    jobs.created, jobs.remembers = "2", []
    copier.look()
    copier.copy()
    assert jobs.written == ["missed", "kept", "missed"]


@dataclass
class Running:
    """A local-bigquery with a copier beside it."""

    client: bigquery.Client
    copier: JobHistory
    cloud: Cloud
    folder: Path

    def history(self, where: str = "TRUE") -> list[bigquery.Row]:
        """Rows of the history after one more copy, oldest first."""
        self.copier.look()
        self.copier.copy()
        sql = f"SELECT * FROM ds.job_history WHERE {where} ORDER BY creation_time, job_id"
        return list(self.client.query_and_wait(sql))

    def of(self, job_id: str) -> list[bigquery.Row]:
        """A job's row and those of its statements."""
        return self.history(f"'{job_id}' IN (job_id, parent_job_id)")


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Running]:
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    folder = tmp_path_factory.mktemp("cloud")
    with emulator(folder) as url:
        client = bigquery.Client(
            PROJECT, AnonymousCredentials(), client_options=ClientOptions(api_endpoint=url)
        )
        client.query_and_wait("CREATE SCHEMA ds")
        client.query_and_wait(f"CREATE TABLE ds.job_history ({COLUMNS})")
        client.query_and_wait("CREATE TABLE ds.seen AS SELECT n FROM UNNEST([1, 2, 3]) AS n")
        client.query_and_wait("CREATE VIEW ds.looked AS SELECT n FROM ds.seen")
        cloud = Cloud(PROJECT, NUMBER, folder, url, Clock())
        store = Store(folder / "google.sqlite")
        yield Running(client, JobHistory(cloud, store), cloud, folder)
        store.close()


@pytest.mark.emulator
def test_a_query_is_copied_with_times_labels_and_bytes(running):
    from google.cloud import bigquery

    config = bigquery.QueryJobConfig(labels={"component": "test"})
    asked = running.client.query("SELECT n FROM ds.looked", config)
    asked.result()
    [row] = running.of(asked.job_id)
    assert (row.job_type, row.statement_type, row.state) == ("QUERY", "SELECT", "DONE")
    assert row.creation_time <= row.start_time <= row.end_time
    assert row.labels == [{"key": "component", "value": "test"}]
    assert row.query == "SELECT n FROM ds.looked"
    size = running.client.get_table("ds.seen").num_bytes
    assert row.total_bytes_processed == size > 0, "the view's table is what is read"
    assert row.total_bytes_billed == MINIMUM_BILLED


@pytest.mark.emulator
def test_a_script_and_its_statements_are_copied(running):
    script = running.client.query(
        "SET @@query_label = 'component:nightly,run:7';"
        "BEGIN TRANSACTION; UPDATE ds.seen SET n = n + 0 WHERE TRUE; COMMIT TRANSACTION;"
        "SELECT COUNT(*) FROM ds.seen;"
    )
    script.result()
    parent, *statements = sorted(running.of(script.job_id), key=lambda row: row.parent_job_id or "")
    statements.sort(key=lambda row: row.job_id)
    assert (parent.statement_type, parent.parent_job_id, parent.labels) == ("SCRIPT", None, [])
    assert [row.statement_type for row in statements] == [
        "BEGIN_TRANSACTION", "UPDATE", "COMMIT_TRANSACTION", "SELECT",
    ]  # fmt: skip
    for row in statements:
        assert {one["key"]: one["value"] for one in row.labels} == {
            "component": "nightly",
            "run": "7",
        }
    assert parent.total_bytes_billed == sum(row.total_bytes_billed for row in statements) > 0


@pytest.mark.emulator
def test_a_failure_is_copied_with_its_reason(running):
    from google.api_core.exceptions import GoogleAPICallError

    with pytest.raises(GoogleAPICallError):
        running.client.query_and_wait("SELECT missing FROM ds.seen")
    found = running.history("error_result.reason IS NOT NULL")
    assert [row.query for row in found] == ["SELECT missing FROM ds.seen"]
    assert "missing" in found[0].error_result["message"]


@pytest.mark.emulator
def test_no_job_comes_twice_and_the_copier_leaves_no_trace(running):
    before = {row.job_id for row in running.history()}
    again = JobHistory(running.cloud, running.copier.store)
    again.copy()
    again.copy()
    found = [row.job_id for row in running.client.query_and_wait("SELECT * FROM ds.job_history")]
    assert len(found) == len(set(found)), "a restart doubled rows"
    assert before <= set(found)
    assert not running.history("query LIKE '%UNIX_MILLIS(creation_time)%'"), "its own query"


@pytest.mark.emulator
def test_the_thread_copies_by_itself_and_stops_at_once(running):
    copier = JobHistory(running.cloud, running.copier.store, interval=0.1)
    copier.start()
    asked = running.client.query("SELECT 'by itself'")
    asked.result()
    count = f"SELECT COUNT(*) AS n FROM ds.job_history WHERE job_id = '{asked.job_id}'"
    wait_for(lambda: next(iter(running.client.query_and_wait(count))).n == 1)
    started = time.monotonic()
    copier.stop()
    assert time.monotonic() - started < 5
    assert "job history" not in {thread.name for thread in threading.enumerate()}
