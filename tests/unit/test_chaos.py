"""The parts of `make chaos`: which calls are spoilt, how, and how it is counted."""

from __future__ import annotations

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import pytest

from dev.chaos import chaos_table, proxy
from dev.chaos.trials import Result, Trial, spread


@pytest.fixture
def cloud():
    """A server that counts what reaches it; its address and the paths."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(f"{self.path} {body.decode()} {self.headers['Host']}")
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()
    thread.join()


def post(base: str, path: str = "/a") -> tuple[int, dict]:
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    try:
        connection.request("POST", path, body=b"x")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("fault", "status", "carried_out"),
    [("429", 429, 0), ("500", 500, 0), ("503", 503, 0), ("503 after", 503, 1)],
)
def test_the_chosen_call_is_refused_and_no_other(cloud, fault, status, carried_out):
    target, seen = cloud
    plan = proxy.Plan()
    with proxy.serving(target, plan) as base:
        plan.arm(fault, 2)
        assert [post(base)[0] for _ in range(3)] == [200, status, 200]
    assert len(seen) == 2 + carried_out
    assert plan.spoilt == "POST /a"


@pytest.mark.parametrize(("fault", "carried_out"), [("close", 0), ("close after", 1)])
def test_a_connection_is_cut(cloud, fault, carried_out):
    target, seen = cloud
    plan = proxy.Plan()
    with proxy.serving(target, plan) as base:
        plan.arm(fault, 1)
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            post(base)
        assert len(seen) == carried_out


def test_a_kill_comes_after_the_call_and_before_its_answer(cloud):
    target, seen = cloud
    plan = proxy.Plan()
    at_kill: list[int] = []
    with proxy.serving(target, plan) as base:
        plan.arm("kill", 1, lambda: at_kill.append(len(seen)))
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            post(base)
    assert at_kill == [1]


def test_an_answer_is_late(cloud, monkeypatch):
    target, _ = cloud
    slept: list[float] = []
    monkeypatch.setattr(proxy.time, "sleep", slept.append)
    plan = proxy.Plan()
    with proxy.serving(target, plan) as base:
        plan.arm("delay", 1)
        assert post(base)[0] == 200
    assert proxy.DELAY_SECONDS in slept


def test_the_cloud_is_asked_under_its_own_name(cloud):
    target, seen = cloud
    with proxy.serving(target, proxy.Plan()) as base:
        post(base, "/a?b=c")
    assert seen == [f"/a?b=c x {urlsplit(target).netloc}"]


def test_without_a_number_every_call_has_every_fault():
    found = list(spread(3, ("429", "kill"), None))
    assert len(found) == len(set(found)) == 6
    assert {t.number for t in found} == {1, 2, 3}


@pytest.mark.parametrize("trials", [1, 4, 7, 16])
def test_some_are_spread_over_calls_and_faults(trials):
    found = list(spread(100, ("429", "kill"), trials))
    assert len(found) == trials
    assert all(1 <= t.number <= 100 for t in found)
    assert len({t.number for t in found}) == trials
    assert {t.fault for t in found} == ({"429"} if trials == 1 else {"429", "kill"})


def result(**changes) -> Result:
    values = {
        "operation": "up",
        "trial": Trial("kill", 7),
        "spoilt": "POST /a",
        "clear": True,
        "recovered": 1,
        "lost": (),
        "doubled": (),
        "stuck": (),
    }
    return Result(**values | changes)


def test_the_table_counts_each_kind_once():
    results = [
        result(recovered=0),
        result(),
        result(recovered=2, doubled=("schedules: a", "schedules: b")),
        result(recovered=None, clear=False, stuck=("why",), lost=("t",)),
        result(spoilt="", clear=False, stuck=("no call was spoilt",)),
    ]
    line = chaos_table.table(results, {"up": 40}).splitlines()[-1]
    assert line == "| up | 40 | 4 | 3 | 1 | 1 | 1 | 1 | 1 | 1 |"


def test_what_is_bad_is_named():
    assert chaos_table.bad([result(), result(recovered=0)]) == []
    bad = result(recovered=None, stuck=("why",))
    assert chaos_table.bad([result(), bad]) == [bad]
    assert chaos_table.line(bad) == "up kill at 7 (POST /a): not recovered, STUCK"
