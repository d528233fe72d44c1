"""A local-bigquery of a benchmark's own, with the system's SQL on it, and what each call costs."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from dev.bench.lab import Duration
from eros.cloud.google import NO_RETRY
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT, Settings
from localgcp.bigquery import standalone


@dataclass(frozen=True)
class Cost:
    """Seconds on the wall, and GiB that the server held at most (0 where it cannot be measured)."""

    seconds: float
    peak_gib: float


class Emulator(AbstractContextManager):
    """Starts a server with its data in an empty `folder`; the process ends with the context."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._settings = settings
        with ExitStack() as stack:
            server = stack.enter_context(standalone.running(folder, project=settings.project))
            self._process = server.process
            self._client = stack.enter_context(
                closing(
                    bigquery.Client(
                        project=settings.project,
                        credentials=AnonymousCredentials(),
                        client_options=ClientOptions(api_endpoint=server.rest),
                    )
                )
            )
            self._stack = stack.pop_all()

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def create_dataset(self) -> None:
        """The dataset, empty."""
        self._client.create_dataset(self._settings.dataset)

    def create(self) -> None:
        """The dataset with the whole catalogue."""
        self.create_dataset()
        for item in Project(self._settings, PROJECT_ROOT).sql:
            self.run(item.sql)

    def run(self, sql: str) -> list[bigquery.Row]:
        """Run a statement or script; bare names are objects of the dataset."""
        dataset = f"{self._settings.project}.{self._settings.dataset}"
        config = bigquery.QueryJobConfig(default_dataset=dataset)
        # Nothing is tried again behind our back: a retried script runs twice.
        job = self._client.query(sql, job_config=config, retry=NO_RETRY, job_retry=NO_RETRY)
        return list(job.result())

    def datasets(self) -> list[str]:
        """Names of the datasets: a request that runs no statement."""
        return [item.dataset_id for item in self._client.list_datasets()]

    def duration(self, work: Callable[[], object]) -> Duration:
        """What `work` takes: on the wall, and of processors in the server (0 but on Linux)."""
        before, started = self._cpu(), time.perf_counter()
        work()
        return Duration(time.perf_counter() - started, self._cpu() - before)

    def cost(self, sql: str) -> Cost:
        """Run it once and tell what it took."""
        self._forget_peak()
        started = time.perf_counter()
        self.run(sql)
        return Cost(time.perf_counter() - started, self._peak_gib())

    def _cpu(self) -> float:
        stat = Path(f"/proc/{self._process.pid}/stat")
        if not stat.exists():
            return 0.0
        # After the name in parentheses, which may hold spaces: user and system time in ticks.
        fields = stat.read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _forget_peak(self) -> None:
        """Let the kernel's high-water mark begin again at what is held now (Linux only)."""
        reset = Path(f"/proc/{self._process.pid}/clear_refs")
        if reset.exists():
            reset.write_text("5", encoding="ascii")

    def _peak_gib(self) -> float:
        status = Path(f"/proc/{self._process.pid}/status")
        if not status.exists():
            return 0.0
        [kib] = re.findall(r"^VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"), re.MULTILINE)
        return int(kib) / 2**20
