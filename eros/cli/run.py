"""`eros run`: start a scheduled query now, as a Data Transfer run."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape

from bqstack.errors import UserError
from eros.cli import completion
from eros.cli.common import Stack, console
from eros.cli.waiting import working
from eros.cloud import transfers
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.project import schedules
from eros.project.stack_file import load_stack_file


def run(
    schedule: Annotated[
        str,
        typer.Argument(help="Name in config/schedules.yaml.", autocompletion=completion.schedules),
    ],
    stack: Stack = "local",
) -> None:
    """Run a scheduled query now and wait until it finishes."""
    settings = load_stack_file(stack)
    entries = schedules.load()
    if schedule not in entries:
        raise UserError(
            "there is no schedule with this name",
            file=schedules.FILE,
            value=schedule,
            fix=f"use one of: {', '.join(entries)}",
        )
    result = start(Google(settings), schedule)
    if not result.succeeded:
        raise typer.Exit(1)


def start(google: Google, schedule: str) -> transfers.Run:
    """Run one schedule for its latest scheduled time, and report how it ended."""
    settings = google.settings
    entry = schedules.load()[schedule]
    run_time = schedules.latest_run_time(entry, settings, present(settings))
    return run_at(google, schedules.transfer_configs(settings), schedule, run_time)


def run_at(
    google: Google,
    configs: list[schedules.TransferConfig],
    schedule: str,
    run_time: datetime,
) -> transfers.Run:
    """Run one schedule for a scheduled time (UTC), and report how it ended."""
    config = schedules.config_for(configs, schedule, run_time)
    with working(f"{config.title}: waiting for the transfer run"):
        result = transfers.run(google, config, run_time)
    mark = "[green]✓[/]" if result.succeeded else "[red]✗[/]"
    console.print(
        f"{mark} {escape(config.title)}: {result.state} in {result.seconds:.1f} s "
        f"[dim](scheduled for {run_time:%Y-%m-%d %H:%M} UTC)[/]"
    )
    if result.error:
        console.print(f"  {result.error}", markup=False)
    return result
