"""A BigQuery by itself: its ports are its own, and whoever answers is the one that was started."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from localgcp import ports
from localgcp.bigquery import standalone
from localgcp.errors import LocalCloudError
from localgcp.servers import PROJECT, SERVICES

BIGQUERY = SERVICES[0]


def test_each_has_ports_of_its_own_which_no_other_can_take(tmp_path: Path) -> None:
    with standalone.running(tmp_path / "one") as one, standalone.running(tmp_path / "two") as two:
        taken = {
            int(address.rpartition(":")[2]) for s in (one, two) for address in (s.rest, s.storage)
        }
        assert len(taken) == 4
        # Linux lets two gRPC servers share a port unless one of them says no.
        for port in ("BIGQUERY_PORT", "GRPC_PORT"):
            address = one.rest if port == "BIGQUERY_PORT" else one.storage
            environment = {
                "BIGQUERY_HOST": ports.HOST,
                "BIGQUERY_PORT": "0",
                "GRPC_PORT": "0",
                port: address.rpartition(":")[2],
                "DATA_DIR": str(tmp_path / "third"),
            }
            third = subprocess.run(
                [sys.executable, "-m", "localgcp.bigquery"],
                env=os.environ | environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert third.returncode != 0
            assert address.rpartition(":")[2] in third.stderr


def test_a_caller_is_who_the_requests_token_names_and_nobody_is_taken_for_another(
    tmp_path: Path,
) -> None:
    def asked_by(email: str | None) -> str:
        claims = base64.urlsafe_b64encode(json.dumps({"email": email}).encode()).decode()
        request = urllib.request.Request(
            f"{server.rest}/bigquery/v2/projects/{PROJECT}/queries",
            data=json.dumps({"query": "SELECT SESSION_USER()", "useLegacySql": False}).encode(),
            headers={"Content-Type": "application/json"}
            | ({"Authorization": f"Bearer a.{claims}.c"} if email else {}),
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["rows"][0]["f"][0]["v"]

    names = [f"{name}@example.com" for name in ("ada", "grace", "joan", "mary")] * 4
    with standalone.running(tmp_path) as server, ThreadPoolExecutor(4) as pool:
        assert list(pool.map(asked_by, names)) == names
        assert asked_by(None) == "local-bigquery@localhost"


def test_a_folder_that_was_moved_has_its_tables_and_the_clones_of_them(tmp_path: Path) -> None:
    def client_of(server: standalone.Standalone) -> bigquery.Client:
        return bigquery.Client(
            PROJECT, AnonymousCredentials(), client_options={"api_endpoint": server.rest}
        )

    with standalone.running(tmp_path / "here") as server:
        for statement in (
            "CREATE SCHEMA ds",
            "CREATE TABLE ds.t AS SELECT n FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n",
            "CREATE TABLE ds.c CLONE ds.t",
        ):
            client_of(server).query_and_wait(statement)
    (tmp_path / "here").rename(tmp_path / "there")
    with standalone.running(tmp_path / "there") as server:
        client = client_of(server)
        client.query_and_wait("INSERT INTO ds.t VALUES (1001)")
        query = "SELECT (SELECT COUNT(*) FROM ds.t), (SELECT COUNT(*) FROM ds.c)"
        assert [tuple(row) for row in client.query_and_wait(query)] == [(1001, 1000)]


def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(LocalCloudError, match="does not start"),
        standalone.running(tmp_path, environment={"BIGQUERY_HOST": "192.0.2.1"}),
    ):
        pytest.fail("nothing can listen there")


@pytest.mark.unit
def test_a_port_that_speaks_something_else_is_no_answer() -> None:
    """As the storage API's does, which is HTTP/2."""
    with socket.create_server((ports.HOST, 0)) as listening:

        def speak() -> None:
            for _ in range(2):
                caller, _address = listening.accept()
                caller.sendall(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\r\n\r\n")
                caller.close()

        threading.Thread(target=speak, daemon=True).start()
        port = listening.getsockname()[1]
        assert not BIGQUERY.answers({"bigquery": port, "bigquery_storage": port})
