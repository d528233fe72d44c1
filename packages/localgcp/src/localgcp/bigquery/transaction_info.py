"""The transaction that a job of a session, or of a statement of a script, belongs to.

local-bigquery 0.4.0 leaves it out. "This property is only expected on a child query job or a job
that is in a session. A script parent job is not part of the transaction started in the script."
https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from local_bigquery.engine import sessions
from local_bigquery.jobs import query, runner
from local_bigquery.models import JobStatistics
from sqlglot import exp


@dataclass
class _Place:
    """The transaction that is open, and the one that the last statement has ended."""

    open: str | None = None
    ended: str | None = None


_place: ContextVar[_Place | None] = ContextVar("place", default=None)
_sessions: dict[str, _Place] = {}


def install() -> None:
    """Follow BEGIN and its ends; after `script_jobs`, which replaces `runner._query`."""
    query._run = _following(query._run)
    runner._query = _job(runner._query)
    sessions.abort = _aborting(sessions.abort)


def of_statement() -> dict[str, Any]:
    """`transactionInfo` of the statement that has just ended, as fields of JobStatistics."""
    place = _place.get()
    if place is None:
        return {}
    found, place.ended = place.open or place.ended, None
    return {"transactionInfo": {"transactionId": found}} if found else {}


def _job(run: Callable[..., JobStatistics]) -> Callable[..., JobStatistics]:
    def followed(job: Any, session: Any, running: Any) -> JobStatistics:
        place = _sessions.setdefault(session.id, _Place()) if session else _Place()
        token = _place.set(place)
        try:
            result = run(job, session, running)
            return result.replace(**of_statement()) if session else result
        finally:
            _place.reset(token)

    return followed


def _following(run: Callable[..., Any]) -> Callable[..., Any]:
    def followed(cur: Any, tree: exp.Expr, *rest: Any) -> Any:
        place = _place.get()
        if place is None:
            return run(cur, tree, *rest)
        try:
            result = run(cur, tree, *rest)
        finally:
            if isinstance(tree, exp.Commit | exp.Rollback):
                place.open, place.ended = None, place.open
        if isinstance(tree, exp.Transaction):
            place.open = str(uuid.uuid4())
        return result

    return followed


def _aborting(abort: Callable[[str], None]) -> Callable[[str], None]:
    def aborted(session_id: str) -> None:
        _sessions.pop(session_id, None)
        abort(session_id)

    return aborted
