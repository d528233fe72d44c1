"""`eros monitor`: the monitoring queries as a table, CSV or JSON."""

from __future__ import annotations

import csv
import enum
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bqstack import state
from bqstack.errors import UserError
from eros.cli.common import Stack, console
from eros.cloud.google import Google
from eros.project.settings import load_stack_file
from eros.watch import monitor as queries

_WIDE = 400


class Format(enum.StrEnum):
    """How the rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def monitor(
    query: Annotated[
        str | None, typer.Argument(help="Name or number; without one, the list.")
    ] = None,
    stack: Stack = "local",
    output: Annotated[Format, typer.Option("--format", help="For people or programs.")] = (
        Format.TABLE
    ),
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(help="Time of the deployment, UTC; the stack's last update by default."),
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=15, help="Days before and after the deployment to compare.")
    ] = 7,
) -> None:
    """Ask one of the monitoring queries; without an argument, list them."""
    if query is None:
        answer = _list()
    elif query == queries.REPORT:
        google = Google(load_stack_file(stack))
        at = since.replace(tzinfo=UTC) if since else _last_update(stack)
        answer = queries.deployment_report(google, at, days)
    elif query == queries.PARTITIONS:
        answer = queries.partitions(Google(load_stack_file(stack)))
    else:
        wanted = queries.find(query)
        answer = queries.ask(Google(load_stack_file(stack)), wanted)
    _write(answer, output, out)


def _list() -> queries.Answer:
    rows = [(query.number, query.name, query.title) for query in queries.QUERIES]
    more = [
        (None, queries.PARTITIONS, "partitioning of the tables, and days that they keep"),
        (None, queries.REPORT, "the five sections of the deployment report"),
    ]
    return queries.Answer(("number", "query", "reports"), rows + more)


def _last_update(stack: str) -> datetime:
    for update in state.history(stack):
        if update.kind == "update" and update.succeeded and update.changed:
            return (update.end or update.start).astimezone(UTC)
    raise UserError(
        "the stack's history knows no deployment",
        value=stack,
        fix=f"name its time: --since {datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%S}",
    )


def _write(answer: queries.Answer, output: Format, out: Path | None) -> None:
    if output is Format.TABLE and out is None and console.is_terminal:
        _show(console, answer)
        return
    text = {Format.CSV: _csv, Format.JSON: _json, Format.TABLE: _plain}[output](answer)
    if out is None:
        print(text, end="")
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", file=out) from None


def _json(answer: queries.Answer) -> str:
    records = [{k: _plain_value(v) for k, v in row.items()} for row in answer.records()]
    return json.dumps(records, indent=2, ensure_ascii=False) + "\n"


def _csv(answer: queries.Answer) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_plain_value(value) for value in row] for row in answer.rows)
    return text.getvalue()


def _plain(answer: queries.Answer) -> str:
    """Tables as wide as they need to be, for files and pipes."""
    text = io.StringIO()
    _show(Console(file=text, width=_WIDE, no_color=True), answer)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def _show(terminal: Console, answer: queries.Answer) -> None:
    if not answer.rows:
        terminal.print("no rows")
    elif answer.columns[0] == "section":
        for section, rows in groupby(answer.rows, key=itemgetter(0)):
            part = queries.Answer(answer.columns[1:], [row[1:] for row in rows])
            terminal.print(f"\n{section}", style="bold")
            terminal.print(_table(part))
    else:
        terminal.print(_table(answer))


def _table(answer: queries.Answer) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, name in enumerate(answer.columns):
        numbers = any(isinstance(row[place], int | float | Decimal) for row in answer.rows)
        table.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in answer.rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    return table


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int():
            return f"{value:,}"
        case float() | Decimal():
            return f"{value:,.4f}".rstrip("0").rstrip(".")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case _:
            return str(_plain_value(value))


def _plain_value(value: Any) -> Any:
    """A value in a form that CSV and JSON have."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value
