"""`eros query`: one SELECT on the stack's BigQuery: its bytes first, then its rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bqstack.errors import UserError
from eros.cli import answers
from eros.cli.common import Stack
from eros.cli.waiting import working
from eros.cloud.google import Google
from eros.project.stack_file import load_stack_file
from eros.watch import one_select


def query(
    sql: Annotated[
        str | None,
        typer.Argument(help="The SELECT; - reads it from standard input.", show_default=False),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Read the SELECT from this file.")
    ] = None,
    stack: Stack = "local",
    output: answers.Output = answers.Format.TABLE,
    out: answers.Out = None,
    wide: answers.Wide = False,
    limit: Annotated[int, typer.Option(min=0, help="Maximum rows to fetch; 0 for all.")] = 100,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show how much it would read, without running it.")
    ] = False,
) -> None:
    """Run a SELECT, after showing how many bytes it reads. Table names need no dataset."""
    text = _text(sql, file)
    google = Google(load_stack_file(stack))
    # Standard output is for the rows: a program may read it.
    estimate = one_select.estimate(google, text)
    print(estimate.words(google.settings), file=sys.stderr)
    if dry_run:
        return
    with working(f"query: waiting for {stack}"):
        found = one_select.run(google, text, limit=limit)
    note = ""
    if len(found.answer.rows) < found.total:
        note = f"{len(found.answer.rows):,} of {found.total:,} rows; --limit 0 fetches all of them"
    answers.write(found.answer, output, out, wide=wide, note=note)


def _text(sql: str | None, file: Path | None) -> str:
    if (sql is None) == (file is None):
        raise UserError(
            "give one SELECT, as an argument or in a file",
            fix="eros query 'SELECT ...', eros query -f FILE, or eros query - < FILE",
        )
    try:
        if file is not None:
            text = file.read_text(encoding="utf-8")
        else:
            text = sys.stdin.read() if sql == "-" else sql or ""
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read: {error}", file=file) from None
    if not text.strip():
        raise UserError("there is no SQL", file=file)
    return text
