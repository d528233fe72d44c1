"""Reading and writing the two tables of the backup dataset (`ledger_tables`)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.api_core.exceptions import NotFound

from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations.backup import backup_jobs
from eros.operations.backup.backup_jobs import quoted
from eros.operations.backup.backup_record import Backup, Sums, TableCopy
from eros.operations.backup.ledger_tables import CONTENTS, STEPS, TABLES
from eros.operations.backup.names import Kind, Source

# Steps after which a restore is over.
ENDED = ("VERIFIED", "DIFFERENT", "FAILED")


class OpenError(UserError):
    """Nobody knows how a restore ended: its job may be at work, and `unfinished` gives it."""


@dataclass(frozen=True)
class Attempt:
    """A restore as its steps tell it; `applied` says whether the rows have been replaced."""

    id: str
    started: datetime
    backup: str
    source: Source
    tables: tuple[str, ...]
    safety: str | None
    """The backup of what it replaces."""
    applied: bool = False

    @property
    def job(self) -> str:
        """The id of the job that replaces the rows: there is one, whoever asks for it."""
        return f"eros_restore_{self.id}"

    def details(self) -> dict[str, Any]:
        """What its first step records."""
        return {
            "backup": self.backup,
            "source": self.source.value,
            "tables": list(self.tables),
            "safety": self.safety,
        }


def dataset(google: Google) -> str:
    """Full name of the backup dataset."""
    return f"{google.settings.project}.{google.settings.backup.dataset}"


def is_deployed(google: Google) -> bool:
    """Whether the dataset of the backups and its tables are there."""
    try:
        for table in TABLES:
            google.bigquery.get_table(f"{dataset(google)}.{table}")
    except NotFound:
        return False
    return True


def require(google: Google) -> None:
    """Raise UserError unless there is a place for backups."""
    with backup_jobs.refusals(google.settings):
        if not is_deployed(google):
            raise UserError(
                f"the dataset {dataset(google)} and its tables do not exist yet",
                fix=f"pulumi up --stack {google.settings.stack}",
            )


def write(google: Google, backup: Backup) -> None:
    """Record a backup, which makes it complete: one load, all rows or none."""
    assert backup.kind is not None
    common = {
        "backup_id": backup.id,
        "kind": backup.kind.value,
        "data_time": backup.time.isoformat(),
        "created_at": backup.made.isoformat(),
        "expires_at": backup.expires.isoformat() if backup.expires else None,
        "stack": backup.stack,
        "eros_version": backup.version,
        "source_commit": backup.commit,
    }
    _append(google, CONTENTS, [common | _line(table) for table in backup.tables])


def _line(table: TableCopy) -> dict[str, Any]:
    document = table.document()
    return {
        "table_name": document["table"],
        "row_count": document["rows"],
        "logical_bytes": document["bytes"],
        "columns": document["schema"],
        "checksums": document["checksums"],
        "row_checksum": document["rowChecksum"],
        "partition_expiration_ms": document["partitionExpirationMs"],
    }


def read(google: Google) -> list[Backup]:
    """All recorded backups, oldest first; their state is left to the inventory."""
    found: dict[str, Backup] = {}
    query = (
        f"SELECT * REPLACE (TO_JSON_STRING(columns) AS columns, "
        f"TO_JSON_STRING(checksums) AS checksums) "
        f"FROM {_table(google, CONTENTS)} ORDER BY backup_id, table_name"
    )
    for row in backup_jobs.rows(google, query):
        backup = found.get(row.backup_id) or Backup(
            id=row.backup_id,
            kind=Kind(row.kind),
            time=row.data_time,
            made=row.created_at,
            expires=row.expires_at,
            tables=(),
            stack=row.stack,
            version=row.eros_version,
            commit=row.source_commit,
        )
        table = TableCopy(
            name=row.table_name,
            bytes=row.logical_bytes,
            schema=tuple(json.loads(row.columns)),
            sums=Sums(row.row_count, json.loads(row.checksums), row.row_checksum),
            partition_expiration_ms=row.partition_expiration_ms,
        )
        found[row.backup_id] = backup.with_state(backup.state, tables=(*backup.tables, table))
    return list(found.values())


def forget(google: Google, backup_ids: Iterable[str]) -> None:
    """Delete the records of these backups."""
    from google.cloud import bigquery

    ids = bigquery.ArrayQueryParameter("ids", "STRING", list(backup_ids))
    delete = f"DELETE FROM {_table(google, CONTENTS)} WHERE backup_id IN UNNEST(@ids)"
    backup_jobs.rows(google, delete, parameters=[ids])


def step(google: Google, restore_id: str, name: str, details: dict[str, Any]) -> None:
    """Record a step of a restore."""
    moment = backup_jobs.now(google).isoformat()
    line = {"restore_id": restore_id, "step_time": moment, "step": name, "details": details}
    _append(google, STEPS, [line])


def applied_statement(google: Google) -> str:
    """SQL that records APPLIED for the parameters @restore_id and @details (JSON as text)."""
    return (
        f"INSERT INTO {_table(google, STEPS)} (restore_id, step_time, step, details)\n"
        "VALUES (@restore_id, CURRENT_TIMESTAMP(), 'APPLIED', PARSE_JSON(@details))"
    )


def has_applied(google: Google, restore_id: str) -> bool:
    """Whether the transaction of this restore is committed."""
    from google.cloud import bigquery

    query = (
        f"SELECT COUNT(*) AS steps FROM {_table(google, STEPS)} "
        "WHERE restore_id = @restore_id AND step = 'APPLIED'"
    )
    parameter = bigquery.ScalarQueryParameter("restore_id", "STRING", restore_id)
    [row] = backup_jobs.rows(google, query, parameters=[parameter])
    return bool(row.steps)


def unfinished(google: Google) -> Attempt | None:
    """The newest restore, if it has not ended."""
    query = (
        "SELECT restore_id, step, step_time, TO_JSON_STRING(details) AS details "
        f"FROM {_table(google, STEPS)} QUALIFY DENSE_RANK() OVER (ORDER BY restore_id DESC) = 1"
    )
    steps = {row.step: row for row in backup_jobs.rows(google, query)}
    if "STARTED" not in steps or any(step in ENDED for step in steps):
        return None
    started = steps["STARTED"]
    details = json.loads(started.details)
    return Attempt(
        id=started.restore_id,
        started=started.step_time,
        backup=details["backup"],
        source=Source(details["source"]),
        tables=tuple(details["tables"]),
        safety=details["safety"],
        applied="APPLIED" in steps,
    )


def _append(google: Google, table: str, lines: list[dict[str, Any]]) -> None:
    from google.cloud import bigquery

    schema = [bigquery.SchemaField.from_api_repr(column) for column in TABLES[table][1]]
    job_config = bigquery.LoadJobConfig(
        schema=schema,
        write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
        create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
        labels=backup_jobs.labels(google.settings),
    )
    with backup_jobs.refusals(google.settings):
        google.bigquery.load_table_from_json(
            lines, f"{dataset(google)}.{table}", job_config=job_config
        ).result()


def _table(google: Google, name: str) -> str:
    return quoted(google.settings.project, google.settings.backup.dataset, name)
