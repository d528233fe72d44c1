"""Taking away what has had its time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from eros.cloud.google import Google
from eros.operations.backup import (
    backup_jobs,
    bucket,
    chosen_tables,
    inventory,
    ledger,
    names,
    scratch,
)
from eros.operations.backup.backup_record import Backup
from eros.operations.backup.inventory import Snapshot
from eros.operations.backup.names import State
from eros.operations.backup.progress import Progress, quiet

# An incomplete backup younger than this may be one that is being made.
_IN_THE_MAKING = timedelta(days=1)
# The newest backup is given a new end when its end has come nearer by this.
_NEARER = timedelta(days=1)


@dataclass(frozen=True)
class Removal:
    """Something that is deleted, and why."""

    name: str
    reason: str
    snapshots: tuple[str, ...] = ()
    files: int = 0


def prune(google: Google, *, dry_run: bool = False, progress: Progress = quiet) -> list[Removal]:
    """Delete backups past their retention, incomplete ones older than a day, and left-overs.

    The retention is that of the settings now, so a shorter one counts for what exists. The
    newest complete backup always stays: the end of its snapshots, at which BigQuery deletes
    them, is pushed out to a whole retention from now. `dry_run` only tells.
    """
    backups = inventory.listing(google)
    snapshots = inventory.snapshots(google)
    newest = inventory.newest(backups, chosen_tables.tables_of(google))
    now = backup_jobs.now(google)
    if newest:
        _prolong(google, newest, snapshots, now, dry_run, progress)
    removals = _backups(google, backups, newest, snapshots, now)
    leftovers = [
        Removal(name, "scratch dataset of an interrupted command")
        for name in scratch.forgotten(google, now)
    ]
    if not dry_run:
        for removal in removals:
            delete(google, removal)
        for removal in leftovers:
            scratch.delete(google, removal.name)
    return removals + leftovers


def _prolong(
    google: Google,
    newest: Backup,
    snapshots: list[Snapshot],
    now: datetime,
    dry_run: bool,
    progress: Progress,
) -> None:
    """Push out the end of a backup's snapshots, when no newer backup has come for a while."""
    from google.cloud import bigquery

    assert newest.kind is not None
    until = now + names.retention(google.settings, newest.kind)
    ending = [
        names.snapshot(found.table, found.backup)
        for found in snapshots
        if found.backup == newest.id and found.expires and found.expires < until - _NEARER
    ]
    if not ending:
        return
    verb = "would keep" if dry_run else "keeping"
    progress(f"{verb} {newest.id}, the newest complete backup, until {until:%Y-%m-%d}")
    if dry_run:
        return

    def push_out(name: str) -> None:
        table = bigquery.Table(f"{ledger.dataset(google)}.{name}")
        table.expires = until
        google.bigquery.update_table(table, ["expires"])

    with backup_jobs.refusals(google.settings):
        backup_jobs.side_by_side(push_out, ending)


def _backups(
    google: Google,
    backups: list[Backup],
    newest: Backup | None,
    snapshots: list[Snapshot],
    now: datetime,
) -> list[Removal]:
    files = bucket.folders(google)
    present: dict[str, list[str]] = {}
    for snapshot in snapshots:
        name = names.snapshot(snapshot.table, snapshot.backup)
        present.setdefault(snapshot.backup, []).append(name)
    reasons = {
        backup.id: reason
        for backup in backups
        if backup != newest and (reason := _reason(google, backup, now))
    }
    known = {backup.id for backup in backups}
    for folder in files.keys() - known:
        if names.made(folder) < now - _IN_THE_MAKING:
            reasons[folder] = "export that was interrupted"
    return [
        Removal(
            backup_id,
            reasons[backup_id],
            tuple(present.get(backup_id, ())),
            files.get(backup_id, 0),
        )
        for backup_id in sorted(reasons)
    ]


def _reason(google: Google, backup: Backup, now: datetime) -> str | None:
    """Why a backup goes; None when it stays."""
    if backup.kind is None or backup.state is State.INCOMPLETE:
        return "incomplete" if backup.made < now - _IN_THE_MAKING else None
    if backup.state is State.EXPIRED:
        return "expired"
    keep = names.retention(google.settings, backup.kind)
    if backup.made + keep <= now:
        return f"older than {keep.days} days"
    return None


def delete(google: Google, removal: Removal) -> None:
    """The export's metadata and the record go first: half a backup is never complete."""
    if removal.files:
        bucket.delete(google, removal.name)
    ledger.forget(google, [removal.name])
    with backup_jobs.refusals(google.settings):
        backup_jobs.side_by_side(
            lambda name: google.bigquery.delete_table(
                f"{ledger.dataset(google)}.{name}", not_found_ok=True
            ),
            removal.snapshots,
        )
