"""Every BigQuery job of the command, in the performance stream.

The recorder listens to the HTTP answers of the client's session, the one place through which
all jobs pass: queries, loads, copies and exports, whichever method started them. Only jobs
that this process started are recorded, each once, when it is known to have ended.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eros.logs.record import Stream, write

if TYPE_CHECKING:
    import requests

_PATH = re.compile(r"/bigquery/v2/projects/[^/]+/(?P<kind>jobs|queries)(/(?P<id>[^/?]+))?$")
_TIB = 2**40
_ALREADY_EXISTS = 409
_FIRST_ERROR = 400


@dataclass
class _Job:
    """What is known so far of a job."""

    job_id: str
    facts: dict[str, Any] = field(default_factory=dict)
    recorded: bool = False


@dataclass
class Totals:
    """Sums over the jobs that were recorded."""

    jobs: int = 0
    failed: int = 0
    bytes_processed: int = 0
    bytes_billed: int = 0
    cost_usd: float = 0.0


class Recorder:
    """Listens to one BigQuery client; `usd_per_tib` is the price of TiB (2^40 bytes) billed."""

    def __init__(self, usd_per_tib: float) -> None:
        self._usd_per_tib = usd_per_tib
        self._jobs: dict[str, _Job] = {}
        self.totals = Totals()

    def listen(self, session: requests.Session) -> None:
        """Hear every answer that the session gets."""
        session.hooks["response"].append(self._hear)
        recorders.append(self)

    def flush(self) -> None:
        """Record the jobs that nobody waited for."""
        for job in list(self._jobs.values()):
            self._record(job, "not awaited")

    def _hear(self, response: requests.Response, *_args: Any, **_kwargs: Any) -> None:
        request = response.request
        match = _PATH.search((request.path_url or "").partition("?")[0])
        if match is None or "json" not in response.headers.get("Content-Type", ""):
            return
        job_id = match["id"]
        if job_id is not None and (job_id not in self._jobs or self._jobs[job_id].recorded):
            return  # Somebody else's job, or a further page of one that is recorded.
        try:
            body = response.json()
        except ValueError:
            return  # The client says so itself.
        if response.status_code >= _FIRST_ERROR:
            self._refused(request, response.status_code, body, job_id)
        elif request.method in ("POST", "PUT", "GET"):
            self._learn(job_id, body, response.elapsed.total_seconds())

    def _refused(
        self, request: requests.PreparedRequest, status: int, body: Any, job_id: str | None
    ) -> None:
        if job_id is not None or request.method == "GET":
            return  # The job itself goes on; a poll was refused.
        asked = _asked(request)
        if status == _ALREADY_EXISTS and asked:
            # The answer to an earlier attempt was lost: the job is ours and runs.
            self._jobs.setdefault(asked, _Job(asked))
            return
        error = body.get("error", {}) if isinstance(body, dict) else {}
        job = _Job(asked or "", {"error": error.get("message", ""), "status": status})
        self._record(job, "failed")

    def _learn(self, job_id: str | None, body: dict[str, Any], elapsed: float) -> None:
        reference = body.get("jobReference") or {}
        job_id = job_id or reference.get("jobId") or body.get("queryId")
        if not job_id or body.get("configuration", {}).get("dryRun"):
            return
        job = self._jobs.setdefault(job_id, _Job(job_id))
        job.facts.setdefault("duration_seconds", round(elapsed, 3))
        if reference.get("location"):
            job.facts["location"] = reference["location"]
        if "configuration" in body or "status" in body:
            job.facts |= _job_facts(body)
            ended = body.get("status", {}).get("state") == "DONE"
            complete = True
        else:
            job.facts |= _query_facts(body)
            ended = bool(body.get("jobComplete"))
            # jobs.getQueryResults tells no bytes billed; the client reads the job afterwards.
            complete = body.get("kind") != "bigquery#getQueryResultsResponse"
        if ended and complete:
            self._record(job, "failed" if job.facts.get("error") else "succeeded")

    def _record(self, job: _Job, result: str) -> None:
        if job.recorded:
            return
        job.recorded = True
        facts = {key: value for key, value in job.facts.items() if value is not None}
        billed = facts.get("bytes_billed", 0)
        facts["cost_usd"] = round(billed / _TIB * self._usd_per_tib, 6)
        job.facts = {}
        self.totals.jobs += 1
        self.totals.failed += result == "failed"
        self.totals.bytes_processed += facts.get("bytes_processed", 0)
        self.totals.bytes_billed += billed
        self.totals.cost_usd += facts["cost_usd"]
        level = logging.WARNING if result == "failed" else logging.INFO
        extras = {"job_id": job.job_id, "result": result} | facts
        write(Stream.PERFORMANCE, level, "bigquery", "job", extras)


recorders: list[Recorder] = []


def flush() -> None:
    """Let every recorder record what is still open."""
    for recorder in recorders:
        recorder.flush()


def _asked(request: requests.PreparedRequest) -> str:
    """Id that the request gives its job, if it does."""
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, TypeError):
        return ""  # An upload: its body is no JSON.
    return (body.get("jobReference") or {}).get("jobId", "") if isinstance(body, dict) else ""


def _job_facts(body: dict[str, Any]) -> dict[str, Any]:
    """Facts of a Job resource."""
    statistics = body.get("statistics", {})
    query = statistics.get("query", {})
    configuration = body.get("configuration", {})
    error = body.get("status", {}).get("errorResult", {})
    facts = {
        "kind": configuration.get("jobType"),
        "statement_type": query.get("statementType"),
        "component": configuration.get("labels", {}).get("component"),
        "duration_seconds": _seconds(statistics.get("startTime"), statistics.get("endTime")),
        "bytes_processed": _whole(
            query.get("totalBytesProcessed", statistics.get("totalBytesProcessed"))
        ),
        "bytes_billed": _whole(query.get("totalBytesBilled")),
        "slot_ms": _whole(statistics.get("totalSlotMs")),
        "cache_hit": query.get("cacheHit"),
        "error": error.get("message"),
    }
    return {key: value for key, value in facts.items() if value is not None}


def _query_facts(body: dict[str, Any]) -> dict[str, Any]:
    """Facts of a QueryResponse or GetQueryResultsResponse."""
    facts = {
        "kind": "QUERY",
        "statement_type": body.get("statementType"),
        "duration_seconds": _seconds(body.get("startTime"), body.get("endTime")),
        "bytes_processed": _whole(body.get("totalBytesProcessed")),
        "bytes_billed": _whole(body.get("totalBytesBilled")),
        "slot_ms": _whole(body.get("totalSlotMs")),
        "cache_hit": body.get("cacheHit"),
    }
    return {key: value for key, value in facts.items() if value is not None}


def _seconds(start: Any, end: Any) -> float | None:
    """Between two times in milliseconds since the epoch."""
    return (int(end) - int(start)) / 1000 if start and end else None


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
