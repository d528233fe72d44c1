"""`eros health`: the seven checks as text or JSON; exit code 0, 1 or 2."""

from __future__ import annotations

import enum
import json
import sys
import time
from typing import Annotated

import typer

from eros import health as checks
from eros.cli.common import Stack, console
from eros.errors import UserError
from eros.google import Google
from eros.settings import load_stack_file

_MARKS = {
    checks.Severity.OK: "[green]✓[/]",
    checks.Severity.WARNING: "[yellow]![/]",
    checks.Severity.CRITICAL: "[red]✗[/]",
}
_STATUS = {
    checks.Status.HEALTHY: ("green", "All systems operational"),
    checks.Status.WARNING: ("yellow", "Attention needed"),
    checks.Status.CRITICAL: ("red", "Act now"),
}


class Format(enum.StrEnum):
    """How the report is written."""

    TEXT = "text"
    JSON = "json"


def health(
    stack: Stack = "local",
    output: Annotated[Format, typer.Option("--format", help="For people or programs.")] = (
        Format.TEXT
    ),
    watch: Annotated[bool, typer.Option(help="Repeat until interrupted.")] = False,
    interval: Annotated[float, typer.Option(min=1, help="Seconds between repeats.")] = 30,
) -> None:
    """Check the system; exit code 0 healthy, 1 warning, 2 critical or out of reach."""
    try:
        google = Google(load_stack_file(stack))
    except UserError as error:
        # Exit code 1 would say "warning" of a system that could not be looked at.
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(checks.Status.CRITICAL) from None
    while True:
        report = checks.check(google)
        if output is Format.JSON:
            print(json.dumps(report.contract(), indent=2))
        else:
            print_report(report)
        if not watch:
            raise typer.Exit(report.status)
        time.sleep(interval)


def print_report(report: checks.Report) -> None:
    """One line per finding, then score and status."""
    for finding in report.findings:
        console.print(f"{_MARKS[finding.severity]} {finding.label}: ", end="")
        console.print(finding.text, markup=False)
    colour, words = _STATUS[report.status]
    console.print(f"\nHealth Score: {report.score}/100")
    console.print(f"Status: [{colour}]{report.status.name}[/] - {words}")
