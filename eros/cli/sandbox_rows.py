"""`eros sandbox run` and `eros sandbox diff`: what a change does to the rows."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bqstack.errors import UserError
from eros.cli import completion, row_output
from eros.cli.common import console, make_folder, work_on
from eros.cli.plan import Format
from eros.cli.run import run_at
from eros.cli.waiting import in_steps, working
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.sandbox import sandbox_file, scripts

_MOST_ROWS = 20

if TYPE_CHECKING:
    from google.cloud import bigquery

Sandbox = Annotated[
    str | None,
    typer.Option(
        "--stack",
        "-s",
        envvar="EROS_STACK",
        help="Name of the sandbox; the only one by default.",
        autocompletion=completion.sandboxes,
    ),
]
Day = Annotated[
    datetime | None,
    typer.Option("--for", formats=["%Y-%m-%d"], help="Day to work for; today by default."),
]
Values = Annotated[
    list[str] | None,
    typer.Option("--set", help="Argument of a procedure as SQL, NAME=VALUE; can be repeated."),
]


def run(
    name: Annotated[
        str,
        typer.Argument(help="Schedule or procedure.", autocompletion=completion.runnable),
    ],
    stack: Sandbox = None,
    day: Day = None,
    values: Values = None,
) -> None:
    """Run a schedule or a procedure on the rows of a sandbox, and wait until it finishes."""
    google = _google(stack)
    settings, now = google.settings, present(google.settings)
    project = Project(settings, PROJECT_ROOT)
    script = scripts.of(settings, name, now, _date(day), scripts.arguments(values or []))
    if name in project.entries:
        moment = scripts.run_time(project, name, now, _date(day))
        if not run_at(google, project.schedules, name, moment).succeeded:
            raise typer.Exit(1)
        return
    with working(f"{name}: running"):
        job = google.bigquery.query(script.text, job_config=_limits(google))
        rows = [dict(row) for row in job.result()]
    console.print(f"[green]✓[/] {name}: DONE in {_seconds(job):.1f} s")
    for row in rows[:_MOST_ROWS]:
        listed = ", ".join(f"{key}={scripts.shown(value)}" for key, value in row.items())
        console.print(f"  {listed}", markup=False)
    if len(rows) > _MOST_ROWS:
        console.print(f"  and {len(rows) - _MOST_ROWS} more rows")


def diff(
    stack: Sandbox = None,
    baseline: Annotated[
        bool,
        typer.Option("--baseline", help="Run both programs on clones, and compare what they did."),
    ] = False,
    run: Annotated[
        list[str] | None,
        typer.Option(
            "--run",
            help="With --baseline: this schedule or procedure; by default the schedules that the"
            " change touches.",
            autocompletion=completion.runnable,
        ),
    ] = None,
    day: Day = None,
    values: Values = None,
    only: Annotated[list[str] | None, row_output.only("table or view")] = None,
    output: row_output.Output = None,
    out_format: row_output.OutFormat = Format.TEXT,
) -> None:
    """Compare a sandbox's rows with its source's, or what two programs do (--baseline)."""
    if not baseline and (run or day or values):
        raise UserError("there is nothing to run without it", key="--baseline")
    google = _google(stack)
    if output is not None:
        make_folder(output)
    with in_steps(f"sandbox diff: {google.settings.stack}", _progress) as tell:
        # The analyser and the clients take longer to import than most commands.
        from eros.sandbox import sandbox_diff

        if baseline:
            found = sandbox_diff.baseline(
                google,
                lambda settings: scripts.each(
                    settings,
                    run or [],
                    present(settings),
                    _date(day),
                    scripts.arguments(values or []),
                ),
                only or (),
                tell=tell,
                all_of_them=bool(run),
            )
        else:
            found = sandbox_diff.diff(google, only or (), tell=tell)
    row_output.write(found, sandbox_diff.document(found), output, out_format)


def _google(stack: str | None) -> Google:
    settings = sandbox_file.chosen(stack, PROJECT_ROOT)
    work_on(settings.stack)
    return Google(settings)


def _date(day: datetime | None) -> date | None:
    return day.date() if day else None


def _limits(google: Google) -> bigquery.QueryJobConfig:
    from google.cloud import bigquery

    seconds = google.settings.limits.daily_run_timeout_seconds
    return bigquery.QueryJobConfig(job_timeout_ms=seconds * 1000)


def _seconds(job: bigquery.QueryJob) -> float:
    return (job.ended - job.started).total_seconds() if job.started and job.ended else 0.0


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
