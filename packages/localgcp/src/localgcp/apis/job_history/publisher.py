"""Publishes jobs: rows in every table named `job_history`, audit log and metrics.

Google's view has a job from its start. Here a table gets it when it ends, and before that only
once it has been at work for a while: what asks for jobs at work asks for those that last.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from localgcp import clockfile

from ..call import Cloud
from ..clock import micros
from ..monitoring import measure
from ..store import Resource, Store
from ..transfers import stored_configs as transfer_records
from . import audit_log
from .copy_calls import OWN_LABEL, BigQuery
from .rows import Record, records
from .sizes import Sizes

log = logging.getLogger(__name__)

TABLE = "job_history"
# How often BigQuery is asked anyway, and how often whether it says that a job has ended.
_INTERVAL_SECONDS = 3.0
_GLANCE_SECONDS = 0.2
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
# How long a job is at work before tables have it.
_LASTING_MS = 30 * 1000
_AUDIT_KIND = "localcloud.audit"


@dataclass
class _Target:
    """Where jobs go: what was copied of those created since `horizon` (milliseconds).

    `at_work` has the jobs with rows that are not final, and how many of their statements have
    one; without `withdraw` only jobs that have ended are written.
    """

    write: Callable[[list[Record]], None]
    withdraw: Callable[[Collection[str]], None] | None = None
    created: str = ""
    horizon: int = 0
    copied: dict[str, int] = field(default_factory=dict)
    at_work: dict[str, int] = field(default_factory=dict)


class JobHistory:
    """One thread that reads the jobs of BigQuery and writes those that are new."""

    def __init__(self, cloud: Cloud, store: Store, *, interval: float = _INTERVAL_SECONDS) -> None:
        self.cloud = cloud
        self.bigquery = BigQuery(cloud.bigquery_url, cloud.project)
        self.store = store
        self._interval = interval
        self._tables: dict[str, _Target] = {}
        self._audit: _Target | None = None
        # Asked for again with each search: an estimate need not be newer.
        self._sizes = Sizes(self.bigquery, cloud.project)
        self._looked = -math.inf
        self._seen = 0
        self._held = False
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="job history", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the request in progress and end."""
        self._stopped.set()
        self._thread.join()

    def copy(self, *, tables: bool = True) -> None:
        """Write what has ended so far; without `tables` only to the audit log and the metrics.

        OSError and ValueError as BigQuery gives them.
        """
        with self._lock:
            if not self._tables or time.monotonic() - self._looked > _LOOK_SECONDS:
                self._look()
            self._fill_all(tables)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Copy only when asked to meanwhile."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def look(self) -> None:
        """Search for the tables to fill, now."""
        with self._lock:
            self._look()

    def _loop(self) -> None:
        pause, finished = self._interval, 0
        while not self._stopped.is_set():
            finished = self._wait(pause, finished)
            if self._stopped.is_set():
                return
            if self._held:
                continue
            try:
                self.copy()
                pause = self._interval
            except OSError as error:
                # BigQuery starts later, ends earlier or is busy, or the table is gone.
                pause, self._looked = min(pause * 2, _LONGEST_PAUSE_SECONDS), -math.inf
                log.info("waits %.0f s for BigQuery: %s", pause, error)
            except Exception:
                pause, self._looked = _LONGEST_PAUSE_SECONDS, -math.inf
                log.exception("waits %.0f s after an error", pause)

    def _wait(self, seconds: float, finished: int) -> int:
        """Sleep, at most until a job ends; the time of the last end."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stopped.wait(min(_GLANCE_SECONDS, seconds)):
            changed = clockfile.changed(self.cloud.data_dir / clockfile.FINISHED)
            if changed != finished:
                return changed
        return finished

    def _look(self) -> None:
        """Find the tables to fill; another table of the same name starts from its own rows."""
        known, self._tables = self._tables, {}
        self._sizes = Sizes(self.bigquery, self.cloud.project)
        for dataset in self.bigquery.datasets():
            table = self.bigquery.table(dataset, TABLE)
            if table is None or table.get("type") != "TABLE":
                continue
            target = known.get(dataset)
            if target is None or target.created != table["creationTime"]:
                target = self._resume(dataset, table["creationTime"])
            self._tables[dataset] = target
        self._looked = time.monotonic()

    def _fill_all(self, tables: bool) -> None:
        now = self._now()
        if now < self._seen:
            # The clock was set back: jobs to come may be older than those that were copied.
            self._tables = {
                name: self._resume(name, target.created) for name, target in self._tables.items()
            }
            self._audit = None
        self._seen = now
        if self._audit is None:
            self._audit = self._resume_audit()
        targets = [self._audit, *(self._tables.values() if tables else ())]
        jobs = self.bigquery.jobs(since=min(target.horizon for target in targets))
        groups: dict[str, list[Record]] = {}
        for target in targets:
            self._fill(target, jobs, groups)
        self._remember_audit()

    def _resume(self, dataset: str, created: str) -> _Target:
        """What an earlier run of this server wrote, so that no row comes twice."""
        name = f"`{self.cloud.project}`.`{dataset}`.{TABLE}"
        unfinished = [
            str(job_id)
            for (job_id,) in self.bigquery.query(
                f"SELECT job_id FROM {name} WHERE state != 'DONE' AND parent_job_id IS NULL"
            )
        ]

        def withdraw(jobs: Collection[str]) -> None:
            ids = ", ".join(f"'{job}'" for job in jobs)
            self.bigquery.query(
                f"DELETE FROM {name} WHERE job_id IN ({ids}) OR parent_job_id IN ({ids})"
            )

        if unfinished:
            withdraw(unfinished)
        found = self.bigquery.query(
            f"SELECT job_id, UNIX_MILLIS(creation_time) FROM {name} WHERE parent_job_id IS NULL"
            " AND creation_time >= TIMESTAMP_SUB((SELECT LEAST(MAX(creation_time),"
            f" CURRENT_TIMESTAMP()) FROM {name}), INTERVAL {_LONGEST_JOB_MS} MILLISECOND)"
        )
        copied = {str(job_id): int(moment or 0) for job_id, moment in found}
        newest = min(max(copied.values(), default=0), self._now())
        horizon = max(0, newest - _LONGEST_JOB_MS)

        def write(some: list[Record]) -> None:
            self.bigquery.insert(dataset, TABLE, [one.row for one in some])

        return _Target(write, withdraw, created, horizon, copied)

    def _resume_audit(self) -> _Target:
        """The audit log; entries that are there already are not written again."""
        with self.store.transaction() as tx:
            kept = tx.get(_AUDIT_KIND, "horizon")
        horizon = min(kept.body["milliseconds"] if kept else 0, self._now())
        return _Target(self._write_audit, horizon=horizon)

    def _remember_audit(self) -> None:
        assert self._audit is not None
        with self.store.transaction() as tx:
            body = {"milliseconds": self._audit.horizon}
            kept = tx.get(_AUDIT_KIND, "horizon")
            if kept is None:
                tx.insert(Resource(_AUDIT_KIND, "horizon", "", body))
            elif kept.body != body:
                tx.update(Resource(_AUDIT_KIND, "horizon", "", body))

    def _write_audit(self, some: list[Record]) -> None:
        with self.store.transaction() as tx:
            new = audit_log.write(tx, self.cloud, some)
            measure.jobs_finished(
                tx, self.cloud, [(one.row, audit_log.priority(one)) for one in new]
            )

    def _fill(
        self,
        target: _Target,
        jobs: list[dict[str, Any]],
        groups: dict[str, list[Record]],
    ) -> None:
        new = [
            job
            for job in reversed(jobs)
            if job["status"]["state"] == "DONE"
            and _created(job) >= target.horizon
            and job["jobReference"]["jobId"] not in target.copied
            and not _is_own(job)
        ]
        self._show_at_work(target, jobs)
        for batch in self._batches(new, groups):
            if self._stopped.is_set():
                return
            target.write([record for _, group in batch for record in group])
            target.copied |= {job["jobReference"]["jobId"]: _created(job) for job, _ in batch}
        target.horizon = max(target.horizon, self._horizon(jobs))
        target.copied = {
            name: moment for name, moment in target.copied.items() if moment >= target.horizon
        }

    def _show_at_work(self, target: _Target, jobs: list[dict[str, Any]]) -> None:
        """Bring the rows of jobs at work up to date; take away those of jobs that have ended."""
        if target.withdraw is None:
            return
        now = self._now()
        lasting = [
            job
            for job in jobs
            if job["status"]["state"] == "RUNNING"
            and now - _LONGEST_JOB_MS <= _created(job) <= now - _LASTING_MS
            and not _is_own(job)
        ]
        found = {
            job["jobReference"]["jobId"]: (
                job,
                self.bigquery.jobs(parent=job["jobReference"]["jobId"]),
            )
            for job in lasting
        }
        same = {
            name
            for name, (_, statements) in found.items()
            if target.at_work.get(name) == len(statements)
        }
        if outdated := target.at_work.keys() - same:
            target.withdraw(outdated)
            target.at_work = {name: target.at_work[name] for name in same}
        for name, (job, statements) in found.items():
            if name not in same:
                target.write(records(job, statements, self._user(job), self._sizes.estimate))
                target.at_work[name] = len(statements)

    def _batches(
        self, jobs: list[dict[str, Any]], groups: dict[str, list[Record]]
    ) -> Iterator[list[tuple[dict[str, Any], list[Record]]]]:
        batch: list[tuple[dict[str, Any], list[Record]]] = []
        count = 0
        for job in jobs:
            name = job["jobReference"]["jobId"]
            if name not in groups:
                groups[name] = self._records(job)
            group = groups[name]
            if batch and count + len(group) > _BATCH:
                yield batch
                batch, count = [], 0
            batch.append((job, group))
            count += len(group)
        if batch:
            yield batch

    def _records(self, job: dict[str, Any]) -> list[Record]:
        name, statistics = job["jobReference"]["jobId"], job["statistics"]
        # A script that failed does not say how many statements it had.
        may_have = int(statistics.get("numChildJobs") or 0) or "errorResult" in job["status"]
        children = self.bigquery.jobs(parent=name) if may_have else []
        return records(job, children, self._user(job), self._sizes.estimate)

    def _user(self, job: dict[str, Any]) -> str:
        """Who ran a job; Data Transfer runs as the service account of the config."""
        with self.store.transaction() as tx:
            account = transfer_records.account_of_job(tx, job["jobReference"]["jobId"])
        return account or job["user_email"]

    def _horizon(self, jobs: list[dict[str, Any]]) -> int:
        """The moment (milliseconds) before which every job has been copied, as far as is known."""
        # A job of the future, made before the clock was set right, must not hide today's.
        now = self._now()
        times = [moment for job in jobs if (moment := _created(job)) <= now]
        if not times:
            return 0
        newest = max(times)
        unfinished = [_created(job) for job in jobs if job["status"]["state"] != "DONE"]
        return max(min([newest - _MARGIN_MS, *unfinished]), newest - _LONGEST_JOB_MS)

    def _now(self) -> int:
        return micros(self.cloud.clock.now()) // 1000


def _is_own(job: dict[str, Any]) -> bool:
    labels = job["configuration"].get("labels") or {}
    return OWN_LABEL.items() <= labels.items()


def _created(job: dict[str, Any]) -> int:
    return int(job["statistics"]["creationTime"])
