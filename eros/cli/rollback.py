"""`eros rollback`: the stack back to an earlier state, with one command.

Exit codes are those of the deployment (docs/deploy.md#exit-codes): 0 done, 1 refused and nothing
changed, 2 the backup failed, 3 a later step failed, 4 done but the system is not as healthy as
before.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bqstack import amounts, state
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from bqstack.state import Update
from eros import logs
from eros.cli.common import Format, Output, Stack, console, print_error
from eros.cli.waiting import in_steps, working
from eros.cloud.google import Google
from eros.cloud.local_control import shown
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file

if TYPE_CHECKING:
    from eros.operations.rollback import Plan, Report
    from eros.operations.rollback.counts import Count

_BACKUP_FAILED, _STEP_FAILED, _NOT_HEALTHY = 2, 3, 4
_SHOWN_UPDATES = 15
# Column of an update that gives way to a narrow terminal.
_AUTHOR = 3


def rollback(
    stack: Stack = "local",
    to: Annotated[
        str | None,
        typer.Option(
            metavar="UPDATE", help="Update number from the history, or a checkpoint file."
        ),
    ] = None,
    data: Annotated[
        bool, typer.Option("--data/--no-data", help="Also restore the rows of that time.")
    ] = False,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TABLE[.COLUMN]", help="Table whose rows may be lost; can be repeated."
        ),
    ] = None,
    clear_locks: Annotated[
        bool, typer.Option("--clear-locks", help="Release every caption lock.")
    ] = False,
    only_list: Annotated[
        bool, typer.Option("--list", help="Only show the stack's history.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the interrupted rollback.")
    ] = False,
    break_lock: Annotated[
        bool,
        typer.Option("--break-lock", help="Release a lock held on another machine."),
    ] = False,
    why: Annotated[str, typer.Option(help="Reason shown in the notices.")] = "",
    output: Output = Format.TEXT,
) -> None:
    """Roll the stack back to an earlier update; --data restores the rows as well."""
    with working("rollback: loading"):
        # Late: Pulumi's and Google's libraries take longer to import than most commands to run.
        from eros.operations import rollback as rollbacks

    google = Google(load_stack_file(stack))
    if only_list:
        with working("rollback: reading the history"):
            history = state.history(stack, PROJECT_ROOT)
            lines = lines_of(_dated(google, history), None, console)
            rate = success_rate(google, history)
        for line in lines:
            console.print(line, markup=False)
        console.print(rate, markup=False)
        return
    try:
        if resume:
            with in_steps(f"rollback: {stack}", _progress) as progress:
                report = rollbacks.resume(
                    google, stack, break_lock=break_lock, root=PROJECT_ROOT, progress=progress
                )
        else:
            refuse_a_second(stack, to)
            with in_steps(f"rollback: looking at what differs in {stack}", _progress) as progress:
                made = rollbacks.plan(
                    google, stack, to=_target(to), data=data, root=PROJECT_ROOT, progress=progress
                )
            # Standard output is the report's when a program reads it.
            out = Console(stderr=True, soft_wrap=True) if output is Format.JSON else console
            _show(google, made, out)
            report = _confirmed(google, made, tuple(drop or ()), clear_locks, break_lock, yes, why)
    except rollbacks.RollbackError as error:
        print_error(f"error: {error}")
        code = _STEP_FAILED if error.changed else _BACKUP_FAILED
        raise typer.Exit(code) from None
    if output is Format.JSON:
        print(json.dumps(report.content, indent=2))
    else:
        _show_report(report)
    if not report.health_kept:
        raise typer.Exit(_NOT_HEALTHY)


def _confirmed(
    google: Google,
    made: Plan,
    drop: tuple[str, ...],
    clear_locks: bool,
    break_lock: bool,
    yes: bool,
    why: str,
) -> Report:
    from eros.operations import rollback as rollbacks
    from eros.operations.rollback import lost_rows

    lost_rows.refuse(made.stakes, drop)
    if not yes and not _agreed(made.stack):
        console.print("nothing was changed")
        raise typer.Exit(1)
    with in_steps(f"rollback: {made.stack}", _progress) as progress:
        return rollbacks.start(
            google,
            made,
            drop=drop,
            clear_locks=clear_locks,
            take_backup=True,
            break_lock=break_lock,
            why=why,
            progress=progress,
        )


def _agreed(stack: str) -> bool:
    """Ask; for production the stack's name has to be typed."""
    if not sys.stdin.isatty():
        raise UserError(
            "the rollback needs confirmation, and there is no terminal", fix="add --yes"
        )
    if stack.rpartition("/")[2] == "prod":
        answer: str = typer.prompt(f"To roll back, type the stack's name ({stack})")
        return answer == stack
    return typer.confirm("Roll back?")


def _target(text: str | None) -> int | Path | None:
    if text is None:
        return None
    return int(text) if text.isdecimal() else Path(text)


def refuse_a_second(stack: str, to: str | None) -> None:
    """Raise UserError while another rollback of the stack runs or is unfinished."""
    from eros.operations import rollback as rollbacks

    rollbacks.refuse_running(stack)
    older = rollbacks.interrupted(stack, PROJECT_ROOT) if to is None else None
    if older is not None:
        raise UserError(
            f"a rollback of stack {stack} to {older.target} was interrupted",
            file=older.folder,
            fix=f"eros rollback --resume --stack {stack}; "
            "or name another update with --to to start over",
        )


def _show_step(line: str) -> None:
    print(f"  {line}", file=sys.stderr)


_progress = logs.Log("rollback").progress(_show_step)


def _dated(google: Google, history: Sequence[Update]) -> list[Update]:
    """The newest updates with the time that the stack had when they began."""
    newest = history[:_SHOWN_UPDATES]
    try:
        moments = shown(google.settings, [update.start for update in newest])
    except UserError as error:
        print(f"warning: times are this machine's: {error.message}", file=sys.stderr)
        return list(newest)
    return [replace(update, start=moment) for update, moment in zip(newest, moments, strict=True)]


def _show(google: Google, made: Plan, out: Console) -> None:
    version = made.target.version if made.target else None
    for line in lines_of(_dated(google, made.history), version, out):
        out.print(line, markup=False)
    out.print(f"\nBack to {made.title}:" if made.words else f"\nNothing differs from {made.title}.")
    for line in made.words:
        out.print(f"  {line}", markup=False)
    if made.data:
        for line in made.data.words:
            out.print(line, markup=False)
        for line in counted(made.data.counts):
            out.print(line, markup=False)
    for stake in made.stakes:
        if not stake.is_nothing:
            out.print(f"  lost: {stake}", markup=False)


def counted(counts: Sequence[Count]) -> list[str]:
    """Rows now and then, a line for each table; what stays equal in number comes last."""
    rows = [("table", "rows now", "rows then", "change")]
    for one in sorted(counts, key=lambda count: (not count.change, count.table)):
        rows.append(
            (
                one.table,
                "not there" if one.now is None else f"{one.now:,}",
                "unknown" if one.then is None else f"{one.then:,}",
                f"{one.change:+,}" if one.change else "",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join((f"  {name.ljust(widths[0])}", *map(str.rjust, numbers, widths[1:]))).rstrip()
        for name, *numbers in rows
    ]


def success_rate(google: Google, history: Sequence[Update]) -> str:
    """How many deployments succeeded, or why nobody knows."""
    from eros.operations.deploy import success_rate as deployments

    try:
        return deployments.read(google, history).words
    except (UserError, *FAILURES) as error:
        return f"how many deployments succeeded is unknown: {explained(error)}"


def lines_of(history: Sequence[Update], target: int | None, out: Console) -> list[str]:
    """The newest updates, one line each; an arrow marks the one to go back to.

    On a terminal that has no room for the messages each stands below its update.
    """
    from eros.operations.rollback import change_words, choice

    rows = [["", "update", "began (UTC)", "author", "commit", "changes"]]
    messages = ["message"]
    for update in history[:_SHOWN_UPDATES]:
        # A dot: no state to go back to.
        mark = "→" if update.version == target else " " if choice.can_be_chosen(update) else "·"
        rows.append(
            [
                mark,
                str(update.version),
                f"{update.start:%Y-%m-%d %H:%M:%S}",
                update.who or "-",
                change_words.commit(update),
                change_words.counts(update) if update.succeeded else update.result,
            ]
        )
        messages.append(update.message.partition("\n")[0])
    lines = [
        f"{row}  {message}".rstrip()
        for row, message in zip(_in_columns(rows), messages, strict=True)
    ]
    if not out.is_terminal or max(map(len, lines)) <= out.width:
        return lines
    over = max(map(len, _in_columns(rows))) - out.width
    room = max(len(row[_AUTHOR]) for row in rows) - max(over, 0)
    for row in rows:
        if len(row[_AUTHOR]) > room:
            row[_AUTHOR] = f"{row[_AUTHOR][: max(room - 1, 0)]}…"
    first, *columns = _in_columns(rows)
    below = [first.rstrip()]
    for line, message in zip(columns, messages[1:], strict=True):
        below.append(line.rstrip())
        if message:
            below.append(f"   {textwrap.shorten(message, out.width - 3, placeholder=' …')}")
    return below


def _in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        for row in rows
    ]


def _show_report(report: Report) -> None:
    content = report.content
    health = content["health"]
    console.print(
        f"\n{content['stack']} is back at {content['target']} after {content['seconds']:.0f} s; "
        f"health score {health['before']} before, {health['after']} now ({health['status']})"
    )
    if content["data"]["tables"]:
        tables = amounts.counted(len(content["data"]["tables"]), "table")
        console.print(f"rows: {tables}, equal by checksum")
    console.print(content["hint"], markup=False)
    console.print(f"report: {report.folder / 'report.md'}", markup=False)
