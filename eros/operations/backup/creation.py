"""Making a backup: a snapshot of each table, all of one moment, then the record."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bqstack import partition_filter
from bqstack.amounts import counted
from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations.backup import (
    backup_jobs,
    bucket,
    chosen_tables,
    column_fit,
    inventory,
    ledger,
    names,
    origin,
    restore_sql,
    sight,
    travel,
)
from eros.operations.backup.backup_jobs import literal, quoted
from eros.operations.backup.backup_record import Backup, TableCopy
from eros.operations.backup.inventory import Snapshot
from eros.operations.backup.names import Kind
from eros.operations.backup.progress import Progress, quiet
from eros.operations.backup.sums import Relation, add_up

if TYPE_CHECKING:
    from google.cloud import bigquery

# BigQuery's limits (cloud.google.com/bigquery/quotas, table snapshots).
_SNAPSHOTS_A_DAY = 50
_SNAPSHOTS_OF_A_TABLE = 1_000
# A table with less than this share of its rows in the backup before is worth a look.
_SHRUNK = 0.5


def create(
    google: Google,
    *,
    kind: Kind = Kind.MANUAL,
    tables: Iterable[str] | None = None,
    also: Iterable[str] = (),
    export: bool = False,
    at: datetime | None = None,
    progress: Progress = quiet,
) -> Backup:
    """Back up all tables worth keeping, or the named ones (eros/operations/backup/__init__.py).

    Of `also` come those that are deployed.

    What fails or is interrupted halfway stays INCOMPLETE until `prune` removes it. A
    failing export leaves a complete backup without one.
    """
    ledger.require(google)
    if export:
        bucket.require(google)
    # A rollback goes on without what no backup has ever held; it reports what that is.
    odd = chosen_tables.left_out(google) if tables is None and kind is Kind.SAFETY else ()
    if tables is None and kind is not Kind.SAFETY:
        chosen_tables.require_rows(google)
    live = chosen_tables.live(google, chosen_tables.chosen(google, tables, also))
    sight.require(google, live)
    restore_sql.require_possible(live)
    if export:
        # Before the snapshots: without their record they would stay behind as INCOMPLETE.
        bucket.check(TableCopy(name, schema=column_fit.of(table)) for name, table in live.items())
    made, existing = free_moment(google)
    _check_limits(live, made, existing)
    moment = _reachable(google, at, live) if at else made
    backup = Backup(
        id=names.stamp(made),
        kind=kind,
        time=moment,
        made=made,
        expires=made + names.retention(google.settings, kind),
        tables=(),
        stack=google.settings.stack,
        version=origin.version(),
        commit=origin.commit(google.root),
    )
    backup = with_tables(google, backup, live, progress)
    if export and at:
        # Columns may have been others at the earlier moment.
        bucket.check(backup.tables)
    backup = replace(backup, warnings=(*odd, *_shrunk(google, backup)))
    ledger.write(google, backup)
    progress(f"backup {backup.id} is complete: {counted(backup.rows or 0, 'row')}")
    if export:
        bucket.export(google, backup, progress)
        backup = replace(backup, exported=True)
    return backup


def free_moment(google: Google) -> tuple[datetime, list[Snapshot]]:
    """BigQuery's time, in a second that no backup has yet, and the snapshots there are."""
    while True:
        now = backup_jobs.now(google)
        existing = inventory.snapshots(google)
        if names.stamp(now) not in {snapshot.backup for snapshot in existing}:
            return now, existing
        time.sleep(1)


def _reachable(google: Google, at: datetime, tables: Iterable[str]) -> datetime:
    if at.tzinfo is None:
        raise UserError("the moment has no time zone", value=at.isoformat(), fix="end it with Z")
    if reason := travel.obstacle(google, tables, at):
        raise UserError(reason, value=at.isoformat(), fix="eros backup list")
    return at


def _check_limits(tables: Iterable[str], now: datetime, existing: list[Snapshot]) -> None:
    """Refuse what BigQuery would refuse halfway."""
    total = Counter(snapshot.table for snapshot in existing)
    today = Counter(s.table for s in existing if s.created > now - timedelta(days=1))
    for table in tables:
        if total[table] >= _SNAPSHOTS_OF_A_TABLE:
            raise UserError(
                f"{table} has {total[table]:,} snapshots, the most BigQuery keeps",
                fix="eros backup prune",
            )
        if today[table] >= _SNAPSHOTS_A_DAY:
            raise UserError(
                f"{table} has had {today[table]} snapshots within 24 hours, the most "
                "BigQuery allows",
                fix="use the newest backup (eros backup list), or wait",
            )


def with_tables(
    google: Google, backup: Backup, live: dict[str, bigquery.Table], progress: Progress
) -> Backup:
    """The backup with a snapshot of each table, and its sums."""
    settings = google.settings
    what = counted(len(live), "table")
    progress(f"taking snapshots of {what} as of {backup.time:%Y-%m-%d %H:%M:%S} UTC")
    with backup_jobs.refusals(settings):
        taken = backup_jobs.side_by_side(lambda name: _snapshot(google, backup, name), live)
    progress("computing row counts and checksums")
    relations = {
        name: Relation(
            quoted(settings.project, settings.backup.dataset, snapshot.table_id),
            column_fit.of(snapshot),
            snapshot.num_bytes or 0,
            partition_filter.every_row(snapshot.to_api_repr()),
        )
        for name, snapshot in zip(live, taken, strict=True)
    }
    sums = add_up(google, relations)
    copies = tuple(
        TableCopy(
            name=name,
            bytes=relation.size,
            schema=tuple(dict(field) for field in relation.schema),
            sums=sums[name],
            partition_expiration_ms=_expiration(live[name]),
        )
        for name, relation in relations.items()
    )
    return replace(backup, tables=copies)


def _snapshot(google: Google, backup: Backup, table: str) -> bigquery.Table:
    """Take the snapshot of one table, with its labels and its end."""
    settings = google.settings
    name = names.snapshot(table, backup.id)
    assert backup.kind is not None
    assert backup.expires is not None
    labels = {
        **settings.all_labels,
        "component": "backup",
        "backup": backup.id,
        "backup_kind": backup.kind.value,
    }
    # Both are made of letters, digits, _ and -.
    written = ", ".join(f"('{key}', '{value}')" for key, value in labels.items())
    google.bigquery.query(
        f"CREATE SNAPSHOT TABLE {quoted(settings.project, settings.backup.dataset, name)}\n"
        f"CLONE {quoted(settings.project, settings.dataset, table)}\n"
        f"FOR SYSTEM_TIME AS OF {literal(backup.time)}\n"
        f"OPTIONS (expiration_timestamp = {literal(backup.expires)}, labels = [{written}])",
        job_config=backup_jobs.config(google),
    ).result()
    return google.bigquery.get_table(f"{ledger.dataset(google)}.{name}")


def _expiration(table: bigquery.Table) -> int | None:
    return table.time_partitioning.expiration_ms if table.time_partitioning else None


def _shrunk(google: Google, backup: Backup) -> tuple[str, ...]:
    """Tables that have lost much since the backup before (docs/backup.md)."""
    before: dict[str, TableCopy] = {}
    for earlier in ledger.read(google):
        if earlier.time < backup.time:
            before.update((table.name, table) for table in earlier.tables)
    return tuple(
        f"{table.name} has {counted(table.rows or 0, 'row')},"
        f" {before[table.name].rows:,} in the backup before"
        for table in backup.tables
        if table.name in before and (table.rows or 0) < _SHRUNK * (before[table.name].rows or 0)
    )
