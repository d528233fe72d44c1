"""Keeps the jobs in a file of their own, beside BigQuery's catalogue.

local-bigquery 0.4.0 writes a job three times into a table of DuckDB, and each of these commits
takes as long as the rest of a small query. SQLite does the same in a fiftieth of the time, and
jobs are looked up by their key, which needs no analytical engine.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import JSONResponse
from local_bigquery.api import jobs as api
from local_bigquery.engine import database
from local_bigquery.jobs import store
from local_bigquery.models import Job
from local_bigquery.settings import settings
from local_bigquery.sql import rules
from sqlglot import exp

from localgcp.bigquery import routes

_FILE = "jobs.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
    change INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    parent_job_id TEXT,
    state TEXT NOT NULL,
    creation_time INTEGER NOT NULL,
    resource TEXT NOT NULL,
    UNIQUE (project_id, job_id)
) STRICT;
CREATE INDEX IF NOT EXISTS job_by_time ON job (project_id, parent_job_id, creation_time);
"""
_COLUMNS = "project_id, job_id, parent_job_id, state, creation_time, resource"
# In the name of each view of INFORMATION_SCHEMA that shows jobs.
_JOBS = "JOBS"


def install() -> None:
    """Put this store in place of local-bigquery's."""
    kept = JobStore(settings.data_dir / _FILE)
    store.save, store.load = kept.save, kept.load
    store.list_, store.delete = kept.list_, kept.delete
    routes.add("GET", "/projects/{project_id}/jobs", _listing(kept))
    rules.STATEMENT_RULES.insert(0, kept.show)


class JobStore:
    """The jobs in one SQLite file. Safe for use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        # Two copies at once would meet in DuckDB as a duplicate key.
        self._copying = threading.Lock()
        self._opened: sqlite3.Connection | None = None
        # The last change that DuckDB's table of jobs knows.
        self._copied = 0
        # Ends that a full disk did not take, by project and job.
        self._unwritten: dict[tuple[str, str], Job] = {}

    def save(self, job: Job) -> Job:
        """Write a job, over what was known of it.

        What cannot be written of a job that has begun is kept and written later: who waits for it
        must hear of its end.
        """
        key = (job.jobReference.projectId, job.jobReference.jobId)
        try:
            for other in [*self._unwritten.values()]:
                self._write(other)
            self._unwritten.clear()
            return self._write(job)
        except sqlite3.OperationalError:
            if job.status.state == "PENDING":
                raise
            self._unwritten[key] = job
            return job

    def _write(self, job: Job) -> Job:
        self._run(
            f"INSERT OR REPLACE INTO job ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
            job.jobReference.projectId,
            job.jobReference.jobId,
            job.statistics.parentJobId,
            job.status.state,
            int(job.statistics.creationTime),
            job.model_dump_json(by_alias=True, exclude_none=True),
        )
        return job

    def load(self, project_id: str, job_id: str) -> Job | None:
        """A job; None when there is none of this name."""
        if job := self._unwritten.get((project_id, job_id)):
            return job
        rows = self._run(
            "SELECT resource FROM job WHERE project_id = ? AND job_id = ?", project_id, job_id
        )
        return Job.model_validate_json(rows[0][0]) if rows else None

    def list_(self, project_id: str, *filters: Any) -> list[Job]:
        """Jobs of a project, newest first; the filters are those of `texts`."""
        return [Job.model_validate_json(text) for text in self.texts(project_id, *filters)]

    def texts(
        self,
        project_id: str,
        states: list[str] | None = None,
        parent_job_id: str | None = None,
        min_creation_time: int | None = None,
        max_creation_time: int | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[str]:
        """Jobs as JSON, newest first; children of no job unless a parent is given."""
        marks = ", ".join("?" for _ in states or [])
        rows = self._run(
            "SELECT resource FROM job WHERE project_id = ? AND parent_job_id IS ?"
            " AND creation_time BETWEEN ? AND ?"
            f"{f' AND state IN ({marks})' if states else ''}"
            " ORDER BY creation_time DESC, job_id LIMIT ? OFFSET ?",
            project_id,
            parent_job_id,
            0 if min_creation_time is None else min_creation_time,
            2**62 if max_creation_time is None else max_creation_time,
            *(states or []),
            -1 if limit is None else limit,
            offset,
        )
        return [text for (text,) in rows]

    def delete(self, project_id: str, job_id: str) -> None:
        """Forget a job and its children."""
        self._run(
            "DELETE FROM job WHERE project_id = ? AND (job_id = ? OR parent_job_id = ?)",
            project_id,
            job_id,
            job_id,
        )
        database.execute(
            "DELETE FROM emulator.jobs WHERE project_id = ? AND (job_id = ? OR parent_job_id = ?)",
            [project_id, job_id, job_id],
        )

    def show(self, tree: exp.Expression, context: Any) -> exp.Expression:
        """Before a statement that reads INFORMATION_SCHEMA.JOBS: let DuckDB know all jobs."""
        if any(_JOBS in table.name.upper() for table in tree.find_all(exp.Table)):
            with self._copying:
                self._copy()
        return tree

    def _copy(self) -> None:
        """Bring DuckDB's table of jobs, which INFORMATION_SCHEMA reads, up to date."""
        rows = self._run(
            f"SELECT change, {_COLUMNS} FROM job WHERE change > ? ORDER BY change", self._copied
        )
        if not rows:
            return
        with database.cursor() as cursor:
            cursor.executemany(
                "INSERT OR REPLACE INTO emulator.jobs VALUES (?, ?, ?, ?, ?, ?)",
                [list(row[1:]) for row in rows],
            )
        self._copied = rows[-1][0]

    def _run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened.execute(sql, values).fetchall()

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self._path.exists()
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        # A job outlives the end of this process, by kill -9 too; nothing waits for the disk.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_SCHEMA)
        if is_new:
            # A data folder from before this store.
            connection.executemany(
                f"INSERT OR REPLACE INTO job ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
                database.fetch(f"SELECT {_COLUMNS} FROM emulator.jobs ORDER BY creation_time"),
            )
        return connection


def _listing(kept: JobStore) -> Callable[..., Any]:
    """`jobs.list`, without making objects of what is only passed on."""

    def list_jobs(
        project_id: str,
        maxResults: int | None = None,
        pageToken: str | None = None,
        stateFilter: Annotated[list[str] | None, Query()] = None,
        parentJobId: str | None = None,
        minCreationTime: int | None = None,
        maxCreationTime: int | None = None,
    ) -> JSONResponse:
        start = int(pageToken or 0)
        found = kept.texts(
            project_id,
            [state.upper() for state in stateFilter or []],
            parentJobId,
            minCreationTime,
            maxCreationTime,
            limit=None if maxResults is None else maxResults + 1,
            offset=start,
        )
        page = found if maxResults is None else found[:maxResults]
        answer: dict[str, Any] = {"kind": "bigquery#jobList"}
        if page:
            answer["jobs"] = [_listed(text) for text in page]
        if len(page) < len(found):
            answer["nextPageToken"] = str(start + len(page))
        return JSONResponse(answer)

    return list_jobs


def _listed(text: str) -> dict[str, Any]:
    job = json.loads(text)
    status = job["status"]
    listed = {key: value for key, value in job.items() if key in api.LIST_FIELDS}
    listed["state"] = status["state"]
    if "errorResult" in status:
        listed["errorResult"] = status["errorResult"]
    return listed
