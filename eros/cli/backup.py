"""`eros backup`: create, list, verify, restore, prune."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from bqstack.amounts import counted
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros.cli import backup_output, completion
from eros.cli.common import Format, Output, Stack, console, print_error
from eros.cli.waiting import asking, in_steps, working
from eros.cloud.google import Google
from eros.operations import backup as backups
from eros.operations.backup import (
    Backup,
    Kind,
    Source,
    activity,
    backup_jobs,
)
from eros.project.stack_file import load_stack_file
from eros.watch import pauses

# Those of a deployment (docs/requirements.md C-73): a missing prerequisite or a word of the person
# that cannot be is 1.
_FAILED, _NOT_EQUAL = 2, 4

app = typer.Typer(help="Back up the tables and restore them.", no_args_is_help=True)

# A look at the schedules is no reason to wait long.
_LOOK_SECONDS = 20.0

Tables = Annotated[
    str | None, typer.Option("--tables", help="Only these tables, separated by commas.")
]
Id = Annotated[
    str | None,
    typer.Argument(
        help="YYYYMMDD_HHMMSS; by default the newest complete backup.",
        autocompletion=completion.backups,
    ),
]


@app.command()
def create(
    tables: Tables = None,
    kind: Annotated[Kind, typer.Option(help="daily: kept 30 days; deployment: 90.")] = Kind.MANUAL,
    export: Annotated[
        bool, typer.Option(help="Also export a copy to the bucket, as Parquet.")
    ] = False,
    output: Output = Format.TEXT,
    stack: Stack = "local",
) -> None:
    """Snapshot every table at one point in time."""
    if kind not in (Kind.MANUAL, Kind.DAILY, Kind.DEPLOYMENT):
        raise UserError("backups of this kind are made by restores", key="--kind", value=kind.value)
    google = google_of(stack)
    begun: list[str] = []
    with in_steps(f"backup: {stack}", _progress) as progress:

        def show(line: str) -> None:
            begun.append(line)
            progress(line)

        try:
            made = backups.create(
                google, kind=kind, tables=_names(tables), export=export, progress=show
            )
        except (UserError, *FAILURES) as error:
            if not begun:
                raise
            print_error(f"error: {error if isinstance(error, UserError) else explained(error)}")
            raise typer.Exit(_FAILED) from None
    for warning in made.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if output is Format.JSON:
        print(json.dumps(backup_output.summary(made, made.made), indent=2))


@app.command(name="list")
def list_(
    output: Output = Format.TEXT,
    stack: Stack = "local",
) -> None:
    """Show all backups, newest first."""
    google = google_of(stack)
    with working("backup list: asking the cloud"):
        found = backups.listing(google)
        now = backup_jobs.now(google)
    if output is Format.JSON:
        print(json.dumps([backup_output.summary(backup, now) for backup in found], indent=2))
        return
    backup_output.print_list(found, now)
    if attempt := backups.unfinished(google):
        state = "its rows are replaced, not compared" if attempt.applied else "no rows replaced yet"
        console.print(
            f"[red]The restore of {attempt.backup} from {attempt.started:%Y-%m-%d %H:%M} UTC has "
            f"not ended[/]: {state}. To continue: eros backup restore --resume"
        )


@app.command()
def verify(
    backup: Id = None,
    source: Annotated[Source, typer.Option("--from", help="Copy to verify.")] = Source.SNAPSHOT,
    tables: Tables = None,
    output: Output = Format.TEXT,
    stack: Stack = "local",
) -> None:
    """Restore into a scratch dataset and compare every column; exit code 4 if not equal."""
    if source is Source.TIME_TRAVEL:
        raise UserError(
            "there is no copy to verify with time travel", key="--from", fix="snapshot or export"
        )
    google = google_of(stack)
    found = backups.find(google, backup, tables=_names(tables), source=source)
    with in_steps(f"verify: {stack}", _progress) as progress:
        comparisons = backups.verify(
            google, found, source=source, tables=_names(tables), progress=progress
        )
    equal = all(comparison.equal for comparison in comparisons)
    if output is Format.JSON:
        lines = [backup_output.compared(comparison) for comparison in comparisons]
        print(json.dumps({"backup": found.id, "equal": equal, "tables": lines}, indent=2))
    else:
        backup_output.print_comparisons(comparisons)
        what = counted(len(comparisons), "table")
        console.print(
            f"[green]✓[/] {found.id}: {what} can be restored as they were"
            if equal
            else f"[red]✗[/] {found.id}: do not rely on this backup; make a new one"
        )
    if not equal:
        raise typer.Exit(_NOT_EQUAL)


@app.command()
def restore(
    backup: Id = None,
    source: Annotated[
        Source | None, typer.Option("--from", help="Where the rows come from.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="Point in time to restore, by time travel (ISO 8601)."),
    ] = None,
    tables: Tables = None,
    only_differing: Annotated[
        bool,
        typer.Option("--differing", help="Only tables that differ from the backup."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    force: Annotated[
        bool, typer.Option(help="Restore even while scheduled queries are running.")
    ] = False,
    resume: Annotated[bool, typer.Option(help="Finish an interrupted restore.")] = False,
    stack: Stack = "local",
) -> None:
    """Restore table rows from a backup or an earlier point in time."""
    google = google_of(stack)
    if resume:
        _resume(google, force, bool(backup or source or at or tables or only_differing))
        return
    chosen, source = _chosen(google, backup, source, at, _names(tables))
    with (
        in_steps(f"restore: {stack}", _progress) as progress,
        backups.plan(
            google, chosen, tables=_names(tables), source=source, progress=progress
        ) as planned,
    ):
        if only_differing:
            whole = counted(len(planned.tables), "table")
            planned = backups.differing(google, planned, progress=progress)
            progress(f"{len(planned.tables)} of {whole} differ from {planned.backup.id}")
            if not planned.tables:
                console.print(f"nothing to restore: every table is as in {planned.backup.id}")
                return
        backup_output.print_plan(planned)
        warn_of_schedules(google)
        if not _confirmed(yes):
            console.print("nothing was changed")
            raise typer.Exit(1)
        done = backups.execute(google, planned, force=force, progress=progress)
    _ended(done)


@app.command()
def prune(
    dry_run: Annotated[bool, typer.Option(help="Only show what would be deleted.")] = False,
    stack: Stack = "local",
) -> None:
    """Delete backups past their retention, and incomplete ones older than a day."""
    with in_steps(f"prune: {stack}", _progress) as progress:
        removals = backups.prune(google_of(stack), dry_run=dry_run, progress=progress)
    verb = "would delete" if dry_run else "deleted"
    for removal in removals:
        parts = [f"{counted(len(removal.snapshots), 'snapshot')}" * bool(removal.snapshots)]
        parts.append(f"{counted(removal.files, 'file')}" * bool(removal.files))
        content = ", ".join(filter(None, parts))
        console.print(f"{verb} {removal.name}: {removal.reason}{content and f' ({content})'}")
    if not removals:
        console.print("nothing to delete")


def google_of(stack: str) -> Google:
    """Clients of a stack; raises UserError."""
    return Google(load_stack_file(stack))


def _progress(line: str) -> None:
    # Standard output is for the result: a program may read it.
    print(line, file=sys.stderr)


def _names(text: str | None) -> list[str] | None:
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UserError("no table is named", key="--tables", value=text)
    return names


def _chosen(
    google: Google,
    backup: str | None,
    source: Source | None,
    at: str | None,
    tables: Sequence[str] | None,
) -> tuple[Backup, Source]:
    """The backup to restore; time travel makes one of the moment that is asked for."""
    travels = source in (None, Source.TIME_TRAVEL) if at else source is Source.TIME_TRAVEL
    if travels != bool(at):
        raise UserError(
            "time travel needs a point in time (--at), and --at needs time travel",
            fix="eros backup restore --at 2026-01-31T04:05:06 [--from time-travel]",
        )
    if at is None:
        source = source or Source.SNAPSHOT
        return backups.find(google, backup, tables=tables, source=source), source
    if backup is not None:
        raise UserError("both a backup and a point in time are given", fix="give only one of them")
    with in_steps("restore: reading the rows of that time", _progress) as progress:
        made = backups.create(
            google, kind=Kind.TRAVEL, tables=tables, at=_moment(at), progress=progress
        )
    return made, Source.SNAPSHOT


def _moment(text: str) -> datetime:
    """The moment that is asked for; UTC where no zone is named."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            "not a date and time", key="--at", value=text, fix="for example 2026-01-31T04:05:06Z"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _resume(google: Google, force: bool, named: bool) -> None:
    if named:
        raise UserError(
            "--resume continues with the options of the interrupted restore",
            fix="remove the other options",
        )
    attempt = backups.unfinished(google)
    if attempt is None:
        raise UserError("there is no interrupted restore", fix="eros backup restore")
    with in_steps("restore: resuming", _progress) as progress:
        done = backups.resume(google, attempt, force=force, progress=progress)
    _ended(done)


def warn_of_schedules(google: Google) -> None:
    """Say that scheduled queries may write into the tables, now or right after."""
    try:
        running = activity.running(google)
        known = pauses.read(google, _LOOK_SECONDS)
    except FAILURES as error:
        print_error(
            f"warning: cannot tell whether scheduled queries are running: {explained(error)}"
        )
        return
    on = known.deployed - len(known.paused)
    if running:
        names = ", ".join(running)
        print_error(
            f"warning: running now: {names}; the restore is refused until they finish"
            " (--force overrides)"
        )
    if on:
        print_error(
            f"warning: {on} scheduled queries are on and may write into these tables during the "
            "restore and after it; to pause them: eros:schedulesPaused: true, then pulumi up"
        )


def _confirmed(yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UserError("the restore needs confirmation, and there is no terminal", fix="add --yes")
    with asking():
        return typer.confirm("Replace these rows?")


def _ended(done: backups.Restore) -> None:
    kept = f"; the previous rows: {done.safety}" if done.safety else ""
    if done.equal:
        verb = "is" if len(done.comparisons) == 1 else "are"
        count = counted(len(done.comparisons), "table")
        console.print(f"[green]✓[/] {count} {verb} as in {done.backup}{kept}")
        return
    backup_output.print_comparisons(done.comparisons)
    console.print(
        f"[red]✗[/] the rows were replaced and something has changed them since{kept}\n"
        "  pause the schedules and restore once more"
    )
    raise typer.Exit(_NOT_EQUAL)
