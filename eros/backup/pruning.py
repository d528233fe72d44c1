"""Taking away what has had its time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from eros.backup import bucket, inventory, jobs, names, records, scratch, selection
from eros.backup.model import Backup
from eros.backup.names import State
from eros.backup.progress import Progress, quiet
from eros.google import Google

# An incomplete backup younger than this may be one that is being made.
_IN_THE_MAKING = timedelta(days=1)


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
    newest complete backup always stays. `dry_run` only tells.
    """
    backups = inventory.listing(google)
    now = jobs.now(google)
    removals = _backups(google, backups, now)
    leftovers = [
        Removal(name, "scratch dataset of an interrupted command")
        for name in scratch.forgotten(google, now)
    ]
    if not dry_run:
        for removal in removals:
            _delete(google, removal)
            progress(f"deleted backup {removal.name}: {removal.reason}")
        for removal in leftovers:
            scratch.delete(google, removal.name)
            progress(f"deleted {removal.name}: {removal.reason}")
    return removals + leftovers


def _backups(google: Google, backups: list[Backup], now: datetime) -> list[Removal]:
    files = bucket.folders(google)
    present: dict[str, list[str]] = {}
    for snapshot in inventory.snapshots(google):
        name = names.snapshot(snapshot.table, snapshot.backup)
        present.setdefault(snapshot.backup, []).append(name)
    newest = inventory.newest(backups, selection.tables_of(google))
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


def _delete(google: Google, removal: Removal) -> None:
    """The export's metadata and the record go first: half a backup is never complete."""
    if removal.files:
        bucket.delete(google, removal.name)
    records.forget(google, [removal.name])
    with jobs.refusals(google.settings):
        jobs.side_by_side(
            lambda name: google.bigquery.delete_table(
                f"{records.dataset(google)}.{name}", not_found_ok=True
            ),
            removal.snapshots,
        )
