"""A REST server of the local cloud for tests: a real socket, its own folder, a clock to move."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from localgcp import processes
from localgcp.apis.__main__ import create_app
from localgcp.apis.call import Cloud
from localgcp.apis.clock import Clock
from localgcp.apis.transfers.scheduled_query import Outcome
from localgcp.bigquery import standalone

PROJECT = "eros-local"
NUMBER = "123456789012"
DTS = f"/bigquerydatatransfer/v1/projects/{PROJECT}/locations/US"


@dataclass
class Answer:
    """Status, headers and parsed JSON of one answer."""

    status: int
    json: Any
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Server:
    """A running server and the few words a test needs to talk to it."""

    url: str
    clock: Clock
    data_dir: Path

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request; errors come back as answers."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        target = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(
            target, data, {"Content-Type": "application/json", **(headers or {})}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return _answer(response.status, response.read(), dict(response.headers))
        except urllib.error.HTTPError as error:
            return _answer(error.code, error.read(), dict(error.headers))

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a request that must succeed."""
        answer = self.call(method, path, body)
        assert answer.status in (200, 204), f"{method} {path}: {answer.status} {answer.body!r}"
        return answer.json

    def error(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Code and error object of a request that must fail."""
        answer = self.call(method, path, body)
        assert answer.status >= 400, f"{method} {path} succeeded: {answer.body!r}"
        return answer.status, answer.json["error"]


class Queries:
    """Stands in for BigQuery: notes what ran when on the clock; FAIL in a query fails it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.seen: list[tuple[str, datetime, datetime]] = []

    def run(self, run: dict[str, Any], location: str, starting: Callable[[str], None]) -> Outcome:
        """Take a run as Data Transfer's worker hands it over."""
        starting(f"job_{len(self.seen)}")
        run_time = datetime.fromisoformat(run["runTime"])
        self.seen.append((run["params"]["query"], run_time, self.clock.now()))
        return Outcome("job", 1, "no" if "FAIL" in run["params"]["query"] else None)


def _answer(status: int, body: bytes, headers: dict[str, str]) -> Answer:
    is_json = "application/json" in headers.get("content-type", "")
    return Answer(status, json.loads(body) if body and is_json else None, body, headers)


@contextmanager
def running(
    data_dir: Path,
    *,
    clock: Clock | None = None,
    bigquery_url: str = "http://127.0.0.1:9",
    follow_clock: bool = False,
    queries: Any = None,
    token: str | None = None,
) -> Iterator[Server]:
    """A server on a free port over `data_dir`; port 9 is a BigQuery that nobody answers for."""
    clock = clock or Clock()
    cloud = Cloud(PROJECT, NUMBER, data_dir, bigquery_url, clock)
    config = uvicorn.Config(
        create_app(cloud, follow_clock=follow_clock, queries=queries, token=token),
        port=0,
        log_level="warning",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started or not thread.is_alive())
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Server(f"http://127.0.0.1:{port}", clock, data_dir)
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@contextmanager
def emulator(folder: Path, *, follows_clock: bool = False) -> Iterator[str]:
    """A local-bigquery of the test's own; one that follows the clock in `folder` when asked to."""
    environment = {"EROS_LOCAL_ROOT": str(folder)} if follows_clock else {}
    with standalone.running(folder, project=PROJECT, environment=environment) as server:
        yield server.rest


def wait_for(condition: Any, seconds: float = 20) -> Any:
    """The first true value of `condition()`; fails the test after `seconds`."""
    value = processes.wait_until(condition, seconds)
    assert value, "condition did not become true in time"
    return value


@pytest.fixture(name="server")
def server_fixture(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path / "cloud") as started:
        yield started
