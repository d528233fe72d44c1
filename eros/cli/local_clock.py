"""`eros local clock`: what time it is on the local cloud, and moving it forward."""

from __future__ import annotations

import re
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bqstack import amounts
from bqstack.errors import UserError
from eros.cli.common import console
from eros.cli.interruption import exit_code
from eros.cloud.local_control import Control
from eros.project.stack_file import load_stack_file

STACK = "local"
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
# How long a step of the local cloud may take to end.
_ENDING_SECONDS = 60
_POLL_SECONDS = 0.1
_DURATION = re.compile(r"(?:\d+[dhms])+")

EveryRun = Annotated[
    bool,
    typer.Option(
        "--every-run",
        help="Run schedules that repeat more often than hourly every time; much slower.",
    ),
]

app = typer.Typer(help="The clock of the local cloud.", invoke_without_command=True)


@app.callback()
def clock(context: typer.Context) -> None:
    """Show the clock of the local cloud and what is due next."""
    if context.invoked_subcommand is None:
        show()


@app.command()
def show() -> None:
    """Show the clock and what is due next."""
    found = Control(load_stack_file(STACK)).clock()
    ahead = timedelta(seconds=found["offsetSeconds"])
    console.print(
        f"{_time(found['now'])} UTC" + (f" ({ahead} ahead of real time)" if ahead else "")
    )
    if walk := found["walk"]:
        console.print(
            f"the clock is being advanced to {_time(walk['to'])} UTC: {walk['made']} of"
            f" {walk['runs']} runs done; next in schedules:"
        )
    elif found["follows"]:
        console.print("scheduled queries run when they are due; next:")
    else:
        console.print(
            "nothing runs automatically (eros local up --follow-clock); next in schedules:"
        )
    if not found["next"]:
        console.print("  nothing: no schedule is on; eros health says which are paused")
    for due in found["next"]:
        console.print(f"  {_time(due['time'])}  {escape(due['title'])}")


@app.command()
def advance(
    duration: Annotated[str, typer.Argument(help="For example 2d, 3h, 5m or 1d12h.")],
    every_run: EveryRun = False,
) -> None:
    """Move the clock forward, running what falls due, one run after the other.

    Schedules that repeat more often than hourly run once an hour and at the end, unless
    --every-run is given.
    """
    span = parse_duration(duration)
    control = Control(load_stack_file(STACK))
    _walk(control, control.now() + span, every_run)


@app.command("set")
def set_(
    moment: Annotated[str, typer.Argument(help="ISO 8601; UTC without an offset.")],
    every_run: EveryRun = False,
) -> None:
    """Move the clock forward to a moment, running what falls due."""
    try:
        target = datetime.fromisoformat(moment)
    except ValueError:
        raise UserError(
            "not a date and time in ISO 8601", value=moment, fix="for example 2026-11-30T10:05:00Z"
        ) from None
    if target.tzinfo is None:
        target = target.replace(tzinfo=UTC)
    _walk(Control(load_stack_file(STACK)), target, every_run)


def parse_duration(text: str) -> timedelta:
    """`1d12h` as a timedelta; raises UserError."""
    if not _DURATION.fullmatch(text):
        raise UserError(
            "not a duration", value=text, fix="whole numbers with d, h, m or s: 2d, 3h, 1d12h"
        )
    parts: dict[str, int] = {}
    for number, unit in re.findall(r"(\d+)([dhms])", text):
        parts[_UNITS[unit]] = parts.get(_UNITS[unit], 0) + int(number)
    try:
        return timedelta(**parts)
    except OverflowError:
        raise UserError("too long", value=text, fix="at most ten years") from None


def _walk(control: Control, moment: datetime, every_run: bool) -> None:
    made = _Made()
    try:
        _follow(control, moment, every_run, made)
    except KeyboardInterrupt as interrupted:
        _tell_interruption(control, moment, every_run, made)
        raise typer.Exit(exit_code(interrupted)) from None


@dataclass
class _Made:
    """What a walk has made so far."""

    runs: int = 0
    of: int = 0


def _follow(control: Control, moment: datetime, every_run: bool, made: _Made) -> None:
    counts = {"open": 0, "closed": 0, "repeated": 0}
    columns = (
        BarColumn(24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with (
        Progress(*columns, console=console, transient=True) as progress,
        closing(control.advance(moment, every_run=every_run)) as events,
    ):
        task = progress.add_task("", total=None)
        for event in events:
            if event["event"] == "start":
                made.of = event["runs"]
                progress.update(task, total=made.of)
                _tell_start(event)
            elif event["event"] == "run":
                made.runs += 1
                title = escape(event["title"])
                progress.update(task, advance=1, description=f"{_time(event['time'])}  {title}")
                if event["state"] != "SUCCEEDED":
                    console.print(f"[red]✗[/] {_time(event['time'])}  {title}: {event['state']}")
                    console.print(f"  {event['error']}", markup=False)
            elif event["event"] == "notification":
                kind = "repeated" if event["renotify"] else event["state"]
                counts[kind] += 1
                _tell_notification(event, kind)
            else:
                _tell_end(event, counts)


def _tell_interruption(control: Control, moment: datetime, every_run: bool, made: _Made) -> None:
    """Wait until the local cloud has ended the walk, and say how far it came."""
    end = time.monotonic() + _ENDING_SECONDS
    while (found := control.clock())["walk"] and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
    console.print(f"stopped at {_time(found['now'])} UTC, after {made.runs} of {made.of} runs")
    if found["walk"]:
        console.print(
            "the local cloud is still finishing its last step: check with eros local clock"
        )
    elif found["follows"]:
        console.print("scheduled queries run again when they are due")
    option = " --every-run" if every_run else ""
    console.print(f"to continue: eros local clock set {moment:%Y-%m-%dT%H:%M:%SZ}{option}")


def _tell_start(event: dict[str, Any]) -> None:
    console.print(
        f"from {_time(event['from'])} to {_time(event['to'])} UTC:"
        f" {amounts.counted(event['runs'], 'run')} of scheduled queries, one after the other"
    )
    if event["leftOut"]:
        console.print(
            f"[dim]left out: {amounts.counted(event['leftOut'], 'run')} of schedules that repeat"
            " more often than hourly; they run once an hour and at the end, and their measurements"
            " count for an hour longer (--every-run runs them all)[/]"
        )


def _tell_notification(event: dict[str, Any], kind: str) -> None:
    colour = {"open": "red", "repeated": "yellow", "closed": "green"}[kind]
    console.print(
        f"[{colour}]{kind:<8}[/] {_time(event['time'])}  {event['severity']:<8}"
        f" {escape(event['policy'])} → {escape(event['channel'])}"
    )


def _tell_end(event: dict[str, Any], counts: dict[str, int]) -> None:
    failed = (
        f"[red]{amounts.counted(event['failed'], 'run')} failed[/]"
        if event["failed"]
        else "no run failed"
    )
    counted = ", ".join(f"{number} {kind}" for kind, number in counts.items())
    console.print(
        f"it is {_time(event['now'])} UTC; {failed}; notifications: {counted};"
        f" {event['seconds']:.0f} s"
    )
    if any(counts.values()):
        console.print("eros local inbox shows them")


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M}"
