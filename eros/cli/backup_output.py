"""What `eros backup` shows: tables for people, values for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from bqstack import amounts
from bqstack.amounts import counted
from eros.cli.answers import show
from eros.cli.common import console
from eros.operations.backup import Backup, Comparison, Plan, State
from eros.watch.monitor_query import Answer

_COLOURS = {State.COMPLETE: "green", State.INCOMPLETE: "red", State.EXPIRED: "dim"}


def print_list(found: Sequence[Backup], now: datetime) -> None:
    """All backups as a table."""
    if not found:
        console.print("no backup yet; make one: eros backup create")
        return
    rows = []
    for backup in found:
        copies = "both" if backup.exported else "snapshots"
        rows.append(
            (
                backup.id,
                backup.kind or "?",
                Text(backup.state, style=_COLOURS[backup.state]),
                amounts.span(now - backup.made),
                f"{backup.expires:%Y-%m-%d}" if backup.expires else "",
                copies if backup.has_snapshots else "export" * backup.exported,
                len(backup.tables),
                backup.rows,
                "" if backup.bytes is None else amounts.size(backup.bytes),
            )
        )
    columns = ("backup", "kind", "state", "age", "expires", "copies", "tables", "rows", "size")
    show(console, Answer(columns, rows))


def print_plan(planned: Plan) -> None:
    """What a restore would replace."""
    backup = planned.backup
    console.print(
        f"Restore from the {planned.source} of {backup.id}, rows of "
        f"{backup.time:%Y-%m-%d %H:%M:%S} UTC:"
    )
    rows: list[tuple[Any, ...]] = []
    for one in planned.tables:
        notes = []
        if one.expired:
            notes.append(f"left out: {counted(one.expired, 'row')} of expired partitions")
        if one.fit.added:
            notes.append(f"empty or default: {', '.join(one.fit.added)}")
        change = one.rows_then - one.rows_now
        rows.append(
            (
                one.name,
                one.rows_now,
                one.rows_then,
                f"{change:+,}" if change else "",
                "; ".join(notes),
            )
        )
    columns: tuple[str, ...] = ("table", "rows now", "rows then", "change", "notes")
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    show(console, Answer(columns, rows))


def print_comparisons(comparisons: Sequence[Comparison]) -> None:
    """How the rows of each table compare."""
    for one in comparisons:
        if one.equal:
            console.print(f"[green]✓[/] {one.table}: {counted(one.found.rows, 'row')}")
            continue
        what = f"{counted(one.found.rows, 'row')} instead of {one.expected.rows:,}"
        if one.found.rows == one.expected.rows:
            what = f"differs in {', '.join(one.different) or 'how values are combined into rows'}"
        console.print(f"[red]✗[/] {one.table}: {what}")


def summary(backup: Backup, now: datetime) -> dict[str, Any]:
    """A backup as JSON."""
    return {
        "backup": backup.id,
        "kind": backup.kind.value if backup.kind else None,
        "state": backup.state.value,
        "time": backup.time.isoformat(),
        "made": backup.made.isoformat(),
        "age_seconds": round((now - backup.made).total_seconds()),
        "expires": backup.expires.isoformat() if backup.expires else None,
        "snapshots": backup.has_snapshots,
        "export": backup.exported,
        "rows": backup.rows,
        "bytes": backup.bytes,
        "version": backup.version,
        "commit": backup.commit,
        "tables": {table.name: table.rows for table in backup.tables},
    }


def compared(comparison: Comparison) -> dict[str, Any]:
    """The comparison of a table as JSON."""
    return {
        "table": comparison.table,
        "equal": comparison.equal,
        "rows": comparison.found.rows,
        "rows_expected": comparison.expected.rows,
        "different_columns": comparison.different,
    }
