"""One at a time changes a stack: a row in `automation_locks`, which other machines see.

Held by a deployment from its first check to its last, and by a rollback. The engine has a lock
of its own around each update. On one machine a lock file comes before it:
`eros.operations.machine_lock`.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, NotFound

from bqstack.amounts import span
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros import logs
from eros.cloud.google import NO_RETRY, Google
from eros.cloud.local_control import present
from eros.logs.log import user

# Without a heartbeat for this long the machine that held the lock is gone: the longest
# step is an `up`, at most 15 minutes (docs/requirements.md C-68); watching sends heartbeats.
STALE_AFTER = timedelta(hours=2)
TABLE = "automation_locks"
# Of each machine one at a time (`machine_lock`), so that it takes its own again.
ROLLBACK = "rollback"
_NAME = "deployment"
_HOLDER = f"{_NAME}/holder/"
_TRIES = 5
_TYPES = {bool: "BOOL", str: "STRING", datetime: "TIMESTAMP"}
_LOG = logs.Log("lock")


@dataclass(frozen=True)
class Holder:
    """Who changes the stack; `since` is ISO 8601, UTC."""

    deployment: str
    """Its id, or ROLLBACK."""
    who: str
    pid: int
    since: str

    @classmethod
    def of(cls, deployment: str) -> Holder:
        """This process."""
        return cls(
            deployment,
            f"{user()}@{socket.gethostname()}",
            os.getpid(),
            datetime.now(UTC).isoformat(timespec="seconds"),
        )


class TableLock:
    """The row of one deployment or rollback in `automation_locks`.

    `lock_name` of the row names it and who makes it. Taking it is a transaction that first
    updates the row `deployment`, so of two at once BigQuery aborts one. It needs the table
    only: what failed halfway has to be repaired. `command` names the command that breaks it.
    """

    def __init__(self, google: Google, holder: Holder, command: str = "eros deploy") -> None:
        self._google = google
        self._holder = holder
        self._command = command
        self._dataset = google.settings.dataset_reference
        self._table = f"{self._dataset}.{TABLE}"

    @property
    def _row(self) -> str:
        return f"{_HOLDER}{self._holder.deployment}/{self._holder.who}"

    def is_possible(self) -> bool:
        """Whether the table is there: before the first `up` it is not."""
        settings = self._google.settings
        try:
            self._google.bigquery.get_table(f"{settings.project}.{settings.dataset}.{TABLE}")
        except NotFound:
            return False
        return True

    def take(self, *, take_over: bool) -> None:
        """Take the lock; raises UserError that says who has it.

        `take_over` releases the lock of whoever holds it.
        """
        self._run(
            f"INSERT INTO {self._table} (lock_name, version, locked_at) "
            "SELECT @name, 0, CURRENT_TIMESTAMP() FROM (SELECT 1) "
            f"WHERE NOT EXISTS (SELECT 1 FROM {self._table} WHERE lock_name = @name)",
            name=_NAME,
        )
        # Waits for a restore that is replacing the rows; a transaction would be aborted.
        self.renew()
        for attempt in range(1, _TRIES + 1):
            try:
                self._run(self._script(), name=_NAME, row=self._row, force=take_over)
                break
            except GoogleAPICallError:
                # Another deployment takes it at this moment: look again.
                if attempt == _TRIES:
                    raise
                time.sleep(attempt)
        others = self._holders()
        if others:
            raise self._refusal(others)

    def renew(self) -> bool:
        """Send a heartbeat; False when somebody has ended our claim."""
        try:
            answer = self._run(
                f"UPDATE {self._table} SET locked_at = CURRENT_TIMESTAMP() WHERE lock_name = @row",
                row=self._row,
            )
        except FAILURES as error:
            # A sign that is missed is no reason to stop; the next one is a step away.
            _LOG.warning("the heartbeat could not be sent", reason=explained(error))
            return True
        return bool(answer.num_dml_affected_rows != 0)

    def keep(self) -> None:
        """Send a heartbeat; raises UserError when somebody else has the lock now.

        A row that is gone, perhaps with a table that was recreated, is written again.
        """
        if not self.renew():
            self.take(take_over=False)

    def release(self) -> None:
        """Give it back."""
        self._run(f"DELETE FROM {self._table} WHERE lock_name = @row", row=self._row)

    def _script(self) -> str:
        table = self._table
        return f"""
BEGIN
  BEGIN TRANSACTION;
  UPDATE {table} SET version = version + 1, locked_at = CURRENT_TIMESTAMP()
  WHERE lock_name = @name;
  IF @force THEN
    DELETE FROM {table} WHERE STARTS_WITH(lock_name, '{_HOLDER}') AND lock_name != @row;
  END IF;
  INSERT INTO {table} (lock_name, version, locked_at)
  SELECT @row, 0, CURRENT_TIMESTAMP() FROM (SELECT 1)
  WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE STARTS_WITH(lock_name, '{_HOLDER}'));
  COMMIT TRANSACTION;
EXCEPTION WHEN ERROR THEN
  ROLLBACK TRANSACTION;
  RAISE;
END
"""

    def _holders(self) -> list[tuple[str, datetime]]:
        """Holders other than this one, with their last heartbeat."""
        rows = self._run(
            f"SELECT lock_name, locked_at FROM {self._table} "
            f"WHERE STARTS_WITH(lock_name, '{_HOLDER}') AND lock_name != @row",
            row=self._row,
        )
        return [(row.lock_name.removeprefix(_HOLDER), row.locked_at) for row in rows]

    def _refusal(self, others: list[tuple[str, datetime]]) -> UserError:
        (name, seen), *_ = others
        deployment, _, who = name.partition("/")
        age = present(self._google.settings) - seen
        stale = age > STALE_AFTER
        dead = "it is stale" if stale else "if you are sure it is dead"
        what = "a rollback" if deployment == ROLLBACK else f"deployment {deployment}"
        return UserError(
            f"{what} by {who} holds the lock; last heartbeat "
            f"{seen:%Y-%m-%d %H:%M:%S} UTC, {span(age, largest='h')} ago",
            fix=f"{'' if stale else 'wait until it finishes; '}{dead}: "
            f"{self._command} --break-lock",
        )

    def _run(self, sql: str, **parameters: Any) -> Any:
        return _run(self._google, sql, **parameters)


def end_claims(google: Google, before: datetime) -> None:
    """End the claims whose last heartbeat is older than a moment: a restore brought them back.

    A backup before a deployment is made while it holds the lock.
    """
    _run(
        google,
        f"DELETE FROM {google.settings.dataset_reference}.{TABLE} "
        f"WHERE STARTS_WITH(lock_name, '{_HOLDER}') AND locked_at < @before",
        before=before,
    )


@contextmanager
def held_table(lock: TableLock, *, take_over: bool) -> Iterator[None]:
    """Hold the lock between machines for the block."""
    try:
        lock.take(take_over=take_over)
    except UserError:
        raise
    except BaseException:
        # When only the answer was lost, the row is there, and would stand in everybody's way.
        _give_back(lock)
        raise
    try:
        yield
    finally:
        _give_back(lock)


def _give_back(lock: TableLock) -> None:
    try:
        lock.release()
    except FAILURES as error:
        # What was done stands; the next one says how to get rid of the row.
        _LOG.warning("the lock was not released", reason=explained(error))


def _run(google: Google, sql: str, **parameters: Any) -> Any:
    from google.cloud import bigquery

    config = bigquery.QueryJobConfig(
        query_parameters=[
            bigquery.ScalarQueryParameter(name, _TYPES[type(value)], value)
            for name, value in parameters.items()
        ]
    )
    # A script that is tried again behind our back runs twice.
    return google.bigquery.query_and_wait(sql, job_config=config, job_retry=NO_RETRY)
