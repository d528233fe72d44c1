"""Which backups there are: records, snapshots and exports put together."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations.backup import backup_jobs, bucket, chosen_tables, ledger, names
from eros.operations.backup.backup_record import Backup, TableCopy
from eros.operations.backup.names import Kind, Source, State


@dataclass(frozen=True)
class Snapshot:
    """A table snapshot of the backup dataset."""

    table: str
    backup: str
    created: datetime
    expires: datetime | None = None
    """When BigQuery deletes it."""


def snapshots(google: Google) -> list[Snapshot]:
    """All snapshots that bear the name of one of ours."""
    with backup_jobs.refusals(google.settings):
        listed = list(google.bigquery.list_tables(ledger.dataset(google)))
    found = []
    for item in listed:
        parts = names.split(item.table_id)
        if parts and item.table_type == "SNAPSHOT":
            found.append(Snapshot(*parts, item.created, item.expires))
    return found


def listing(google: Google) -> list[Backup]:
    """All backups, newest first. Raises UserError without a backup dataset or bucket."""
    ledger.require(google)
    now = backup_jobs.now(google)
    present: dict[str, dict[str, Snapshot]] = {}
    for snapshot in snapshots(google):
        present.setdefault(snapshot.backup, {})[snapshot.table] = snapshot
    recorded = {backup.id: backup for backup in ledger.read(google)}
    exported = bucket.exports(google)
    backups = []
    for backup_id in sorted(present.keys() | recorded.keys() | exported, reverse=True):
        known = recorded.get(backup_id)
        if known is None and backup_id in exported:
            # The dataset was lost, or its record: the export has a record of its own.
            known = bucket.read(google, backup_id)
        backups.append(
            judged(known, present.get(backup_id, {}), backup_id in exported, now)
            if known
            else _interrupted(backup_id, present[backup_id])
        )
    return backups


def find(
    google: Google,
    text: str | None = None,
    *,
    tables: Iterable[str] | None = None,
    source: Source = Source.SNAPSHOT,
) -> Backup:
    """The backup of this name, or the newest complete one that holds `tables`, or all.

    The newest is one that can be read from `source`, if there is any. Raises UserError when
    there is none, or when it cannot be restored.
    """
    backups = listing(google)
    if text is None:
        wanted = set(tables or chosen_tables.tables_of(google))
        readable = [backup for backup in backups if backup.is_in(source)]
        if backup := newest(readable, wanted) or newest(backups, wanted):
            return backup
        raise UserError("there is no complete backup", fix="eros backup create")
    stamp = names.parse(text)
    backup = next((backup for backup in backups if backup.id == stamp), None)
    if backup is None:
        raise UserError("there is no backup with this name", value=text, fix="eros backup list")
    if backup.state is not State.COMPLETE:
        raise UserError(
            f"the backup is {backup.state}: it cannot be restored",
            value=text,
            fix="choose one that is COMPLETE: eros backup list",
        )
    return backup


def newest(backups: Iterable[Backup], tables: Container[str]) -> Backup | None:
    """Of the complete backups, newest first, the first of those that hold most of these tables.

    What a restore has made is left out: it holds the state that somebody wanted to leave.
    """
    complete = [
        backup
        for backup in backups
        if backup.state is State.COMPLETE and backup.kind not in (Kind.SAFETY, Kind.TRAVEL)
    ]
    return max(
        complete, key=lambda backup: sum(t.name in tables for t in backup.tables), default=None
    )


def judged(
    backup: Backup, present: Mapping[str, Snapshot], exported: bool, now: datetime
) -> Backup:
    """The recorded backup with what is left of it."""
    has_snapshots = {table.name for table in backup.tables} <= present.keys()
    expired = backup.expires is not None and backup.expires <= now
    if has_snapshots or exported:
        state = State.COMPLETE
    else:
        state = State.EXPIRED if expired else State.INCOMPLETE
    expires = backup.expires
    if has_snapshots and expires:
        # The record has their first end; that of the newest is pushed out by `prune`.
        ends = [found.expires for found in present.values() if found.expires]
        expires = max(expires, min(ends, default=expires))
    return backup.with_state(state, has_snapshots=has_snapshots, exported=exported, expires=expires)


def _interrupted(backup_id: str, tables: Iterable[str]) -> Backup:
    made = names.made(backup_id)
    return Backup(
        id=backup_id,
        kind=None,
        time=made,
        made=made,
        expires=None,
        tables=tuple(TableCopy(name) for name in sorted(tables)),
        state=State.INCOMPLETE,
    )
