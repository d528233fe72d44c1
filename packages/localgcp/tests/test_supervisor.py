"""The supervisor with stand-in servers: small processes that listen on the ports they are given."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from localgcp import known_servers, locks, ports, processes
from localgcp.errors import LocalCloudError
from localgcp.paths import DataFolder
from localgcp.servers import Service, addresses, endpoints
from localgcp.supervisor import Supervisor, as_json

SERVER = """
import http.server, sys
print("listening", flush=True)
http.server.HTTPServer(
    ("127.0.0.1", int(sys.argv[1])), http.server.BaseHTTPRequestHandler
).serve_forever()
"""


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((ports.HOST, port)) == 0


def stand_in(name: str, *needs: str, source: str = SERVER) -> Service:
    return Service(
        name=name,
        title=name.title(),
        port_names=(name,),
        command=lambda numbers, folder: [
            sys.executable,
            "-c",
            source,
            *(str(numbers[one]) for one in (name, *needs)),
        ],
        answers=lambda numbers: accepts(numbers[name]),
    )


class Cloud:
    """A supervisor over stand-ins that keeps what it says."""

    def __init__(self, root: Path, *services: Service) -> None:
        self.folder = DataFolder(root)
        self.lines: list[str] = []
        self.services = services or (stand_in("data"), stand_in("apis", "data"))
        self.supervisor = Supervisor(
            self.folder, self.lines.append, self.services, lambda numbers: {"numbers": str(numbers)}
        )

    def record(self, name: str) -> known_servers.Record:
        return known_servers.load(self.folder)[name]

    def states(self) -> dict[str, str]:
        return {status.name: status.state for status in self.supervisor.status()}

    def kill(self, name: str) -> None:
        record = self.record(name)
        os.kill(record.pid, signal.SIGKILL)
        assert processes.wait_until(lambda: not record.is_running, 5)


@pytest.fixture
def cloud(tmp_path):
    """A cloud that is stopped after the test."""
    made = Cloud(tmp_path / "local")
    yield made
    made.supervisor.down()


@pytest.fixture
def listener():
    """Takes a port, as another program would."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        yield lambda port: (taken.bind((ports.HOST, port)), taken.listen())


def test_up_starts_all_servers_and_writes_their_addresses(cloud):
    assert cloud.supervisor.up() is True
    assert cloud.states() == {"data": "running", "apis": "running"}
    numbers = {name: cloud.record(name).port for name in ("data", "apis")}
    assert json.loads(cloud.folder.endpoints.read_text()) == {"numbers": str(numbers)}


def test_second_up_changes_nothing(cloud):
    cloud.supervisor.up()
    before = cloud.folder.processes.read_bytes()
    assert cloud.supervisor.up() is False
    assert cloud.folder.processes.read_bytes() == before


def test_a_server_that_died_is_started_again_alone(cloud):
    cloud.supervisor.up()
    kept, lost = cloud.record("data"), cloud.record("apis")
    cloud.kill("apis")
    assert cloud.states() == {"data": "running", "apis": "died"}
    assert cloud.supervisor.up() is True
    assert cloud.record("data") == kept
    assert cloud.record("apis").pid != lost.pid
    assert cloud.record("apis").port == lost.port


def test_down_stops_the_servers_keeps_data_and_ports(cloud):
    cloud.supervisor.up()
    running = cloud.record("data")
    (cloud.folder.root / "bigquery" / "rows").write_text("kept")
    assert cloud.supervisor.down() is True
    assert not running.is_running
    assert not cloud.folder.endpoints.exists(), "addresses of stopped servers mislead"
    assert cloud.supervisor.down() is False
    cloud.supervisor.up()
    assert cloud.record("data").port == running.port
    assert (cloud.folder.root / "bigquery" / "rows").read_text() == "kept"


def test_a_reused_process_id_is_neither_trusted_nor_killed(cloud):
    cloud.supervisor.up()
    real = cloud.record("apis")
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        try:
            known = known_servers.load(cloud.folder)
            known["apis"] = dataclasses.replace(real, pid=stranger.pid)
            known_servers.save(cloud.folder, known)
            assert cloud.states()["apis"] == "died"
            cloud.supervisor.down()
            assert stranger.poll() is None, "a process that is not ours was killed"
        finally:
            stranger.kill()
            processes.stop(real.pid, real.started, 5)


def test_a_taken_port_is_replaced_and_said_so(cloud, listener):
    cloud.supervisor.up()
    cloud.supervisor.down()
    port = cloud.record("data").port
    listener(port)
    cloud.lines.clear()
    cloud.supervisor.up()
    assert cloud.record("data").port != port
    assert any(f"port {port} is taken by another program" in line for line in cloud.lines)
    assert cloud.states() == {"data": "running", "apis": "running"}


def test_a_server_follows_when_the_port_it_depends_on_moves(cloud, listener):
    cloud.supervisor.up()
    apis, data = cloud.record("apis"), cloud.record("data")
    cloud.kill("data")
    listener(data.port)
    cloud.supervisor.up()
    assert cloud.record("apis").pid != apis.pid, "it still talks to the old port"
    assert not apis.is_running


def test_a_server_that_ends_while_starting_is_reported_with_its_log(tmp_path):
    broken = stand_in("data", source="raise SystemExit('no such setting: colour')")
    cloud = Cloud(tmp_path / "local", broken)
    with pytest.raises(LocalCloudError, match=r"(?s)Data ended.*no such setting: colour"):
        cloud.supervisor.up()
    assert not cloud.folder.endpoints.exists()


def test_two_ups_at_once_start_each_server_once(tmp_path):
    clouds = [Cloud(tmp_path / "local") for _ in range(2)]
    changed: list[bool] = []
    threads = [
        threading.Thread(target=lambda one=one: changed.append(one.supervisor.up()))
        for one in clouds
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clouds[0].supervisor.down()
    assert sorted(changed) == [False, True]


def test_clean_deletes_only_a_folder_that_bears_the_marker(cloud, tmp_path):
    cloud.supervisor.up()
    running = cloud.record("data")
    assert cloud.supervisor.clean() is True
    assert not running.is_running
    assert not cloud.folder.root.exists()
    assert cloud.supervisor.clean() is False

    foreign = tmp_path / "photos"
    foreign.mkdir()
    (foreign / "holiday.jpg").touch()
    stranger = Cloud(foreign)
    with pytest.raises(LocalCloudError, match="does not bear"):
        stranger.supervisor.clean()
    with pytest.raises(LocalCloudError, match=r"holiday\.jpg"):
        stranger.supervisor.up()
    assert stranger.supervisor.down() is False
    assert sorted(path.name for path in foreign.iterdir()) == ["holiday.jpg"]


def test_a_folder_with_spaces_works(tmp_path):
    cloud = Cloud(tmp_path / "my data" / "local cloud")
    cloud.supervisor.up()
    assert cloud.states() == {"data": "running", "apis": "running"}
    cloud.supervisor.down()


@pytest.mark.parametrize("name", ["file/below", "it's"])
def test_a_folder_that_cannot_be_used_is_refused_clearly(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(LocalCloudError, match="EROS_LOCAL_DIR"):
        Cloud(tmp_path / name).supervisor.up()


def test_a_damaged_processes_file_is_named(cloud):
    cloud.folder.prepare()
    cloud.folder.processes.write_text("{ half")
    with pytest.raises(LocalCloudError, match=r"processes\.json cannot be read"):
        cloud.supervisor.up()
    cloud.folder.processes.unlink()


def test_addresses_are_those_of_what_runs(cloud):
    with pytest.raises(LocalCloudError, match="does not run"):
        cloud.supervisor.addresses()
    found = addresses({"bigquery": 1, "bigquery_storage": 2})
    assert found == {
        "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1",
        "BIGQUERY_STORAGE_HOST": "127.0.0.1:2",
    }


def test_status_for_programs_says_whether_all_run(cloud):
    assert json.loads(as_json(cloud.supervisor.status()))["running"] is False
    cloud.supervisor.up()
    answer = json.loads(as_json(cloud.supervisor.status()))
    assert answer["running"] is True
    assert [one["name"] for one in answer["services"]] == ["data", "apis"]


def test_servers_outlive_the_command_that_started_them(cloud):
    cloud.supervisor.up()
    session = os.getsid(cloud.record("data").pid)
    assert session == cloud.record("data").pid, "a closing terminal would end it"


def test_a_process_that_ignores_the_polite_signal_is_killed(tmp_path):
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('ready', flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    pid = processes.start([sys.executable, "-c", stubborn], {}, log, tmp_path)
    started = processes.start_time(pid)
    assert processes.wait_until(lambda: "ready" in log.read_text(), 10)
    assert processes.stop(pid, started, patience=0.3) is True
    assert not processes.is_running(pid, started)


def test_a_waiting_lock_does_not_lock_a_deleted_file(tmp_path):
    lock = tmp_path / "folder" / "lock"
    order: list[str] = []

    def second() -> None:
        with locks.exclusive(lock, lambda: order.append("waits")):
            order.append("second")
            assert lock.exists(), "it holds a file that nobody else can see"

    with locks.exclusive(lock):
        thread = threading.Thread(target=second)
        thread.start()
        assert processes.wait_until(lambda: order == ["waits"], 5)
        lock.unlink()
        time.sleep(0.1)
    thread.join()
    assert order == ["waits", "second"]


def test_endpoints_are_loopback_urls_that_end_with_a_slash():
    urls = endpoints({"bigquery": 1111, "gcp": 2222}).values()
    assert len(urls) == 11
    assert all(url.startswith("http://127.0.0.1:") and url.endswith("/") for url in urls)


@pytest.mark.emulator
def test_bigquery_starts_answers_and_stops(tmp_path):
    from localgcp.servers import SERVICES

    cloud = Cloud(tmp_path / "local cloud", SERVICES[0])
    cloud.supervisor.up()
    try:
        port = cloud.record("bigquery").port
        url = f"http://127.0.0.1:{port}/bigquery/v2/projects/eros-local/datasets"
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert json.load(answer)["kind"] == "bigquery#datasetList"
    finally:
        assert cloud.supervisor.down() is True
