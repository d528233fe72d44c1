"""`eros monitor`: the monitoring queries as a table, CSV or JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from bqstack import state
from bqstack.errors import UserError
from eros.cli import answers, completion
from eros.cli.common import Stack
from eros.cli.waiting import working
from eros.cloud import local_control
from eros.cloud.google import Google
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file
from eros.watch import monitor as queries
from eros.watch.monitor_query import Answer

# Of a table; CSV and JSON are for programs, which want all of it.
_SHOWN_ROWS = 100


def monitor(
    query: Annotated[
        str | None,
        typer.Argument(
            help="Name or number; without one, the list.", autocompletion=completion.queries
        ),
    ] = None,
    stack: Stack = "local",
    output: answers.Output = answers.Format.TABLE,
    out: answers.Out = None,
    wide: answers.Wide = False,
    limit: Annotated[
        int | None,
        typer.Option(min=0, help=f"Rows to show, 0 for all; {_SHOWN_ROWS} in a table by default."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(help="Time of the deployment, UTC; the stack's last update by default."),
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=15, help="Days before and after the deployment to compare.")
    ] = 7,
) -> None:
    """Run a monitoring query, or list them all."""
    totals = None
    if query is None:
        answer = _list()
    elif query == queries.REPORT:
        google = Google(load_stack_file(stack))
        if since:
            at = since.replace(tzinfo=UTC)
        else:
            # The history has this machine's time, the jobs have the stack's.
            (at,) = local_control.shown(google.settings, [last_update(stack)])
        with working("monitor: the five sections of the report"):
            answer = queries.deployment_report(google, at, days)
    elif query == queries.PARTITIONS:
        answer = queries.partitions(Google(load_stack_file(stack)))
    else:
        wanted = queries.find(query)
        with working(f"monitor: asking {stack} for {wanted.name}"):
            answer, totals = queries.ask_with_totals(Google(load_stack_file(stack)), wanted)
    if totals is not None and totals.rows and output is answers.Format.TABLE and out is None:
        answers.write(totals, output, None, wide=wide)
        typer.echo()
    if limit is None:
        limit = _SHOWN_ROWS if output is answers.Format.TABLE and out is None else 0
    shown = Answer(answer.columns, answer.rows[: limit or None])
    answers.write(shown, output, out, wide=wide, note=_note(shown, answer))


def _note(shown: Answer, answer: Answer) -> str:
    left_out = len(answer.rows) - len(shown.rows)
    if not left_out:
        return ""
    return f"{len(shown.rows):,} of {len(answer.rows):,} rows; --limit 0 shows all of them"


def _list() -> Answer:
    rows = [(query.number, query.name, query.title) for query in queries.QUERIES]
    more = [
        (None, queries.PARTITIONS, "partitioning of the tables, and days that they keep"),
        (None, queries.REPORT, "the five sections of the deployment report"),
    ]
    return Answer(("number", "query", "reports"), rows + more)


def last_update(stack: str) -> datetime:
    """When the newest update that changed something ended (UTC); raises UserError without one."""
    for update in state.history(stack, PROJECT_ROOT):
        if update.kind == "update" and update.succeeded and update.changed:
            return (update.end or update.start).astimezone(UTC)
    raise UserError(
        "the stack's history has no deployment",
        value=stack,
        fix=f"name its time: --since {datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%S}",
    )
