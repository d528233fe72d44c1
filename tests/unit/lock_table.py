"""A BigQuery that has the table automation_locks and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from google.api_core.exceptions import BadRequest


class LockTable:
    """The table automation_locks, as far as the lock uses it."""

    def __init__(self) -> None:
        self.rows: dict[str, datetime] = {}
        self.conflicts = 0

    def get_table(self, name):
        return name

    def query_and_wait(self, sql, job_config, job_retry):
        p = {q.name: q.value for q in job_config.query_parameters}
        if "BEGIN TRANSACTION" in sql:
            if self.conflicts:
                self.conflicts -= 1
                raise BadRequest("Transaction is aborted due to concurrent update")
            if p["force"]:
                self.rows = {n: t for n, t in self.rows.items() if n == p["row"]}
            if not self.rows:
                self.rows[p["row"]] = datetime.now(UTC)
        elif sql.startswith("SELECT"):
            return [
                SimpleNamespace(lock_name=name, locked_at=seen)
                for name, seen in self.rows.items()
                if name != p["row"]
            ]
        elif sql.startswith("DELETE") and "before" in p:
            assert "locked_at < @before" in sql
            self.rows = {n: t for n, t in self.rows.items() if t >= p["before"]}
        elif sql.startswith("DELETE"):
            self.rows.pop(p["row"], None)
        elif sql.startswith("UPDATE"):
            known = p["row"] in self.rows
            if known:
                self.rows[p["row"]] = datetime.now(UTC)
            return SimpleNamespace(num_dml_affected_rows=int(known))
        return []
