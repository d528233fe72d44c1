"""Lets local-bigquery follow the movable clock of the local cloud.

SQL's current time becomes a macro of DuckDB that adds the clock's offset, so that views
follow, too. Times of jobs and tables are Python's. DuckLake stamps its snapshots with real
time: time travel is translated, a moment that the clock jumped over to that of the jump.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import duckdb
from local_bigquery.catalog import ddl, metadata
from local_bigquery.engine import database
from local_bigquery.jobs import query
from local_bigquery.sql import rules
from local_bigquery.sql.dialect import DuckDBDialect
from local_bigquery.sql.rules import tables
from local_bigquery.sql.rules.datetime import to_local
from sqlglot import exp

from localgcp.bigquery.translations import always
from localgcp.clockfile import ClockFile

_MACRO = "bq.main._localcloud_now"
# Types of what tells the local time of a zone, by how local-bigquery parses it.
_LOCAL = {exp.CurrentDate: "DATE", exp.CurrentTime: "TIME", exp.CurrentDatetime: "TIMESTAMP"}
_CURRENT_DATETIME = "bq.main.current_datetime"


def install(clock: ClockFile) -> None:
    """Put the clock in place of real time in everything that BigQuery tells."""
    follower = _Follower(clock)
    metadata.now = lambda: str(clock.now() // 1000)
    ddl.datetime = _datetime_of(clock)
    tables._as_of = follower.as_of
    query._evaluator = _evaluating(query._evaluator)
    # First: every statement, one that reads a view included, meets the present offset.
    rules.STATEMENT_RULES.insert(0, follower.adopt)
    rules.NODE_RULES += [_current, follower.time_travel]
    # A view that tells the time is not found without the macro, also by `tables.get`.
    follower.adopt(exp.Null(), None)


class _Follower:
    """Keeps the macro at the offset of the clock and translates moments of the past."""

    def __init__(self, clock: ClockFile) -> None:
        self._clock = clock
        self._offset: int | None = None
        self._lock = threading.Lock()

    @always
    def adopt(self, tree: exp.Expression, context: Any) -> exp.Expression:
        offset = self._clock.offset()
        # DuckDB refuses the second of two statements that replace a macro at the same time.
        with self._lock:
            if offset != self._offset:
                database.execute(
                    f"CREATE OR REPLACE MACRO {_MACRO}() AS now() + to_microseconds({offset})"
                )
                self._offset = offset
        return tree

    def as_of(self, milliseconds: int) -> exp.HistoricalData:
        """`table@milliseconds`; a negative number counts back from now."""
        shown = milliseconds * 1000
        return _at(self._clock.real(shown if shown >= 0 else self._clock.now() + shown))

    def time_travel(self, node: exp.Expression, context: Any) -> exp.Expression:
        """FOR SYSTEM_TIME AS OF: its expression is constant, so it is known now."""
        when = node.args.get("when") if isinstance(node, exp.Table) else None
        if when is not None:
            sql = f"SELECT epoch_us({when.expression.sql(dialect=DuckDBDialect)})"
            parameters = [name for name in context.used if f"${name}" in sql]
            try:
                with database.cursor() as cursor:
                    bound = {name: context.values[name] for name in parameters}
                    found = cursor.execute(sql, bound).fetchone()
            except duckdb.Error:
                # Not constant or not a timestamp: DuckDB says so of the whole statement.
                return node
            if found and found[0] is not None:
                node.set("when", _at(self._clock.real(found[0])))
                rest = node.root().sql(dialect=DuckDBDialect)
                # DuckDB refuses values for parameters that are no longer there.
                context.used.difference_update(n for n in parameters if f"${n}" not in rest)
        return node


def _at(real: int) -> exp.HistoricalData:
    moment = datetime.datetime.fromtimestamp(real / 1_000_000, datetime.UTC)
    literal = exp.cast(exp.Literal.string(moment.isoformat()), "TIMESTAMPTZ")
    return exp.HistoricalData(this="AT", kind="TIMESTAMP", expression=literal)


def _current(node: exp.Expression, context: Any) -> exp.Expression:
    """CURRENT_TIMESTAMP and its kin; called for every node, so most are let through at once."""
    if isinstance(node, exp.Anonymous) and node.name == _CURRENT_DATETIME:
        return _local("TIMESTAMP", next(iter(node.expressions), None))
    if isinstance(node, exp.CurrentTimestamp):
        return _now()
    if isinstance(node, exp.Func) and type(node) in _LOCAL:
        return _local(_LOCAL[type(node)], node.this)
    return node


def _evaluating(evaluator: Callable[..., Any]) -> Callable[..., Any]:
    """Values of OPTIONS, such as an expiration counted from now."""

    def evaluating(cur: duckdb.DuckDBPyConnection) -> Callable[[exp.Expression], Any]:
        evaluate = evaluator(cur)
        return lambda node: evaluate(node.copy().transform(_current, None))

    return evaluating


def _now() -> exp.Expression:
    return exp.cast(exp.Anonymous(this=_MACRO), "TIMESTAMPTZ")


def _local(kind: str, zone: exp.Expression | None) -> exp.Expression:
    return exp.cast(to_local(_now(), zone or exp.Literal.string("UTC")), kind)


def _datetime_of(clock: ClockFile) -> SimpleNamespace:
    """What stands for the module `datetime` where only its current time is asked for."""

    def now(zone: datetime.tzinfo) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(clock.now() / 1_000_000, zone)

    return SimpleNamespace(UTC=datetime.UTC, datetime=SimpleNamespace(now=now))
