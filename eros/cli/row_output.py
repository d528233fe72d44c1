"""The options and outputs that the comparisons of rows share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bqstack.unchecked import JsonObject
from eros.cli import completion
from eros.cli.common import console, write_file
from eros.cli.plan import Format

if TYPE_CHECKING:
    from bqstack.rows import RowDiff

Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Folder for rows.md and rows.json.")
]
OutFormat = Annotated[Format, typer.Option("--format", help="text, markdown or json.")]


def only(what: str) -> typer.models.OptionInfo:
    """The option that limits a comparison to some objects."""
    option: typer.models.OptionInfo = typer.Option(
        "--object", help=f"Only this {what}; can be repeated.", autocompletion=completion.objects
    )
    return option


def write(found: RowDiff, document: JsonObject, folder: Path | None, out_format: Format) -> None:
    """Print a comparison, and write both of its files to the folder that was asked for."""
    # It takes longer to import than most commands.
    from bqstack.rows import row_report

    text = json.dumps(document, indent=2, ensure_ascii=False)
    if folder is not None:
        write_file(folder / "rows.md", row_report.render(found))
        write_file(folder / "rows.json", f"{text}\n")
    match out_format:
        case Format.TEXT:
            console.print(row_report.text(found), markup=False)
        case Format.MARKDOWN:
            print(row_report.render(found))
        case Format.JSON:
            print(text)
