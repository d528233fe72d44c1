"""One deployment at a time: on this machine by a lock file, between machines by a table.

The file is locked with the kernel, which gives it back when the process dies, so it never
grows stale. The row in `automation_locks` is what another machine sees. The engine has a lock
of its own around `up`; these two hold from the first check to the last.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, NotFound

from eros import logs
from eros.control import present
from eros.durable import exclusive
from eros.errors import UserError
from eros.google import FAILURES, Google, explained
from eros.logs.log import user

# Without a sign of life for this long the machine that held the lock is gone: the longest
# step is an `up`, at most 15 minutes (conflicts.md C-68), or watching, which gives signs.
STALE_AFTER = timedelta(hours=2)
_NAME = "deployment"
_HOLDER = f"{_NAME}/holder/"
_TRIES = 5
_LOG = logs.Log("deploy")


@dataclass(frozen=True)
class Holder:
    """Who deploys; `since` is ISO 8601, UTC."""

    deployment: str
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


@contextmanager
def held_file(folder: Path, holder: Holder) -> Iterator[None]:
    """Hold the lock of this machine; raises UserError that says who has it."""
    with _locked(folder) as descriptor:
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
        yield


def refuse_running(folder: Path) -> None:
    """Raise UserError when a deployment runs on this machine at this moment."""
    with _locked(folder):
        pass


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    path = folder / "lock"

    def refusal() -> UserError:
        return UserError(
            f"another deployment is running: {_told(path)}", file=path, fix="wait for its end"
        )

    with exclusive(path, refusal) as descriptor:
        yield descriptor


def _told(path: Path) -> str:
    try:
        known = Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return "it has not said whose"
    return f"{known.deployment} by {known.who}, process {known.pid}, since {known.since}"


class TableLock:
    """The row of one deployment in `automation_locks`.

    `lock_name` of the row names the deployment and who made it. Taking it is a transaction
    that first updates the row `deployment`, so of two at once BigQuery aborts one.
    """

    def __init__(self, google: Google, holder: Holder) -> None:
        self._google = google
        self._holder = holder
        self._dataset = google.settings.dataset_reference

    @property
    def _row(self) -> str:
        return f"{_HOLDER}{self._holder.deployment}/{self._holder.who}"

    def is_possible(self) -> bool:
        """Whether the table is there: before the first `up` it is not."""
        settings = self._google.settings
        try:
            self._google.bigquery.get_table(
                f"{settings.project}.{settings.dataset}.automation_locks"
            )
        except NotFound:
            return False
        return True

    def take(self, *, take_over: bool) -> None:
        """Take the lock; raises UserError that says who has it.

        `take_over` ends the claim of whoever has it.
        """
        self._run(f"CALL {self._dataset}.ensure_lock(@name)", name=_NAME)
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
        """Give a sign of life; False when somebody has ended our claim."""
        try:
            answer = self._run(
                f"UPDATE {self._dataset}.automation_locks SET locked_at = CURRENT_TIMESTAMP() "
                "WHERE lock_name = @row",
                row=self._row,
            )
        except FAILURES as error:
            # A sign that is missed is no reason to stop; the next one is a step away.
            _LOG.warning("no sign of life could be given", reason=explained(error))
            return True
        return answer.num_dml_affected_rows != 0

    def release(self) -> None:
        """Give it back."""
        self._run(
            f"DELETE FROM {self._dataset}.automation_locks WHERE lock_name = @row", row=self._row
        )

    def _script(self) -> str:
        table = f"{self._dataset}.automation_locks"
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
        """Holders other than this deployment, with their last sign of life."""
        rows = self._run(
            f"SELECT lock_name, locked_at FROM {self._dataset}.automation_locks "
            f"WHERE STARTS_WITH(lock_name, '{_HOLDER}') AND lock_name != @row",
            row=self._row,
        )
        return [(row.lock_name.removeprefix(_HOLDER), row.locked_at) for row in rows]

    def _refusal(self, others: list[tuple[str, datetime]]) -> UserError:
        (name, seen), *_ = others
        deployment, _, who = name.partition("/")
        age = present(self._google.settings) - seen
        stale = age > STALE_AFTER
        dead = "it is stale" if stale else "if you know that it is dead"
        return UserError(
            f"deployment {deployment} by {who} holds the lock; last sign of life "
            f"{seen:%Y-%m-%d %H:%M:%S} UTC, {age.total_seconds() / 60:.0f} minutes ago",
            fix=f"{'' if stale else 'wait for its end; '}{dead}: eros deploy --break-lock",
        )

    def _run(self, sql: str, **parameters: Any) -> Any:
        from google.cloud import bigquery

        config = bigquery.QueryJobConfig(
            query_parameters=[
                bigquery.ScalarQueryParameter(
                    name, "BOOL" if isinstance(value, bool) else "STRING", value
                )
                for name, value in parameters.items()
            ]
        )
        # A script that is tried again behind our back runs twice.
        return self._google.bigquery.query_and_wait(sql, job_config=config, job_retry=None)


@contextmanager
def held_table(lock: TableLock, *, take_over: bool) -> Iterator[None]:
    """Hold the lock between machines for the block."""
    lock.take(take_over=take_over)
    try:
        yield
    finally:
        try:
            lock.release()
        except FAILURES as error:
            # The end of the deployment stands; the next one says how to get rid of the row.
            _LOG.warning("the lock was not given back", reason=explained(error))
