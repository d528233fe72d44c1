"""`eros sandbox`: the whole system beside a stack's rows, for a person or a pull request."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Annotated
from urllib.parse import urlencode

import typer
from rich.table import Table

from bqstack import amounts
from bqstack.errors import UserError
from eros import sandbox as sandboxes
from eros.cli import completion, sample, sandbox_rows
from eros.cli.common import Format, Output, console, work_on
from eros.cli.waiting import asking, in_steps, working
from eros.cloud.google import Google
from eros.project.settings import PROJECT_ROOT, Settings
from eros.project.stack_file import load_stack_file
from eros.sandbox import Data, Request, sandbox_file
from eros.sandbox.sandbox_list import utc_today

app = typer.Typer(
    help="The whole system on clones of a stack's tables, for a person or a pull request.",
    no_args_is_help=True,
)

app.command()(sandbox_rows.run)
app.command()(sandbox_rows.diff)

Name = Annotated[
    str, typer.Argument(help="Name of the sandbox.", autocompletion=completion.sandboxes)
]
From = Annotated[
    str,
    typer.Option(
        "--from",
        envvar="EROS_STACK",
        help="Stack that the sandboxes were created from.",
        autocompletion=completion.stacks,
    ),
]
Expires = Annotated[str, typer.Option(help="How long it lives from today: 7d.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Lower-case letters and digits, at most 20.")],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Stack whose tables it clones; local by default.",
            autocompletion=completion.stacks,
        ),
    ] = None,
    data: Annotated[
        Data | None, typer.Option(help="Its rows: clones by default, generated ones, or none.")
    ] = None,
    expires: Expires = "7d",
    output: Output = Format.TEXT,
) -> None:
    """Create a sandbox, or finish one whose creation was interrupted."""
    sandbox_file.check_name(name, PROJECT_ROOT)
    has_file = sandbox_file.path(name, PROJECT_ROOT).is_file()
    work_on(name if has_file else source or "local")
    request = Request(name, source, data, sandbox_file.lifetime(expires))
    again = f"eros sandbox create {name} finishes it, eros sandbox destroy {name} takes it away"
    with _interrupted(name, again), in_steps(f"sandbox create: {name}", _progress) as progress:
        made = sandboxes.create(request, progress=progress)
    if made.data is Data.SAMPLE:
        sample.put_first(Google(made.settings), None, None)
    if output is Format.JSON:
        print(json.dumps(_document(made), indent=2))
        return
    rows = {
        Data.CLONE: f"{amounts.counted(made.tables, 'table')}, {amounts.size(made.bytes)} shared"
        f" with {made.settings.lease.source if made.settings.lease else ''}",
        Data.SAMPLE: "generated rows",
        Data.NONE: "empty tables",
    }
    console.print(f"[green]✓[/] {name}: dataset {made.settings.dataset}, {rows[made.data]}")
    if made.moment:
        console.print(f"  as of {made.moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
    for text in _notes(made):
        console.print(f"  {text}", markup=False)
    console.print(
        f"  schedules are paused; destroyed after {made.expires}: eros sandbox extend {name}\n"
        f"  next: pulumi up --stack {name} after a change in sql/, then"
        f" eros sandbox diff --stack {name}",
        markup=False,
    )


def _notes(made: sandboxes.Created) -> list[str]:
    found = []
    if made.missing:
        found.append(f"empty, as the source has no such table: {', '.join(made.missing)}")
    if made.streaming:
        found.append(f"without rows still in the streaming buffer: {', '.join(made.streaming)}")
    return found


def _document(made: sandboxes.Created) -> dict[str, object]:
    return {
        "name": made.settings.stack,
        "dataset": made.settings.dataset,
        "expires": made.expires.isoformat(),
        "data": made.data.value,
        "moment": made.moment and made.moment.isoformat(),
        "tables": made.tables,
        "bytes": made.bytes,
        "missing": list(made.missing),
        "streaming": list(made.streaming),
    }


@app.command(name="list")
def list_(source: From = "local", output: Output = Format.TEXT) -> None:
    """Show the sandboxes of a stack's project: owner, age, last day, changed bytes, cost."""
    google = _google(source)
    with working("sandbox list: asking the cloud"):
        found = sandboxes.listing(google)
        today = utc_today(google)
    if output is Format.JSON:
        print(json.dumps([one.document() for one in found], indent=2))
        return
    if not found:
        console.print(f"no sandboxes in {google.settings.project}")
        return
    over = {one.name for one in sandboxes.expired(found, today)}
    table = Table(box=None, pad_edge=False)
    for title in ("name", "owner", "age", "last day", "changed", "cost", ""):
        table.add_column(title)
    notes = []
    for one in found:
        mark = ""
        if not one.is_whole:
            mark = "no dataset"
            notes.append(
                f"{one.name}: eros sandbox create {one.name} finishes it,"
                f" eros sandbox destroy {one.name} takes it away"
            )
        if one.name in over:
            mark = "expired"
            notes.append(f"{one.name}: eros sandbox extend {one.name}, or eros sandbox sweep")
        table.add_row(
            one.name,
            one.owner,
            f"{one.age_days:.1f} d",
            str(one.expires or ""),
            amounts.size(one.changed_bytes),
            amounts.usd(one.usd),
            mark,
        )
    console.print(table)
    console.print("changed and cost are upper bounds: docs/sandboxes.md", style="dim")
    for text in notes:
        console.print(text, markup=False)


@app.command()
def extend(name: Name, expires: Expires = "7d") -> None:
    """Extend a sandbox, counted from today."""
    work_on(name)
    with in_steps(f"sandbox extend: {name}", _progress) as progress:
        last = sandboxes.extend(name, sandbox_file.lifetime(expires), progress=progress)
    console.print(f"{name}: last day {last}", markup=False)


@app.command(name="open")
def open_(
    name: Name,
    browser: Annotated[bool, typer.Option(help="Open the dataset in Google's console.")] = False,
) -> None:
    """Show where a sandbox is and how to work in it."""
    work_on(name)
    settings = sandbox_file.read(name, PROJECT_ROOT)
    lease = settings.lease
    assert lease is not None
    address = _console(settings)
    lines = {
        "stack": f"{name} (Pulumi.{name}.yaml), beside {lease.source}",
        "owner": f"{lease.owner}, last day {lease.expires}",
        "dataset": f"{settings.project}.{settings.dataset}",
        "console": "none: the local cloud" if settings.endpoints_file else address,
        "work in it": f"export EROS_STACK={name}; eros query, eros health, pulumi up",
    }
    for key, value in lines.items():
        console.print(f"{key:<11} {value}", markup=False)
    if browser:
        if settings.endpoints_file:
            raise UserError("the local cloud has no console", fix=f"eros query --stack {name}")
        typer.launch(address)


@app.command()
def destroy(
    name: Name,
    source: From = "local",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Destroy a sandbox, or what is left of one, and show that nothing is left."""
    _work_beside(name, source)
    if not yes:
        with asking():
            typer.confirm(f"Destroy the sandbox {name} with all its rows?", abort=True)
    _destroy(name, source)


def _work_beside(name: str, source: str) -> None:
    work_on(name if sandbox_file.path(name, PROJECT_ROOT).is_file() else source)


def _destroy(name: str, source: str) -> None:
    again = f"eros sandbox destroy {name} finishes it"
    with _interrupted(name, again), in_steps(f"sandbox destroy: {name}", _progress) as progress:
        extra = sandboxes.destroy(name, source, progress=progress)
    beside = f", also what its state did not list ({len(extra)})" if extra else ""
    console.print(f"[green]✓[/] {name} is destroyed{beside}; no API finds anything that is left")


@app.command()
def sweep(
    source: From = "local",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show which.")] = False,
) -> None:
    """Destroy the sandboxes that have expired; CI does this every night."""
    google = _google(source)
    with working("sandbox sweep: asking the cloud"):
        over = sandboxes.expired(sandboxes.listing(google), utc_today(google))
    if not over:
        console.print("no sandbox has expired")
        return
    failed = []
    for one in over:
        console.print(f"{one.name}: owner {one.owner}, last day {one.expires}", markup=False)
        if dry_run:
            continue
        try:
            _work_beside(one.name, source)
            _destroy(one.name, source)
        except UserError as error:
            # The others are destroyed all the same.
            print(f"error: {error}", file=sys.stderr)
            failed.append(one.name)
    if failed:
        raise UserError(f"not destroyed: {', '.join(failed)}", fix="see the messages above")


@contextmanager
def _interrupted(name: str, again: str) -> Iterator[None]:
    """Say what finishes it, where a command is interrupted that has begun to change something."""
    try:
        yield
    except KeyboardInterrupt:
        if sandbox_file.path(name, PROJECT_ROOT).is_file():
            print(f"{name} is not whole: {again}", file=sys.stderr)
        raise


def _google(stack: str) -> Google:
    return Google(load_stack_file(work_on(stack)))


def _console(settings: Settings) -> str:
    query = {
        "project": settings.project,
        "p": settings.project,
        "d": settings.dataset,
        "page": "dataset",
    }
    return f"https://console.cloud.google.com/bigquery?{urlencode(query)}"


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
