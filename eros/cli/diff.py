"""`eros diff`: what a change does to the rows of views and functions, on the local sample."""

from __future__ import annotations

from typing import Annotated

import typer

from bqstack.errors import UserError
from eros.cli import row_output
from eros.cli.common import Stack, make_folder
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
    only: Annotated[list[str] | None, row_output.only("view or function")] = None,
    output: row_output.Output = None,
    out_format: row_output.OutFormat = Format.TEXT,
) -> None:
    """Compare the rows of changed views and functions, and of what reads them."""
    with working("diff: loading"):
        # The analyser and the clients take longer to import than most commands.
        from bqstack import rows
        from bqstack.plan import sources
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
    row_output.write(found, found.document(), output, out_format)
