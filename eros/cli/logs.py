"""`eros logs`: what commands recorded in Cloud Logging, from whichever machine they ran on."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

import typer

from bqstack.errors import UserError
from eros.cli import answers
from eros.cli.common import Stack, console
from eros.cli.local_clock import parse_duration
from eros.cli.waiting import working
from eros.cloud import cloud_logs
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.logs import Stream
from eros.operations import remote_records
from eros.project.stack_file import load_stack_file
from eros.watch.monitor_query import Answer

# Beside the fields of every record; the table shows the others as one text.
_PLAIN = ("timestamp", "stream", "level", "context", "message", "correlation")
_LONGEST_EXTRAS = 200
# Without every job and its figures.
_SHOWN = [one for one in Stream if one is not Stream.PERFORMANCE]


def logs(
    stack: Stack = "local",
    stream: Annotated[
        list[Stream] | None,
        typer.Option(help="Stream to read; can be repeated. All but performance by default."),
    ] = None,
    since: Annotated[str, typer.Option(help="How far back: 30m, 12h, 7d.")] = "1d",
    severity: Annotated[
        str, typer.Option(help=f"Lowest severity to show: {', '.join(cloud_logs.SEVERITIES)}.")
    ] = "DEBUG",
    correlation: Annotated[
        str, typer.Option(help="Only one invocation of a command, by its correlation id.")
    ] = "",
    report: Annotated[
        bool, typer.Option("--report", help="Print the newest report of that time instead.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="Newest records to show, 0 for all.")] = 50,
    output: answers.Output = answers.Format.TABLE,
    out: answers.Out = None,
    wide: answers.Wide = False,
) -> None:
    """Show what commands recorded in Cloud Logging, on any machine, newest last."""
    google = Google(load_stack_file(stack))
    if severity.upper() not in cloud_logs.SEVERITIES:
        raise UserError(
            "there is no severity with this name",
            key="--severity",
            value=severity,
            fix=f"use one of: {', '.join(cloud_logs.SEVERITIES)}",
        )
    begin = present(google.settings) - parse_duration(since)
    asked = cloud_logs.Asked(
        streams=stream or _SHOWN,
        since=begin,
        severity=severity.upper(),
        correlation=correlation,
    )
    with working("logs: asking Cloud Logging"):
        if report:
            text = remote_records.newest_report(google, begin)
        else:
            found = list(islice(cloud_logs.read(google, asked), limit or None))
    if report:
        if text is None:
            raise UserError(
                f"no deployment or rollback of {stack} reported since {begin:%Y-%m-%d %H:%M} UTC",
                fix="look further back: --since 30d",
            )
        answers.write_text(text, out)
        return
    found.reverse()
    note = ""
    if limit and len(found) == limit:
        note = f"the newest {limit}; --limit 0 shows all"
    if output is not answers.Format.JSON and not found:
        console.print(f"nothing was recorded since {begin:%Y-%m-%d %H:%M} UTC")
        return
    answers.write(_answer(found, output), output, out, wide=wide, note=note)


def _answer(found: list[dict[str, Any]], output: answers.Format) -> Answer:
    if output is answers.Format.TABLE:
        shown = ("time (UTC)", "stream", "level", "context", "message", "details")
        return Answer(
            shown,
            [
                (
                    one["timestamp"][:19].replace("T", " "),
                    one["stream"],
                    one["level"],
                    one["context"],
                    one["message"],
                    _short(one["extras"]),
                )
                for one in found
            ],
        )
    columns = (*_PLAIN, "hostname", "pid", "extras")
    return Answer(columns, [tuple(one.get(name) for name in columns) for one in found])


def _short(extras: dict[str, Any]) -> str:
    text = " ".join(", ".join(f"{key} {value}" for key, value in extras.items()).split())
    return text if len(text) <= _LONGEST_EXTRAS else f"{text[: _LONGEST_EXTRAS - 1]}…"
