"""`eros validate`: check all SQL offline with Google's own analyser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bqstack.analysis import finding_report
from bqstack.errors import UserError
from eros.cli.common import Format, Output, Stack
from eros.cli.waiting import working
from eros.project.files import Reading
from eros.project.settings import PROJECT_ROOT, Settings
from eros.project.stack_file import check_file, load_stack_file


def validate(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders to check; all by default.")
    ] = None,
    stack: Stack = "local",
    fresh: Annotated[bool, typer.Option(help="Analyse unchanged procedures again.")] = False,
    live: Annotated[
        bool,
        typer.Option(
            "--live", help="Check that what is deployed exists and works, instead of the files."
        ),
    ] = False,
    output: Output = Format.TEXT,
) -> None:
    """Check all files, the SQL (with Google's analyser) and the policies; exit code 1 on errors."""
    if live:
        _try_deployed(stack, bool(paths or fresh), output)
        return
    only = [_inside(path) for path in paths or []]
    check_file(stack)
    settings = load_stack_file(stack)
    with working("validate: running Google's analyser"):
        report = Reading(settings, only=only, on_compile=_tell_compile, fresh=fresh).report
    # Plain text, so that an editor can read file:line:column.
    print(finding_report.as_json(report) if output is Format.JSON else finding_report.text(report))
    if not report.ok:
        raise typer.Exit(1)
    if not only:
        _declare(stack, settings, fresh)


def _declare(stack: str, settings: Settings, fresh: bool) -> None:
    """Rules about resources need the program, which tells what it breaks with its fix."""
    from bqstack.guard.verdicts import Verdict
    from eros.cloud.fingerprint import fingerprint

    # As a plan sees it, which no cloud is asked for.
    digest = fingerprint(settings.model_copy(update={"endpoints_file": None}))
    verdict = Verdict(digest, stack) if digest else None
    if verdict and not fresh and verdict.is_known():
        return
    with working(f"validate: what the program declares for {stack}, by the policies"):
        from bqstack.plan import sources

        sources.declared(PROJECT_ROOT, stack, "the working tree")
    if verdict:
        verdict.remember()


def _try_deployed(stack: str, named: bool, output: Format) -> None:
    # Late: the parts of a deployment take longer to import than most commands to run.
    from eros.cli.preflight import show
    from eros.cloud.google import Google
    from eros.operations.deploy import ExitCode, Site
    from eros.operations.deploy import live_checks as checks

    if named:
        raise UserError("--live tries the whole stack", fix="leave paths and --fresh out")
    with working(f"validate: testing what is deployed in {stack}"):
        findings = checks.check(Site(stack, Google(load_stack_file(stack))))
    if show(findings, output):
        raise typer.Exit(ExitCode.VALIDATION)


def _tell_compile() -> None:
    print(
        "validate: compiling Google's analyser for this machine, once: about half a minute",
        file=sys.stderr,
    )


def _inside(path: Path) -> Path:
    if not path.exists():
        raise UserError("there is no such file or folder", file=path)
    try:
        inside = path.resolve().relative_to(PROJECT_ROOT)
    except ValueError:
        raise UserError("the path is outside the project", file=path) from None
    if inside.parts[:1] not in ((), ("sql",), ("config",)):
        raise UserError(
            "this folder holds none of the system's SQL", file=path, fix="name a file in sql/"
        )
    return inside
