"""`eros local`: Google Cloud on this machine, and the whole system on it.

The local cloud is a program of its own, started here as one; nothing of it is imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from bqstack import engine, state
from eros.cli import health, local_clock, local_inbox, run, sample
from eros.cli.common import console
from eros.cloud import transfers
from eros.cloud.google import Google
from eros.cloud.local_control import Control
from eros.operations import repair
from eros.project import environment, schedules
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file
from eros.sample import Size
from eros.watch import health as checks

STACK = "local"
# Tables that show that the automation has done its work.
_RESULTS = (
    "holiday_calendar",
    "caption_bandit_stats",
    "schedule_generation_queue",
    "lock_sweep_log",
    "etl_job_runs",
)

app = typer.Typer(
    help="The whole system on this machine, on a local Google Cloud.", no_args_is_help=True
)
app.add_typer(local_clock.app, name="clock")
app.add_typer(local_inbox.app, name="inbox")


@app.command()
def up(
    size: Annotated[
        Size | None,
        typer.Option(
            help="Size of the sample; by default the size of the one that is loaded, or small."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help="Seed of the sample; by default the seed of the one that is loaded, or 1."
        ),
    ] = None,
    follow_clock: Annotated[
        bool, typer.Option(help="Then run scheduled queries when they are due, in real time.")
    ] = True,
) -> None:
    """Start the local cloud, deploy the stack, load the sample, run each schedule once."""
    environment.use(environment.local(os.environ))
    console.rule("local cloud", align="left")
    _localcloud("up")
    # Nothing shall run by itself while the stack changes and the sample is loaded.
    control = Control(load_stack_file(STACK))
    control.follow(False)

    console.rule("pulumi up", align="left")
    state.ensure_stack(STACK, PROJECT_ROOT)
    if engine.uses_local_backend():
        # So that `pulumi preview --stack prod` needs nothing else.
        for stack in ("staging", "prod"):
            state.ensure_stack(stack, PROJECT_ROOT)
    google = Google(load_stack_file(STACK))
    # A first `up` that was killed is finished by the next one.
    repair.repair(google, STACK, progress=_tell)
    options = ("--stack", STACK, "--yes", "--skip-preview", "--suppress-outputs")
    engine.run("up", *options, root=PROJECT_ROOT)
    changes = engine.last_changes(STACK, PROJECT_ROOT)
    changed = {kind: n for kind, n in changes.items() if kind != "same"}

    console.rule("sample", align="left")
    loaded = sample.put_first(google, size, seed)

    console.rule("automation", align="left")
    ran = _run_once(google)
    _show_results(google)

    console.rule("health", align="left")
    # First: a clock that stands is a finding.
    control.follow(follow_clock)
    health.print_report(checks.check(google))

    console.rule("done", align="left")
    if changed or loaded or ran:
        console.print(f"resources: {_counts(changes)}; scheduled queries run: {ran}")
    else:
        console.print(f"nothing changed: {_counts(changes)}")
    if follow_clock:
        console.print("from now on scheduled queries run when they are due: eros local clock")
    _show_next_steps()


@app.command()
def down() -> None:
    """Stop the local cloud; its data stays."""
    _localcloud("down")


@app.command()
def status() -> None:
    """Show which parts of the local cloud are running."""
    _localcloud("status")


@app.command()
def addresses() -> None:
    """Print the local BigQuery's addresses as shell variables: eval "$(eros local addresses)"."""
    _localcloud("addresses")


@app.command(context_settings={"ignore_unknown_options": True})
def logs(
    arguments: Annotated[
        list[str] | None, typer.Argument(help="Passed on: [NAME] [-f] [-n N]")
    ] = None,
) -> None:
    """Show the logs of the local cloud."""
    _localcloud("logs", *(arguments or []))


def _tell(line: str) -> None:
    console.print(line, markup=False)


def _localcloud(*arguments: str) -> None:
    command = [sys.executable, "-m", "localgcp", *arguments]
    code = subprocess.run(command, cwd=PROJECT_ROOT, check=False).returncode
    if code:
        raise typer.Exit(code)


def _run_once(google: Google) -> int:
    """Start every schedule that has not yet succeeded; the number of runs."""
    started = 0
    configs = schedules.transfer_configs(google.settings)
    for name, entry in schedules.load().items():
        own = [config for config in configs if config.schedule_name == name]
        if any(transfers.has_succeeded(google, config) for config in own):
            console.print(f"[dim]·[/] {escape(entry.title)}: has run before")
            continue
        result = run.start(google, name)
        started += 1
        if not result.succeeded:
            raise typer.Exit(1)
    return started


def _show_results(google: Google) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("table")
    table.add_column("rows", justify="right")
    dataset = f"{google.settings.project}.{google.settings.dataset}"
    for name in _RESULTS:
        # No query: some of them ask for a filter over their partitions.
        table.add_row(name, f"{google.bigquery.get_table(f'{dataset}.{name}').num_rows:,}")
    console.print(table)


def _counts(changes: dict[str, int]) -> str:
    names = {"same": "unchanged", "create": "created", "update": "updated", "delete": "deleted"}
    return ", ".join(f"{n} {names.get(kind, kind)}" for kind, n in sorted(changes.items()))


def _show_next_steps() -> None:
    console.print(
        "\nTry next:\n"
        "  make shell                              a shell with eros and pulumi\n"
        "  eros run run_daily_automation           start a scheduled query\n"
        "  eros health                             the health report\n"
        "  eros local clock advance 2d             two days of schedules in five minutes\n"
        "  eros local inbox                        notifications of alerts\n"
        "  pulumi preview --stack local            what an edit in sql/ would change\n"
        "  pulumi preview --stack prod             the first deployment, without a cloud\n"
        "  make down                               stop; the data stays"
    )
