"""Statements that meet at a table, by Google's rules.

local-bigquery 0.4.0 lets DML statements on a table wait for each other without limit and without
conflict. On Google:

- Of UPDATE, DELETE, MERGE and TRUNCATE outside of transactions two run on a table, 20 wait, and
  more are refused. Of two that run and change the same partition the later one is run again, three
  times at most; then it fails. INSERT conflicts with nothing.
- A transaction is cancelled where it changes rows of a table that another transaction is changing,
  that a statement outside is changing, or that was changed since it began. Statements outside wait
  for the end of a transaction that has changed their table.
- After that there is no transaction: its ROLLBACK fails.

https://cloud.google.com/bigquery/docs/data-manipulation-language#dml_statement_conflicts
https://cloud.google.com/bigquery/docs/transactions#transaction_concurrency
"""

from __future__ import annotations

import secrets
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import duckdb
from local_bigquery.engine import sessions
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query, runner
from sqlglot import exp

from localgcp.bigquery import conflicts, job_limits
from localgcp.bigquery.changed_partitions import Partitions, changed, overlap

_RUNNING = 2
_QUEUED = 20
_RERUNS = 3
# Who waits looks this often whether its job has been cancelled.
_GLANCE_SECONDS = 0.25
_MUTATING = (exp.Update, exp.Delete, exp.Merge, exp.TruncateTable)

Name = tuple[str, ...]
Run = Callable[[], Any]


@dataclass
class _Table:
    """Who is at a table, and what was changed in it; guarded by `_meeting`."""

    name: Name
    running: int = 0
    """Mutating statements outside of transactions that have started."""
    queue: deque[object] = field(default_factory=deque)
    """Those that wait to start."""
    ready: list[object] = field(default_factory=list)
    """Statements that have started and want to write: which is quicker is chance."""
    writer: object | None = None
    holder: _Transaction | None = None
    """The transaction that has changed rows."""
    last_change: int = 0
    changes: list[tuple[int, Partitions]] = field(default_factory=list)
    """For as long as somebody runs beside."""

    @property
    def label(self) -> str:
        project, dataset, table = self.name
        return f"{project}:{dataset}.{table}"


@dataclass
class _Transaction:
    """A transaction that is open."""

    began: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    changed: list[_Table] = field(default_factory=list)


@dataclass
class _Place:
    """Where a job's transaction is; a session keeps it from one job to the next."""

    transaction: _Transaction | None = None


_meeting = threading.Condition()
_tables: dict[Name, _Table] = {}
_sequence = 0


class _Nested:
    """A cursor within a transaction, for local-bigquery's MERGE, which tries to begin one.

    DuckDB gives up the open transaction over the attempt.
    """

    def __init__(self, cur: Any) -> None:
        self._cur = cur

    def execute(self, sql: str, *arguments: Any) -> Any:
        if sql == "BEGIN":
            raise duckdb.TransactionException("cannot start a transaction within a transaction")
        return self._cur.execute(sql, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cur, name)


_place: ContextVar[_Place | None] = ContextVar("transaction", default=None)
_sessions: dict[str, _Place] = {}


def install() -> None:
    """Put the rules around every statement; after `conflicts` and before `limits`."""
    run_statement, run_query, abort = query._run, runner._query, sessions.abort

    def statement(cur: Any, tree: exp.Expression, context: Any, *rest: Any) -> Any:
        def run() -> Any:
            place = _place.get()
            is_nested = place is not None and place.transaction is not None
            own = _Nested(cur) if is_nested and isinstance(tree, exp.Merge) else cur
            return run_statement(own, tree, context, *rest)

        is_dry_run = bool(rest[2:] and rest[2])
        return run() if is_dry_run else _statement(cur, tree, context, run)

    def job(job: Any, session: Any, running: Any) -> Any:
        place = _sessions.setdefault(session.id, _Place()) if session else _Place()
        token = _place.set(place)
        try:
            return run_query(job, session, running)
        finally:
            _place.reset(token)
            if session is None and place.transaction is not None:
                # The connection is closed, which rolls back.
                _end(place)

    def aborted(session_id: str) -> None:
        abort(session_id)
        place = _sessions.pop(session_id, None)
        if place is not None and place.transaction is not None:
            _end(place)

    query._run, runner._query, sessions.abort = statement, job, aborted


def _statement(cur: Any, tree: exp.Expression, context: Any, run: Run) -> Any:
    place = _place.get() or _Place()
    if isinstance(tree, exp.Transaction):
        result = run()
        place.transaction = _Transaction(_sequence)
        return result
    if isinstance(tree, exp.Commit | exp.Rollback):
        return _closing(cur, tree, place, run)
    target = _target(tree, context)
    if target is None:
        return run()
    if place.transaction is not None:
        return _within(cur, tree, place, target, run)
    if isinstance(tree, _MUTATING):
        return _outside(cur, tree, context, target, run)
    with _turn(target):
        return run()


def _target(tree: exp.Expression, context: Any) -> _Table | None:
    """The permanent table that a DML statement writes."""
    if not isinstance(tree, (exp.Insert, *_MUTATING)):
        return None
    table = tree.find(exp.Table)
    if table is None or (not table.db and table.name.casefold() in context.temporary):
        return None
    name = query._target(tree, context)
    with _meeting:
        return _tables.setdefault(tuple(part.casefold() for part in name), _Table(name))


def _outside(cur: Any, tree: exp.Expression, context: Any, table: _Table, run: Run) -> Any:
    """A mutating statement that is a transaction of its own."""
    _start(table)
    try:
        started, reruns = _sequence, 0
        while True:
            with _turn(table):
                others = [partitions for at, partitions in table.changes if at > started]
                mine: Partitions = None
                if others or table.running > 1:
                    mine = changed(cur, tree, context, table.name)
                if not any(overlap(mine, other) for other in others):
                    result = run()
                    if _changes_rows(result):
                        _note(table, mine)
                    return result
            if reruns == _RERUNS:
                raise BigQueryError(
                    "invalidQuery",
                    f"Could not serialize access to table {table.label} due to concurrent update",
                )
            started, reruns = _sequence, reruns + 1
    finally:
        with _meeting:
            table.running -= 1
            if not table.running:
                table.changes.clear()
            _meeting.notify_all()


def _start(table: _Table) -> None:
    """Waits in the queue of the table until it may run."""
    with _meeting:
        if not table.queue and table.running < _RUNNING and table.holder is None:
            table.running += 1
            return
        if len(table.queue) >= _QUEUED:
            raise BigQueryError(
                "resourcesExceeded",
                "Resources exceeded during query execution: Too many DML statements outstanding"
                f" against table {table.label}, limit is {_QUEUED}.",
            )
        place = object()
        table.queue.append(place)
        try:
            _wait(
                lambda: (
                    table.queue[0] is place and table.running < _RUNNING and table.holder is None
                )
            )
            table.running += 1
        finally:
            table.queue.remove(place)
            _meeting.notify_all()


@contextmanager
def _turn(table: _Table) -> Iterator[None]:
    """One statement writes a table at a time, as DuckLake needs it, none beside a transaction."""
    me = object()
    with _meeting:
        table.ready.append(me)
        try:
            _wait(lambda: _writer(table) is me)
        except BaseException:
            if table.writer is me:
                table.writer = None
            raise
        finally:
            table.ready.remove(me)
    try:
        yield
    finally:
        with _meeting:
            table.writer = None
            _meeting.notify_all()


def _writer(table: _Table) -> object | None:
    """Who writes: where nobody does, one of those that are ready."""
    if table.writer is None and table.holder is None and table.ready:
        table.writer = secrets.choice(table.ready)
        _meeting.notify_all()
    return table.writer


def _within(cur: Any, tree: exp.Expression, place: _Place, table: _Table, run: Run) -> Any:
    """A statement of a transaction."""
    transaction = place.transaction
    assert transaction is not None
    if isinstance(tree, _MUTATING):
        with _meeting:
            is_free = table.holder in (None, transaction)
            if not is_free or table.running or table.last_change > transaction.began:
                raise _cancelled(cur, place, table)
            table.holder = transaction
            if table not in transaction.changed:
                transaction.changed.append(table)
            _wait(lambda: table.writer is None)
    return run()


def _closing(cur: Any, tree: exp.Expression, place: _Place, run: Run) -> Any:
    """COMMIT and ROLLBACK."""
    verb = "COMMIT" if isinstance(tree, exp.Commit) else "ROLLBACK"
    if place.transaction is None:
        raise BigQueryError("invalidQuery", f"{verb} TRANSACTION: there is no active transaction")
    transaction = place.transaction
    try:
        result = run()
    except duckdb.TransactionException as error:
        if not conflicts.is_lost(error):
            raise
        # DuckLake compares files where Google compares tables: an INSERT may lose here, too.
        table = transaction.changed[0] if transaction.changed else _Table(("", "", "unknown"))
        raise _cancelled(cur, place, table) from error
    if verb == "COMMIT":
        for table in transaction.changed:
            _note(table, None)
    _end(place)
    return result


def _cancelled(cur: Any, place: _Place, table: _Table) -> BigQueryError:
    """Rolls the transaction back; the error that says so."""
    assert place.transaction is not None
    name = place.transaction.id
    # A COMMIT that DuckLake refused has rolled back.
    with suppress(duckdb.TransactionException):
        cur.execute("ROLLBACK")
    _end(place)
    return BigQueryError(
        "invalidQuery",
        f"Transaction is aborted due to concurrent update against table {table.label}."
        f" Transaction ID: {name}",
    )


def _end(place: _Place) -> None:
    with _meeting:
        for table in place.transaction.changed if place.transaction else []:
            table.holder = None
        place.transaction = None
        _meeting.notify_all()


def _note(table: _Table, partitions: Partitions) -> None:
    global _sequence
    with _meeting:
        _sequence += 1
        table.last_change = _sequence
        if table.running:
            table.changes.append((_sequence, partitions))


def _changes_rows(statistics: Any) -> bool:
    """Whether rows were updated or deleted; a MERGE that only inserts conflicts with nothing."""
    counts = statistics.dmlStats
    if counts is None:
        return int(statistics.numDmlAffectedRows or 0) > 0
    return int(counts.updatedRowCount or 0) + int(counts.deletedRowCount or 0) > 0


def _wait(is_time: Callable[[], bool]) -> None:
    while not is_time():
        job_limits.check()
        _meeting.wait(_GLANCE_SECONDS)
