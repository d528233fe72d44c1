"""`eros diff`: what a change does to the rows of views and functions, on the local sample."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bqstack.errors import UserError
from eros.cli import completion
from eros.cli.common import Stack, console, make_folder, write_file
from eros.cli.plan import Format
from eros.cli.waiting import working
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file


def diff(
    base: Annotated[str, typer.Argument(help="Commit to compare with.")] = "HEAD",
    head: Annotated[
        str | None, typer.Option(help="Commit to compare; the working tree by default.")
    ] = None,
    stack: Stack = "local",
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--object",
            help="Only this view or function; can be repeated.",
            autocompletion=completion.objects,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for rows.md and rows.json.")
    ] = None,
    out_format: Annotated[
        Format, typer.Option("--format", help="text, markdown or json.")
    ] = Format.TEXT,
) -> None:
    """Compare the rows of changed views and functions, and of what reads them."""
    with working("diff: loading"):
        # The analyser and the clients take longer to import than most commands.
        from bqstack import rows
        from bqstack.plan import sources
        from bqstack.rows import row_report
        from eros.cloud.google import Google

    google = Google(load_stack_file(stack))
    if not google.is_local:
        raise UserError(
            "rows are compared on a local stack only: it makes both sides beside the tables",
            key="--stack",
            value=stack,
            fix=f"run eros local up, then eros diff {base}; for this stack use"
            f" eros plan --stack {stack}",
        )
    client = google.bigquery
    if output is not None:
        make_folder(output)
    with working("diff: reading both commits"):
        sides = sources.trees(stack, base, head, PROJECT_ROOT)
    with working("diff: comparing the rows of both sides") as step:
        found = rows.compare(
            client, stack, google.settings.dataset, *sides, only=only or (), tell=step
        )
    document = json.dumps(found.document(), indent=2, ensure_ascii=False)
    if output is not None:
        write_file(output / "rows.md", row_report.render(found))
        write_file(output / "rows.json", f"{document}\n")
    match out_format:
        case Format.TEXT:
            console.print(row_report.text(found), markup=False)
        case Format.MARKDOWN:
            print(row_report.render(found))
        case Format.JSON:
            print(document)
