"""Answers that fail or get lost: each resource is created once, and the state knows it.

A proxy between the provider and a real local cloud spoils the first changing call of every
creation, before or after the cloud has carried it out.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest

from localgcp import processes
from localgcp.paths import DataFolder
from localgcp.provider import cloud_calls
from localgcp.supervisor import Supervisor
from packages.localgcp.tests.provider_harness import (
    PROJECT,
    Engine,
    Resource,
    fake_cloud,
    provider,
    serving,
)
from packages.localgcp.tests.test_provider_cloud import LIVES

pytestmark = [pytest.mark.emulator, pytest.mark.engine]

# Before the cloud has seen the call, and after it has carried it out.
FAULTS = ("429", "503", "close", "503 after", "close after")
_CHANGING = ("POST", "PUT", "PATCH", "DELETE")
# Reads that are POSTs by Google's design.
_READS = (":getIamPolicy",)
# Where the API chooses the id, a second creation would be a second resource.
LISTS = {
    "gcp:bigquery/dataTransferConfig:DataTransferConfig": (
        "bigqueryDataTransferCustomEndpoint",
        f"projects/{PROJECT}/locations/US/transferConfigs",
    ),
    "gcp:monitoring/alertPolicy:AlertPolicy": (
        "monitoringCustomEndpoint",
        f"v3/projects/{PROJECT}/alertPolicies",
    ),
    "gcp:monitoring/notificationChannel:NotificationChannel": (
        "monitoringCustomEndpoint",
        f"v3/projects/{PROJECT}/notificationChannels",
    ),
    "gcp:monitoring/dashboard:Dashboard": (
        "monitoringCustomEndpoint",
        f"v1/projects/{PROJECT}/dashboards",
    ),
}


@dataclass
class Proxy:
    """Forwards to the cloud's endpoints; `fault` spoils the next changing call."""

    endpoints: dict[str, str]
    fault: str | None = None
    spoilt: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, method: str, path: str) -> str | None:
        """The fault of this call, once."""
        with self.lock:
            if method not in _CHANGING or path.partition("?")[0].endswith(_READS):
                return None
            fault, self.fault = self.fault, None
            if fault:
                self.spoilt.append(f"{method} {path}")
            return fault

    def forward(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        key, _, rest_of_path = path.lstrip("/").partition("/")
        parts = urlsplit(self.endpoints[key])
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        try:
            headers = {"Content-Type": "application/json"} if body else {}
            connection.request(method, f"{parts.path}{rest_of_path}", body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@contextmanager
def spoiling(proxy: Proxy) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            fault = proxy.take(self.command, self.path)
            if fault is None:
                self.answer(*proxy.forward(self.command, self.path, body))
                return
            if fault.endswith("after"):
                proxy.forward(self.command, self.path, body)
            if fault.startswith("close"):
                self.close_connection = True
                self.connection.shutdown(2)
                return
            status = int(fault.split()[0])
            self.answer(status, json.dumps({"error": {"message": "come back later"}}).encode())

        def answer(self, status: int, payload: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with serving(Handler) as address:
        yield address


@pytest.fixture(name="spoilable", scope="module")
def spoilable_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Proxy]]:
    folder = DataFolder(Path(tmp_path_factory.mktemp("cloud")))
    supervisor = Supervisor(folder, lambda _: None)
    try:
        supervisor.up()
        endpoints = json.loads(folder.endpoints.read_text())
        proxy = Proxy({key: url for key, url in endpoints.items() if key.endswith("Endpoint")})
        with spoiling(proxy) as base, provider() as port:
            settings = {key: f"{base}/{key}/" for key in proxy.endpoints}
            yield Engine(port, {**settings, "project": PROJECT, "accessToken": "local"}), proxy
    finally:
        supervisor.down()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_spoilt_creation_makes_each_resource_once(
    spoilable: tuple[Engine, Proxy], fault: str, subtests: pytest.Subtests
) -> None:
    engine, proxy = spoilable
    made: dict[str, Resource] = {}
    for name, life in LIVES.items():
        with subtests.test(name):
            proxy.fault, proxy.spoilt = fault, []
            made[name] = engine.create(life.token, life.inputs)
            assert proxy.spoilt, "the creation makes a changing call"
            assert engine.changed(made[name], life.inputs) == {}
            assert engine.refresh(made[name])
            assert engine.changed(made[name], life.inputs) == {}, "and all of it is there"
            if life.token in LISTS:
                assert len(_listed(proxy, life.token)) == 1, "there is no double"
    proxy.fault = None
    for name, resource in reversed(made.items()):
        with subtests.test(f"{name}, deleted"):
            engine.delete(resource)
            if resource.token in LISTS:
                assert _listed(proxy, resource.token) == []


def _listed(proxy: Proxy, token: str) -> list[dict[str, Any]]:
    key, path = LISTS[token]
    _, payload = proxy.forward("GET", f"/{key}/{path}", None)
    return json.loads(payload).get(path.rsplit("/", 1)[1], [])


def test_somebody_elses_resource_of_the_name_is_not_taken(
    spoilable: tuple[Engine, Proxy],
) -> None:
    engine, proxy = spoilable
    token = "gcp:bigquery/dataset:Dataset"
    theirs = engine.create(token, {"datasetId": "theirs", "description": "not yours"})
    proxy.fault = "503"
    with pytest.raises(grpc.RpcError, match=r"Already Exists: .*theirs, with another description"):
        engine.create(token, {"datasetId": "theirs", "description": "mine"})
    assert engine.refresh(theirs)
    assert theirs.state["description"] == "not yours"
    engine.delete(theirs)


def test_a_cloud_that_never_answers_is_named_for_what_it_is(monkeypatch) -> None:
    monkeypatch.setattr(cloud_calls, "RETRY_SECONDS", 0.3)
    proxy = Proxy({"pubsubCustomEndpoint": "http://127.0.0.1:9/"})
    with spoiling(proxy) as base, provider() as port:
        engine = Engine(
            port,
            {"pubsubCustomEndpoint": f"{base}/pubsubCustomEndpoint/"}
            | {"project": PROJECT, "accessToken": "local"},
        )
        proxy.take = lambda *_: "close"  # type: ignore[method-assign]
        with pytest.raises(grpc.RpcError) as caught:
            engine.create("gcp:pubsub/topic:Topic", {"name": "t"})
    assert "connection was closed before the answer came" in caught.value.details()
    assert "not running" not in caught.value.details()


def test_a_member_that_is_there_already_needs_no_call_that_no_api_has(monkeypatch) -> None:
    """The engine updates without a change what failed while it was created."""
    monkeypatch.setattr(cloud_calls, "RETRY_SECONDS", 0.3)
    inputs = {"project": PROJECT, "role": "roles/viewer", "member": "user:a@example.com"}
    policy = {"bindings": [{"role": inputs["role"], "members": [inputs["member"]]}], "etag": "e"}
    with fake_cloud(lambda _: (200, policy)) as (base, calls), provider() as port:
        engine = Engine(
            port,
            {
                "cloudResourceManagerCustomEndpoint": f"{base}/",
                "project": PROJECT,
                "accessToken": "local",
            },
        )
        half = Resource("gcp:projects/iAMMember:IAMMember", "m", inputs, dict(inputs), "an/id")
        engine.update(half, inputs)
    assert {(call.method, call.path) for call in calls} == {
        ("POST", f"/projects/{PROJECT}:getIamPolicy")
    }


def test_a_plugin_ends_with_its_engine() -> None:
    """Its engine is killed, and nobody says goodbye."""
    engine = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "p = subprocess.Popen([sys.executable, '-m', 'localgcp.provider', '127.0.0.1:1'],"
            " stdout=subprocess.PIPE, text=True)\n"
            "p.stdout.readline(); print(p.pid, flush=True); time.sleep(600)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert engine.stdout is not None
    plugin = int(engine.stdout.readline())
    engine.kill()
    engine.wait()
    engine.stdout.close()
    assert processes.wait_until(lambda: not _runs(plugin), 30), "the plugin outlives its engine"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    # A container without an init keeps what ended as a zombie.
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")
