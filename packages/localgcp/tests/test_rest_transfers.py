"""Data Transfer at work: runs by hand, runs by schedule, and what survives a stop."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localgcp import ports
from localgcp.apis.clock import Clock
from localgcp.apis.transfers.scheduled_query import Outcome, table_name
from packages.localgcp.tests.rest_support import (
    DTS,
    NUMBER,
    PROJECT,
    Server,
    emulator,
    running,
    wait_for,
)

API = "/bigquerydatatransfer/v1"
TOPIC = f"projects/{PROJECT}/topics/runs"


class Queries:
    """Stands in for BigQuery: FAIL in a query fails it, WAIT blocks until released."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.release = threading.Event()

    def run(self, run: dict[str, Any], location: str, starting: Callable[[str], None]) -> Outcome:
        job_id = f"scheduled_query_{len(self.seen)}"
        self.seen.append({**run, "location": location})
        starting(job_id)
        query = run["params"]["query"]
        if "WAIT" in query:
            self.release.wait(20)
        error = "Division by zero" if "FAIL" in query else None
        return Outcome(job_id, 3, error, cancelled=job_id in self.cancelled)

    def cancel(self, job_id: str, location: str) -> None:
        self.cancelled.append(job_id)
        self.release.set()


def config(server: Server, query: str = "SELECT 1", **changes: Any) -> dict[str, Any]:
    body = {
        "dataSourceId": "scheduled_query",
        "displayName": "test",
        "params": {"query": query},
        "schedule": "every day 10:05",
        **changes,
    }
    return server.ok("POST", f"{DTS}/transferConfigs", body)


def start(server: Server, made: dict[str, Any], **body: Any) -> list[dict[str, Any]]:
    body = body or {"requestedRunTime": "2024-03-10T10:05:00Z"}
    return server.ok("POST", f"{API}/{made['name']}:startManualRuns", body)["runs"]


def runs(server: Server, made: dict[str, Any], question: str = "") -> list[dict[str, Any]]:
    return server.ok("GET", f"{API}/{made['name']}/runs{question}").get("transferRuns", [])


def finished(server: Server, run: dict[str, Any], seconds: float = 20) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        now = server.ok("GET", f"{API}/{run['name']}")
        return now if now["state"] not in ("PENDING", "RUNNING") else None

    return wait_for(ended, seconds)


@pytest.fixture
def queries() -> Queries:
    return Queries()


@pytest.fixture
def server(tmp_path: Path, queries: Queries) -> Iterator[Server]:
    with running(tmp_path, queries=queries) as started:
        yield started


def test_a_run_by_hand_succeeds_and_leaves_its_traces(server: Server, queries: Queries) -> None:
    server.ok("PUT", f"/pubsub/v1/{TOPIC}", {})
    server.ok("PUT", f"/pubsub/v1/projects/{PROJECT}/subscriptions/ops", {"topic": TOPIC})
    made = config(server, notificationPubsubTopic=TOPIC)
    [run] = start(server, made)
    assert run["state"] == "PENDING"
    assert run["name"].startswith(f"projects/{NUMBER}/locations/us/transferConfigs/")
    ended = finished(server, run)
    assert ended["state"] == "SUCCEEDED"
    assert ended["runTime"] == "2024-03-10T10:05:00Z"
    assert ended["startTime"] <= ended["endTime"]
    assert "schedule" not in ended, "a run by hand belongs to no schedule"
    assert queries.seen[0]["location"] == "US"
    assert server.ok("GET", f"{API}/{made['name']}")["state"] == "SUCCEEDED"

    messages = server.ok("GET", f"{API}/{run['name']}/transferLogs")["transferMessages"]
    assert messages[-1]["messageText"].endswith("Number of records: 3")
    entries = server.ok(
        "POST",
        "/logging/v2/entries:list",
        {"resourceNames": [f"projects/{PROJECT}"],
         "filter": f'resource.type="bigquery_dts_config" labels.run_id="{run["name"][-36:]}"'},
    )["entries"]  # fmt: skip
    assert len(entries) == len(messages)
    assert entries[-1]["resource"]["labels"]["config_id"] == made["name"].rsplit("/", 1)[-1]
    assert entries[-1]["logName"].endswith("bigquerydatatransfer.googleapis.com%2Ftransfer_config")

    pull = f"/pubsub/v1/projects/{PROJECT}/subscriptions/ops:pull"
    [received] = server.ok("POST", pull, {"maxMessages": 9})["receivedMessages"]
    message = received["message"]
    assert message["attributes"] == {
        "eventType": "TRANSFER_RUN_FINISHED",
        "payloadFormat": "JSON_API_V1",
    }
    assert json.loads(base64.b64decode(message["data"])) == ended


def test_a_failed_run_carries_bigquerys_own_words(server: Server) -> None:
    made = config(server, "SELECT FAIL", notificationPubsubTopic=TOPIC)
    ended = finished(server, start(server, made)[0])
    assert ended["state"] == "FAILED"
    assert ended["errorStatus"]["code"] == 3
    assert "Division by zero" in ended["errorStatus"]["message"]
    question = "?messageTypes=ERROR&messageTypes=WARNING"
    messages = server.ok("GET", f"{API}/{ended['name']}/transferLogs{question}")
    error, warning = messages["transferMessages"]
    assert error["messageText"] == ended["errorStatus"]["message"]
    assert TOPIC in warning["messageText"], "a topic that does not exist is said, not hidden"


def test_runs_are_listed_newest_first_in_pages_and_by_state(server: Server) -> None:
    made = config(server)
    for day in ("01", "02", "03"):
        finished(server, start(server, made, requestedRunTime=f"2024-01-{day}T10:05:00Z")[0])
    again = start(server, made, requestedRunTime="2024-01-03T11:00:00Z")[0]
    finished(server, again)
    page = server.ok("GET", f"{API}/{made['name']}/runs?pageSize=3")
    assert [run["runTime"][8:10] for run in page["transferRuns"]] == ["03", "03", "02"]
    rest = runs(server, made, f"?pageSize=3&pageToken={page['nextPageToken']}")
    assert [run["runTime"][8:10] for run in rest] == ["01"]
    assert len(runs(server, made, "?states=SUCCEEDED&states=FAILED")) == 4
    assert runs(server, made, "?states=5") == [], "numbers of the enum work too"
    latest = runs(server, made, "?runAttempt=LATEST")
    assert latest[0]["name"] == again["name"]
    assert len(latest) == 3
    server.ok("DELETE", f"{API}/{again['name']}")
    assert len(runs(server, made)) == 3


def test_a_range_starts_one_run_for_every_due_time(server: Server) -> None:
    made = config(server)
    span = {"startTime": "2024-01-01T10:05:00Z", "endTime": "2024-01-03T10:05:00Z"}
    times = [run["runTime"] for run in start(server, made, requestedTimeRange=span)]
    assert times == ["2024-01-01T10:05:00Z", "2024-01-02T10:05:00Z"], "the end is excluded"
    path = f"{API}/{made['name']}:startManualRuns"
    soon = (server.clock.now() + timedelta(hours=1)).isoformat()
    assert server.error("POST", path, {"requestedRunTime": soon})[0] == 400
    assert server.error("POST", path, {})[0] == 400
    assert server.error("POST", path, {"requestedTimeRange": {}})[0] == 400
    demand = config(server, schedule="", scheduleOptions={"disableAutoScheduling": True})
    assert "nextRunTime" not in demand
    code, error = server.error(
        "POST", f"{API}/{demand['name']}:startManualRuns", {"requestedTimeRange": span}
    )
    assert (code, "on-demand" in error["message"]) == (400, True)


def test_deleting_a_config_stops_the_query_that_is_going_on(
    server: Server, queries: Queries
) -> None:
    made = config(server, "WAIT")
    start(server, made)
    wait_for(lambda: queries.seen)
    server.ok("DELETE", f"{API}/{made['name']}")
    wait_for(lambda: queries.cancelled)
    assert server.error("GET", f"{API}/{made['name']}/runs")[0] == 404


def test_runs_of_one_config_follow_each_other_and_requests_do_not_wait(
    server: Server, queries: Queries
) -> None:
    slow, quick = config(server, "WAIT"), config(server)
    first, second = start(server, slow)[0], start(server, slow)[0]
    wait_for(lambda: queries.seen)
    assert finished(server, start(server, quick)[0])["state"] == "SUCCEEDED"
    assert server.ok("GET", f"{API}/{second['name']}")["state"] == "PENDING"
    queries.release.set()
    assert finished(server, first)["endTime"] <= finished(server, second)["startTime"]


def test_the_clock_fires_what_is_due_and_only_that(tmp_path: Path, queries: Queries) -> None:
    clock = Clock()
    clock.move_to(datetime(2025, 3, 8, 12, 0, tzinfo=UTC))
    with running(tmp_path, clock=clock, queries=queries, follow_clock=True) as server:
        daily = config(server)
        often = config(server, schedule="every 6 hours")
        off = config(server, disabled=True)
        by_hand = config(server, scheduleOptions={"disableAutoScheduling": True})
        later = config(server, scheduleOptions={"startTime": "2025-03-10T00:00:00Z",
                                                "endTime": "2025-03-11T10:05:00Z"})  # fmt: skip
        wait_for(lambda: len(runs(server, often)) == 1)
        assert runs(server, daily) == [], "a time of the day waits for that time"
        assert daily["nextRunTime"] == "2025-03-09T10:05:00Z"
        clock.move_to(datetime(2025, 3, 12, 12, 30, tzinfo=UTC))
        wait_for(lambda: len(runs(server, daily)) == 4)
        assert {run["schedule"] for run in runs(server, daily)} == {"every day 10:05"}
        assert [run["runTime"] for run in runs(server, later)] == ["2025-03-10T10:05:00Z"]
        assert len(runs(server, often)) == 17, "one at the start and four a day"
        assert runs(server, off) == runs(server, by_hand) == []
        wait_for(lambda: all(run["state"] == "SUCCEEDED" for run in runs(server, often)))


def test_without_following_the_clock_nothing_starts_by_itself(server: Server) -> None:
    made = config(server, schedule="every 5 minutes")
    server.clock.move_to(server.clock.now() + timedelta(hours=1))
    assert runs(server, made) == []


def test_everything_is_there_after_a_restart_and_no_run_stays_running(
    tmp_path: Path, queries: Queries
) -> None:
    with running(tmp_path, queries=queries) as server:
        made = config(server, "WAIT")
        run = start(server, made)[0]
        wait_for(lambda: queries.seen)
    with running(tmp_path, queries=Queries()) as server:
        ended = server.ok("GET", f"{API}/{run['name']}")
        assert ended["state"] == "FAILED"
        assert "stopped" in ended["errorStatus"]["message"]
        assert server.ok("GET", f"{API}/{made['name']}")["params"] == made["params"]


@pytest.mark.unit
def test_a_table_name_is_filled_in_from_the_run_time() -> None:
    moment = datetime(2018, 2, 15, tzinfo=UTC)
    assert table_name("t_{run_date}", moment) == "t_20180215"
    assert table_name('t_{run_time+25h|"%Y%m%d"}', moment) == "t_20180216"
    assert table_name('t_{run_time-1.5h|"%Y%m%d%H"}', moment) == "t_2018021422"
    assert table_name("plain", moment) == "plain"


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def process(module: str, port: int, *arguments: str, **environment: str) -> Iterator[Any]:
    """A module of ours as a process of its own, ready on its port."""
    started = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], env={**os.environ, **environment}
    )
    try:
        wait_for(lambda: answers(port) or started.poll() is not None, 60)
        assert started.poll() is None, f"{module} ended at once"
        yield started
    finally:
        started.terminate()
        started.wait(10)


def test_an_answer_survives_kill_9(tmp_path: Path) -> None:
    port = ports.choose(tmp_path, ())
    arguments = (
        "--port", str(port), "--data-dir", str(tmp_path), "--bigquery-url", "http://127.0.0.1:9",
        "--project", PROJECT, "--project-number", NUMBER,
    )  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}", Clock(), tmp_path)
    with process("localgcp.apis", port, *arguments) as started:
        made = config(server)
        started.send_signal(signal.SIGKILL)
        started.wait(10)
    with process("localgcp.apis", port, *arguments):
        assert server.ok("GET", f"{API}/{made['name']}")["params"] == made["params"]


@pytest.mark.emulator
def test_runs_execute_on_a_real_bigquery_through_googles_own_clients(tmp_path: Path) -> None:
    """The whole way: official client, this server, local-bigquery, rows and errors back."""
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery
    from google.cloud import bigquery_datatransfer_v1 as transfer
    from googleapiclient.discovery import build

    with (
        emulator(tmp_path) as url,
        running(tmp_path / "cloud", bigquery_url=url) as server,
    ):
        tables = bigquery.Client(
            PROJECT, AnonymousCredentials(), client_options=ClientOptions(api_endpoint=url)
        )
        tables.query_and_wait("CREATE SCHEMA ds")
        tables.query_and_wait("CREATE TABLE ds.seen (run_time TIMESTAMP, run_date DATE)")
        tables.query_and_wait(
            "CREATE PROCEDURE ds.note(at TIMESTAMP, on_date DATE)"
            " BEGIN INSERT INTO ds.seen VALUES (at, on_date); END"
        )
        client = transfer.DataTransferServiceClient(
            credentials=AnonymousCredentials(),
            transport="rest",
            client_options=ClientOptions(api_endpoint=f"{server.url}/bigquerydatatransfer"),
        )
        made = client.create_transfer_config(
            parent=f"projects/{PROJECT}/locations/US",
            transfer_config=transfer.TransferConfig(
                data_source_id="scheduled_query",
                display_name="note",
                params={"query": "CALL ds.note(@run_time, @run_date)"},
                schedule="every day 10:05",
            ),
        )
        when = datetime(2025, 3, 9, 10, 5, tzinfo=UTC)

        def run() -> transfer.TransferRun:
            request = {"parent": made.name, "requested_run_time": when}
            [started] = client.start_manual_transfer_runs(request=request).runs
            finished(server, {"name": started.name}, 60)
            return client.get_transfer_run(name=started.name)

        done = run()
        assert done.state == transfer.TransferState.SUCCEEDED
        rows = [tuple(row) for row in tables.query_and_wait("SELECT * FROM ds.seen")]
        assert rows == [(when, when.date())]
        job = next(job for job in tables.list_jobs() if job.job_id.startswith("scheduled_query_"))
        assert (job.labels, job.priority) == ({"data_source_id": "scheduled_query"}, "BATCH")

        tables.query_and_wait("DROP TABLE ds.seen")
        failed = run()
        assert failed.state == transfer.TransferState.FAILED
        assert "ds.seen" in failed.error_status.message
        states = {"parent": made.name, "states": [transfer.TransferState.FAILED]}
        assert [item.name for item in client.list_transfer_runs(request=states)] == [failed.name]
        assert list(client.list_transfer_logs(parent=failed.name))[-1].severity == (
            transfer.TransferMessage.MessageSeverity.ERROR
        )

        monitoring = build(
            "monitoring",
            "v3",
            static_discovery=True,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": f"{server.url}/monitoring"},
        )
        channels = monitoring.projects().notificationChannels()
        email = {"type": "email", "labels": {"email_address": "ops@example.com"}}
        channel = channels.create(name=f"projects/{PROJECT}", body=email).execute()
        assert channels.get(name=channel["name"]).execute() == channel
