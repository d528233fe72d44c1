"""`eros health`: the seven checks as text or JSON; exit code 0, 1 or 2."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer
from rich.markup import escape

from bqstack.errors import UserError
from eros.cli.common import Format, Output, Stack, console, print_error
from eros.cli.waiting import working
from eros.cloud.google import Google
from eros.project.stack_file import load_stack_file
from eros.watch import health as checks
from eros.watch.health_report import Report, Severity, Status

# Sign, the same for terminals without these characters, colour.
_SIGNS = {
    Severity.OK: ("✓", "+", "green"),
    Severity.WARNING: ("!", "!", "yellow"),
    Severity.CRITICAL: ("✗", "x", "red"),
}
_COLOURS = {
    Status.HEALTHY: "green",
    Status.WARNING: "yellow",
    Status.CRITICAL: "red",
}


def health(
    stack: Stack = "local",
    output: Output = Format.TEXT,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", help="Also show each finding's limits and the time of the check."
        ),
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Repeat until interrupted.")] = False,
    interval: Annotated[float, typer.Option(min=1, help="Seconds between repeats.")] = 30,
    accept_warning: Annotated[
        bool, typer.Option("--accept-warning", help="Exit with 0 on a warning, too.")
    ] = False,
) -> None:
    """Check the system's health. Exit codes: 0 healthy, 1 warning, 2 critical or unreachable."""
    try:
        google = Google(load_stack_file(stack))
    except UserError as error:
        # Exit code 1 would say "warning" of a system that could not be looked at.
        print_error(f"error: {error}")
        raise typer.Exit(Status.CRITICAL) from None
    status = _once(google, output, verbose, repeated=watch)
    try:
        while watch:
            time.sleep(interval)
            status = _once(google, output, verbose, repeated=True)
    except KeyboardInterrupt:
        pass  # The end of a watch; the exit code is that of the last report.
    accepted = accept_warning and status is Status.WARNING
    raise typer.Exit(Status.HEALTHY if accepted else status)


def _once(google: Google, output: Format, verbose: bool, *, repeated: bool) -> Status:
    started = time.monotonic()
    with working("health: asking the cloud"):
        report = checks.check(google)
    if output is Format.JSON:
        # A watch is a stream: one report per line.
        print(json.dumps(report.document(), indent=None if repeated else 2), flush=True)
        return report.status
    if repeated:
        console.rule(f"{report.time:%Y-%m-%d %H:%M:%S} UTC", align="left")
    print_report(report, verbose=verbose)
    if verbose:
        console.print(f"Checked in {time.monotonic() - started:.1f} s", style="dim")
    return report.status


def print_report(report: Report, *, verbose: bool = False) -> None:
    """One line per finding, then score and status; colour only on a terminal."""
    for finding in report.findings:
        sign, plain, colour = _SIGNS[finding.severity]
        mark = sign if console.encoding.lower().startswith("utf") else plain
        limits = f"  ({finding.limits})" if verbose and finding.limits else ""
        text = escape(f"{finding.label}: {finding.text}{limits}")
        console.print(f"[{colour}]{mark}[/] {text}")
    colour = _COLOURS[report.status]
    console.print(f"\nHealth Score: {report.score}/100")
    console.print(f"Status: [{colour}]{report.status.name}[/] - {report.words}")
