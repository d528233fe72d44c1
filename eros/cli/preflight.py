"""`eros preflight`: the checks before a deployment, alone; exit code 0 or 1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from eros.cli.common import Format, Output, Stack, console
from eros.cli.waiting import working
from eros.cloud.google import Google
from eros.project.stack_file import load_stack_file

if TYPE_CHECKING:
    from eros.operations.deploy import Finding


def show(findings: Sequence[Finding], output: Format) -> bool:
    """Print findings, each that is not good with its fix; whether one has failed."""
    from eros.operations.deploy import Level

    failed = any(finding.level is Level.FAILED for finding in findings)
    if output is Format.JSON:
        print(json.dumps([finding.document() for finding in findings], indent=2))
    else:
        marks = {
            Level.OK: "[green]ok[/]     ",
            Level.WARNING: "[yellow]warning[/]",
            Level.FAILED: "[red]failed[/] ",
            Level.NOT_TRIED: "[dim]-[/]      ",
        }
        for finding in findings:
            console.print(f"{marks[finding.level]} {escape(f'{finding.check}: {finding.text}')}")
            if finding.fix and finding.level in (Level.WARNING, Level.FAILED):
                console.print(f"        fix: {finding.fix}", markup=False)
    return failed


def preflight(
    stack: Stack = "local",
    output: Output = Format.TEXT,
) -> None:
    """Run the checks before a deployment. Changes nothing; exit code 1 if one fails."""
    with working(f"preflight: checking {stack}"):
        # Late: the parts of a deployment take longer to import than most commands to run.
        from eros.operations.deploy import ExitCode, Site
        from eros.operations.deploy import preflight as checks

        findings = checks.check(Site(stack, Google(load_stack_file(stack))))
    failed = show(findings, output)
    if failed:
        raise typer.Exit(ExitCode.PREREQUISITES)
