"""`eros deploy`: check, back up, update, validate, compare, and roll back when it went wrong.

Exit codes 0 to 5: `eros.operations.deploy.ExitCode`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from bqstack.errors import UserError
from eros import logs
from eros.cli.common import Format, Output, Stack, console
from eros.cli.waiting import asking, in_steps, working
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.project.files import Reading
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import check_file, load_stack_file


def deploy(
    stack: Stack = "local",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check, measure and preview; change nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask, as in CI; roll back automatically.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the interrupted deployment.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Abandon the interrupted deployment and start over.")
    ] = False,
    observe: Annotated[
        float, typer.Option(min=0, help="Minutes to watch before comparing with the baseline.")
    ] = 0,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Deploy uncommitted changes.")
    ] = False,
    plan: Annotated[
        Path | None,
        typer.Option(help="Deploy exactly this reviewed plan: STACK.json of `eros plan`."),
    ] = None,
    break_lock: Annotated[
        bool, typer.Option("--break-lock", help="Release the lock of a dead deployment.")
    ] = False,
    why: Annotated[str, typer.Option(help="Reason shown in the notices.")] = "",
    impact: Annotated[
        str, typer.Option(help="What users may notice.")
    ] = "no downtime; schedules keep running",
    output: Output = Format.TEXT,
) -> None:
    """Deploy the program to a stack, safely; exit codes 0 to 5 (docs/deploy.md)."""
    with working("deploy: loading"):
        # Late: the parts of a deployment take longer to import than most commands to run.
        from eros.operations import deploy as deployments
        from eros.operations import remote_records
        from eros.operations.deploy import preflight

    check_file(stack)
    settings = load_stack_file(stack)
    # Before the lock and the backup: a mistake in a file costs nothing but its message.
    with working(f"deploy: checking every file of {stack}"):
        Reading(settings, on_compile=_tell_compile).refuse_mistakes(_tell)
        check_program(stack, plan)
    site = deployments.Site(stack, Google(settings), PROJECT_ROOT)
    if not yes and not dry_run and not sys.stdin.isatty():
        raise UserError(
            "the deployment needs confirmation, and there is no terminal", fix="add --yes"
        )
    options = deployments.Options(
        yes=yes,
        dry_run=dry_run,
        break_lock=break_lock,
        allow_dirty=allow_dirty,
        observe_minutes=observe,
        why=why,
        impact=impact,
    )
    commit = preflight.commit(site)
    if resume and deployments.unfinished(stack) is None:
        remote_records.recover(site.google, deployments.Journal, stack, _tell)
    journal = deployments.begin(stack, commit, resume=resume, fresh=fresh, dry_run=dry_run)
    with in_steps(f"deploy: {stack}", logs.Log("deploy").progress(_tell)) as progress:
        outcome = deployments.run(
            deployments.Deployment(
                site, options, journal, progress, ask, now=lambda: present(site.google.settings)
            ),
            deployments.standard(resume=resume),
        )
    if output is Format.JSON:
        print(json.dumps(outcome.content, indent=2, default=str))
    else:
        failed = outcome.code is not deployments.ExitCode.SUCCESS
        console.print(f"\n{outcome.code.name}: ", style="red" if failed else "green", end="")
        console.print(outcome.message, markup=False)
        console.print(f"report: {journal.folder / 'report.md'}", markup=False)
    raise typer.Exit(outcome.code)


def check_program(stack: str, plan: Path | None) -> None:
    """Refuse what the policy pack refuses, and what is not the plan that was read."""
    from bqstack.plan import reviewed, sources

    if plan is None:
        sources.declared(PROJECT_ROOT, stack, "the working tree")
        return
    count = reviewed.check(
        plan, stack, *sources.against_state(stack, PROJECT_ROOT), command="eros plan"
    )
    _tell(f"the update matches the reviewed plan: {count} change{'' if count == 1 else 's'}")


def _tell_compile() -> None:
    _tell("compiling Google's analyser for this machine, once: about half a minute")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def ask(question: str) -> str:
    """A person's answer; empty where there is none."""
    try:
        with asking():
            return str(typer.prompt(question, default="", show_default=False, err=True))
    except typer.Abort:
        # Ctrl-C and the end of input are no consent; a step that raises counts as broken.
        return ""
