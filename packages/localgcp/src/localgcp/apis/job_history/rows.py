"""Jobs of the REST API as rows of INFORMATION_SCHEMA.JOBS_BY_PROJECT."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Job = dict[str, Any]
Row = dict[str, Any]
# Bytes processed and bytes billed of a statement.
Estimate = Callable[[Job], tuple[int, int]]

_LITERAL = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_COMMENT = r"--[^\n]*|#[^\n]*|/\*.*?\*/"
_COMMENT_OR_LITERAL = re.compile(rf"{_LITERAL}|{_COMMENT}", re.DOTALL)
_SCRIPT_WORDS = re.compile(
    r"\s*(?:DECLARE|SET|BEGIN|CALL|IF|LOOP|WHILE|REPEAT|FOR|CASE|EXECUTE|RAISE)\b|.*;\s*\S",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Record:
    """A job and its row."""

    job: Job
    row: Row


def records(job: Job, children: list[Job], user: str, estimate: Estimate) -> list[Record]:
    """A job, then the jobs of its statements that have ended, in their order."""
    statement_type = _statement_type(job)
    if statement_type != "SCRIPT":
        return [Record(job, _row(job, statement_type, user, estimate))]
    ordered = sorted(children, key=lambda child: _number(child["jobReference"]["jobId"]))
    if "errorResult" in job["status"] and not any(
        "errorResult" in child["status"] for child in ordered
    ):
        ordered.append(_failed_statement(job, len(ordered)))
    statements = [
        Record(child, _row(child, _statement_type(child), user, estimate)) for child in ordered
    ]
    parent = _row(job, statement_type, user, lambda _: _sums([one.row for one in statements]))
    parent["cache_hit"] = None
    return [Record(job, parent), *statements]


def _row(job: Job, statement_type: str | None, user: str, estimate: Estimate) -> Row:
    statistics = job["statistics"]
    configuration = job["configuration"]
    is_query = configuration["jobType"] == "QUERY"
    error = job["status"].get("errorResult")
    processed, billed = estimate(job) if is_query else (None, None)
    return {
        "creation_time": _timestamp(statistics["creationTime"]),
        "start_time": _timestamp(statistics.get("startTime")),
        "end_time": _timestamp(statistics.get("endTime")),
        "job_id": job["jobReference"]["jobId"],
        "parent_job_id": statistics.get("parentJobId"),
        "project_id": job["jobReference"]["projectId"],
        "user_email": user,
        "job_type": configuration["jobType"],
        "statement_type": statement_type,
        "state": job["status"]["state"],
        "total_bytes_processed": processed,
        "total_bytes_billed": 0 if error and is_query else billed,
        "total_slot_ms": None,
        "cache_hit": statistics.get("query", {}).get("cacheHit"),
        "error_result": error and {"reason": error["reason"], "message": error["message"]},
        "labels": [
            {"key": key, "value": value}
            for key, value in (configuration.get("labels") or {}).items()
        ],
        "query": configuration.get("query", {}).get("query"),
    }


def _failed_statement(job: Job, position: int) -> Job:
    """What stands for a failure that is no statement's, such as RAISE."""
    parent = job["jobReference"]["jobId"]
    return {
        "jobReference": {**job["jobReference"], "jobId": f"script_job_{parent}_{position}"},
        "configuration": {"jobType": "QUERY", "labels": job["configuration"].get("labels")},
        "status": job["status"],
        "statistics": {
            "parentJobId": parent,
            **{
                name: job["statistics"][name]
                for name in ("creationTime", "startTime", "endTime")
                if name in job["statistics"]
            },
        },
    }


def _statement_type(job: Job) -> str | None:
    """Kind of statement; the emulator has none for a failed job, Google knows a script."""
    query = job["configuration"].get("query", {}).get("query", "")
    kind = job["statistics"].get("query", {}).get("statementType")
    if kind is None and _SCRIPT_WORDS.match(_COMMENT_OR_LITERAL.sub(" '' ", query)):
        return "SCRIPT"
    return kind


def _sums(statements: list[Row]) -> tuple[int, int]:
    return (
        sum(row["total_bytes_processed"] for row in statements),
        sum(row["total_bytes_billed"] for row in statements),
    )


def _number(job_id: str) -> int:
    """Position of a statement: the emulator numbers them at the end of the id."""
    return int(job_id.rpartition("_")[2])


def _timestamp(milliseconds: str | float | None) -> str | None:
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(float(milliseconds) / 1000, UTC).isoformat()
