"""A proxy that spoils one call: answered with an error, cut off, late, or the last one."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

# An answer that never comes does no harm in "429", "500", "503" and "close": the cloud has not
# seen the call. In "503 after" and "close after" it has carried it out. "kill" ends the command
# after the call was carried out and before its answer.
FAULTS = ("429", "500", "503", "close", "503 after", "close after", "delay", "kill")
DELAY_SECONDS = 3.0
_CALL_SECONDS = 300
# They say how a connection is used, not what is sent.
_OF_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})


@dataclass
class Plan:
    """Which call is spoilt, counted over all servers from `arm` on."""

    fault: str | None = None
    number: int = 0
    """1 is the first call."""
    kill: Callable[[], None] = lambda: None
    count: int = 0
    spoilt: str = ""
    """Method and path of the call that was."""
    calls: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """Method and path with query of all calls since the beginning, with the first body of each."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, fault: str | None, number: int, kill: Callable[[], None] | None = None) -> None:
        """Begin to count again."""
        with self.lock:
            self.fault, self.number, self.count, self.spoilt = fault, number, 0, ""
            self.kill = kill or (lambda: None)

    def take(self, method: str, path: str, body: bytes = b"") -> str | None:
        """The fault of this call."""
        with self.lock:
            self.calls.setdefault((method, path), body)
            self.count += 1
            if self.fault is None or self.count != self.number:
                return None
            self.spoilt = f"{method} {path.partition('?')[0]}"
            return self.fault


@contextmanager
def serving(target: str, plan: Plan) -> Iterator[str]:
    """A server that forwards to `target`; its address."""
    upstream = urlsplit(target)

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            fault = plan.take(self.command, self.path, body or b"")
            if fault == "kill":
                self._forward(body)
                plan.kill()
                self._cut()
            elif fault and fault.startswith("close"):
                if fault.endswith("after"):
                    self._forward(body)
                self._cut()
            elif fault and fault != "delay":
                if fault.endswith("after"):
                    self._forward(body)
                self._refuse(int(fault.split()[0]))
            else:
                if fault == "delay":
                    time.sleep(DELAY_SECONDS)
                self._answer(*self._forward(body))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

        def _forward(self, body: bytes | None) -> tuple[int, list[tuple[str, str]], bytes]:
            connection = http.client.HTTPConnection(
                upstream.hostname or "", upstream.port, timeout=_CALL_SECONDS
            )
            headers = {
                key: value
                for key, value in self.headers.items()
                if key.lower() not in {*_OF_CONNECTION, "host"}
            }
            try:
                connection.request(self.command, self.path, body=body, headers=headers)
                answer = connection.getresponse()
                return answer.status, answer.getheaders(), answer.read()
            finally:
                connection.close()

        def _answer(self, status: int, headers: list[tuple[str, str]], payload: bytes) -> None:
            self.send_response(status)
            for key, value in headers:
                if key.lower() not in {*_OF_CONNECTION, "date", "server"}:
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def _refuse(self, status: int) -> None:
            error = {"code": status, "message": "chaos: come back later", "status": "UNAVAILABLE"}
            payload = json.dumps({"error": error}).encode()
            self._answer(status, [("Content-Type", "application/json")], payload)

        def _cut(self) -> None:
            self.close_connection = True
            self.connection.shutdown(2)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A command that was killed reads no answer."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
