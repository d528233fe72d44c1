"""Copies finished jobs into every table named `job_history`, a few seconds behind."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..call import Cloud
from ..store import Store
from ..transfers import records
from .bigquery import OWN_LABEL, BigQuery
from .rows import Row, rows
from .sizes import Sizes

log = logging.getLogger(__name__)

TABLE = "job_history"
_INTERVAL_SECONDS = 3.0
_LONGEST_PAUSE_SECONDS = 60.0
# Rows per request; the rows of one script are never split.
_BATCH = 500
# How often the datasets are searched for more tables to fill, once there is one.
_LOOK_SECONDS = 30.0
# A job may be listed this much later than others created after it.
_MARGIN_MS = 60 * 1000
# BigQuery ends a query after six hours; what the emulator calls RUNNING for longer was
# interrupted by its own stop and never ends.
_LONGEST_JOB_MS = 6 * 60 * 60 * 1000


@dataclass
class _Target:
    """A table to fill: what was copied of the jobs created since `horizon` (milliseconds)."""

    dataset: str
    created: str
    horizon: int = 0
    copied: dict[str, int] = field(default_factory=dict)


class JobHistory:
    """One thread that reads the jobs of BigQuery and writes those that are new."""

    def __init__(self, cloud: Cloud, store: Store, *, interval: float = _INTERVAL_SECONDS) -> None:
        self._bigquery = BigQuery(cloud.bigquery_url, cloud.project)
        self._project = cloud.project
        self._store = store
        self._interval = interval
        self._targets: dict[str, _Target] = {}
        self._seen = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="job history", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the request in progress and end."""
        self._stopped.set()
        self._thread.join()

    def copy(self) -> None:
        """Bring every table up to date. OSError and ValueError as BigQuery gives them."""
        self._look()
        self._fill_all()

    def _loop(self) -> None:
        pause, looked = self._interval, -math.inf
        while not self._stopped.wait(pause):
            try:
                if not self._targets or time.monotonic() - looked > _LOOK_SECONDS:
                    self._look()
                    looked = time.monotonic()
                self._fill_all()
                pause = self._interval
            except OSError as error:
                # BigQuery starts later, ends earlier or is busy, or the table is gone.
                pause, looked = min(pause * 2, _LONGEST_PAUSE_SECONDS), -math.inf
                log.info("waits %.0f s for BigQuery: %s", pause, error)
            except Exception:
                pause, looked = _LONGEST_PAUSE_SECONDS, -math.inf
                log.exception("waits %.0f s after an error", pause)

    def _look(self) -> None:
        """Find the tables to fill; another table of the same name starts from its own rows."""
        known, self._targets = self._targets, {}
        for dataset in self._bigquery.datasets():
            table = self._bigquery.table(dataset, TABLE)
            if table is None or table.get("type") != "TABLE":
                continue
            target = known.get(dataset)
            if target is None or target.created != table["creationTime"]:
                target = self._resume(dataset, table["creationTime"])
            self._targets[dataset] = target

    def _fill_all(self) -> None:
        now = _now()
        if now < self._seen:
            # The clock was set back: jobs to come may be older than those that were copied.
            self._targets = {
                name: self._resume(name, target.created) for name, target in self._targets.items()
            }
        self._seen = now
        sizes = Sizes(self._bigquery, self._project)
        for target in self._targets.values():
            self._fill(target, sizes)

    def _resume(self, dataset: str, created: str) -> _Target:
        """What an earlier run of this server wrote, so that no row comes twice."""
        name = f"`{self._project}`.`{dataset}`.{TABLE}"
        found = self._bigquery.query(
            f"SELECT job_id, UNIX_MILLIS(creation_time) FROM {name} WHERE parent_job_id IS NULL"
            " AND creation_time >= TIMESTAMP_SUB((SELECT LEAST(MAX(creation_time),"
            f" CURRENT_TIMESTAMP()) FROM {name}), INTERVAL {_LONGEST_JOB_MS} MILLISECOND)"
        )
        copied = {str(job_id): int(moment or 0) for job_id, moment in found}
        newest = min(max(copied.values(), default=0), _now())
        horizon = max(0, newest - _LONGEST_JOB_MS)
        return _Target(dataset, created, horizon, copied)

    def _fill(self, target: _Target, sizes: Sizes) -> None:
        jobs = self._bigquery.jobs(since=target.horizon)
        new = [
            job
            for job in reversed(jobs)
            if job["status"]["state"] == "DONE"
            and job["jobReference"]["jobId"] not in target.copied
            and not _is_own(job)
        ]
        for batch in self._batches(new, sizes):
            if self._stopped.is_set():
                return
            self._bigquery.insert(
                target.dataset, TABLE, [row for _, group in batch for row in group]
            )
            target.copied |= {job["jobReference"]["jobId"]: _created(job) for job, _ in batch}
        target.horizon = max(target.horizon, _horizon(jobs))
        target.copied = {
            name: moment for name, moment in target.copied.items() if moment >= target.horizon
        }

    def _batches(
        self, jobs: list[dict[str, Any]], sizes: Sizes
    ) -> Iterator[list[tuple[dict[str, Any], list[Row]]]]:
        batch: list[tuple[dict[str, Any], list[Row]]] = []
        count = 0
        for job in jobs:
            name = job["jobReference"]["jobId"]
            has_children = int(job["statistics"].get("numChildJobs") or 0) > 0
            children = self._bigquery.jobs(parent=name) if has_children else []
            group = rows(job, children, self._user(job), sizes.estimate)
            if batch and count + len(group) > _BATCH:
                yield batch
                batch, count = [], 0
            batch.append((job, group))
            count += len(group)
        if batch:
            yield batch

    def _user(self, job: dict[str, Any]) -> str:
        """Who ran a job; Data Transfer runs as the service account of the config."""
        with self._store.transaction() as tx:
            account = records.account_of_job(tx, job["jobReference"]["jobId"])
        return account or job["user_email"]


def _is_own(job: dict[str, Any]) -> bool:
    labels = job["configuration"].get("labels") or {}
    return OWN_LABEL.items() <= labels.items()


def _created(job: dict[str, Any]) -> int:
    return int(job["statistics"]["creationTime"])


def _horizon(jobs: list[dict[str, Any]]) -> int:
    """The moment (milliseconds) before which every job has been copied, as far as is known."""
    # A job of the future, made before the clock was set right, must not hide those of today.
    now = _now()
    times = [moment for job in jobs if (moment := _created(job)) <= now]
    if not times:
        return 0
    newest = max(times)
    unfinished = [_created(job) for job in jobs if job["status"]["state"] != "DONE"]
    return max(min([newest - _MARGIN_MS, *unfinished]), newest - _LONGEST_JOB_MS)


def _now() -> int:
    return int(time.time() * 1000)
