"""A BigQuery by itself, for as long as a block lasts: tests, benchmarks, somebody's client."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localgcp import ports, processes
from localgcp.errors import LocalCloudError
from localgcp.servers import PROJECT

_START_SECONDS = 90
_STOP_SECONDS = 30
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Standalone:
    """A running server: addresses of REST (a URL) and of the storage API (host:port)."""

    rest: str
    storage: str
    process: subprocess.Popen[bytes]

    @property
    def addresses(self) -> dict[str, str]:
        """As the local cloud's own command gives them, by environment variable."""
        return {"BIGQUERY_EMULATOR_HOST": self.rest, "BIGQUERY_STORAGE_HOST": self.storage}


@contextmanager
def running(
    folder: Path, *, project: str = PROJECT, environment: Mapping[str, str] | None = None
) -> Iterator[Standalone]:
    """A server with its data in `folder`/bigquery and its output in `folder`/bigquery.log.

    It takes ports that are free: no other program can get between the choice and the use.
    `environment` is added to that of this process. Raises LocalCloudError when it does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    announced, log = folder / "bigquery.ports.json", folder / "bigquery.log"
    announced.unlink(missing_ok=True)
    own = {
        "BIGQUERY_HOST": ports.HOST,
        "BIGQUERY_PORT": "0",
        "GRPC_PORT": "0",
        "DATA_DIR": str(folder / "bigquery"),
        "DEFAULT_PROJECT_ID": project,
        ports.ANNOUNCED: str(announced),
    }
    with (
        log.open("ab") as output,
        subprocess.Popen(
            [sys.executable, "-m", "localgcp.bigquery"],
            env=os.environ | own | dict(environment or {}),
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            rest, storage = _wait(process, announced, log, project)
            yield Standalone(f"http://{ports.HOST}:{rest}", f"{ports.HOST}:{storage}", process)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(
    process: subprocess.Popen[bytes], announced: Path, log: Path, project: str
) -> tuple[int, int]:
    def answering() -> tuple[int, int] | None:
        found = ports.announced(announced)
        return found if found and _answers(found[0], project) else None

    processes.wait_until(lambda: process.poll() is not None or answering(), _START_SECONDS)
    if process.poll() is None and (found := answering()):
        return found
    end = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise LocalCloudError(f"the local BigQuery does not start:\n{end}")


def _answers(port: int, project: str) -> bool:
    try:
        url = f"http://{ports.HOST}:{port}/bigquery/v2/projects/{project}/datasets"
        with _DIRECT.open(url, timeout=_START_SECONDS):
            return True
    except OSError:
        return False
