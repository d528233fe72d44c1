"""Jobs of the REST API as rows of INFORMATION_SCHEMA.JOBS_BY_PROJECT."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

Job = dict[str, Any]
Row = dict[str, Any]
# Bytes processed and bytes billed of a statement.
Estimate = Callable[[Job], tuple[int, int]]

_LITERAL = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_COMMENT = r"--[^\n]*|#[^\n]*|/\*.*?\*/"
_COMMENT_OR_LITERAL = re.compile(rf"(?P<literal>{_LITERAL})|{_COMMENT}", re.DOTALL)
_SET_LABEL = re.compile(rf"\bSET\s+@@query_label\s*=\s*(?P<text>{_LITERAL})", re.IGNORECASE)
_SCRIPT_WORDS = re.compile(
    r"\s*(?:DECLARE|SET|BEGIN|CALL|IF|LOOP|WHILE|REPEAT|FOR|CASE|EXECUTE|RAISE)\b|.*;\s*\S",
    re.IGNORECASE | re.DOTALL,
)


def rows(job: Job, children: list[Job], user: str, estimate: Estimate) -> list[Row]:
    """The row of a finished job, then the rows of its statements in their order."""
    statement_type = _statement_type(job)
    if statement_type != "SCRIPT":
        return [_row(job, statement_type, user, estimate)]
    if not children and "errorResult" in job["status"]:
        children = [_failed_statement(job)]
    statements = _statements(job, children, user, estimate)
    parent = _row(job, statement_type, user, lambda _: _sums(statements))
    parent["cache_hit"] = None
    return [parent, *statements]


def query_labels(script: str) -> dict[str, str]:
    """What `SET @@query_label = '...'` puts on the jobs of a script's statements.

    Google takes comma-separated `key:value` pairs
    (https://cloud.google.com/bigquery/docs/adding-labels), the value may be left out. Only
    the first literal counts here: which statement ran after a later one is not known, and
    neither is the value of an expression.
    """
    found = _SET_LABEL.search(
        _COMMENT_OR_LITERAL.sub(lambda match: match["literal"] or " ", script)
    )
    if found is None:
        return {}
    pairs = (pair.partition(":") for pair in found["text"][1:-1].split(","))
    return {key.strip(): value.strip() for key, _, value in pairs if key.strip()}


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


def _statements(job: Job, children: list[Job], user: str, estimate: Estimate) -> list[Row]:
    """The rows of a script's statements, with equal parts of its time and with its labels."""
    configuration = job["configuration"]
    labels = {
        **(configuration.get("labels") or {}),
        **query_labels(configuration["query"]["query"]),
    }
    # Transactions do not nest, so what the emulator calls SCRIPT here opens one or ends it;
    # a rollback that an exception handler made cannot be told from a commit.
    transaction = cycle(["BEGIN_TRANSACTION", "COMMIT_TRANSACTION"])
    result = []
    ordered = sorted(children, key=lambda child: _number(child["jobReference"]["jobId"]))
    for child, (start, end) in zip(ordered, _shares(job, len(ordered)), strict=True):
        kind = child["statistics"].get("query", {}).get("statementType")
        statement = {
            **child,
            "configuration": {"jobType": "QUERY", "labels": labels},
            "statistics": {
                **child["statistics"],
                "creationTime": start,
                "startTime": start,
                "endTime": end,
            },
        }
        result.append(
            _row(statement, next(transaction) if kind == "SCRIPT" else kind, user, estimate)
        )
    return result


def _failed_statement(job: Job) -> Job:
    parent = job["jobReference"]["jobId"]
    return {
        "jobReference": {**job["jobReference"], "jobId": f"script_job_{parent}_0"},
        "status": job["status"],
        "statistics": {"parentJobId": parent},
    }


def _statement_type(job: Job) -> str | None:
    """Kind of statement; the emulator has none for a failed job, Google knows a script."""
    query = job["configuration"].get("query", {}).get("query", "")
    kind = job["statistics"].get("query", {}).get("statementType")
    if kind is None and _SCRIPT_WORDS.match(_COMMENT_OR_LITERAL.sub(" '' ", query)):
        return "SCRIPT"
    return kind


def _shares(job: Job, parts: int) -> list[tuple[float, float]]:
    """Start and end (milliseconds) of equal parts of a script's time."""
    statistics = job["statistics"]
    start = int(statistics.get("startTime") or statistics["creationTime"])
    length = (int(statistics.get("endTime") or start) - start) / max(parts, 1)
    return [(start + n * length, start + (n + 1) * length) for n in range(parts)]


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
