"""Rows of an answer as a table, CSV or JSON, on a terminal or in a file.

A table fits its terminal: long columns are folded between words; where that is not enough,
each row becomes a block of one line a column. Nothing is ever cut in the middle of a word.
"""

from __future__ import annotations

import csv
import enum
import io
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from eros.cli.common import console, inert, write_file
from eros.watch.monitor_query import Answer

_GAP = 2
# Rich supposes 80 columns in a pipe; nothing that a table holds is wider than this.
_UNBOUNDED = 100_000


class Format(enum.StrEnum):
    """How the rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


Output = Annotated[
    Format, typer.Option("--format", help="table for people, csv or json for programs.")
]
Out = Annotated[Path | None, typer.Option(help="Write to this file.")]
Wide = Annotated[
    bool, typer.Option("--wide", help="One line per row, whatever the terminal's width.")
]


def write(
    answer: Answer, output: Format, out: Path | None, *, wide: bool = False, note: str = ""
) -> None:
    """Write the rows to a file or standard output; raises UserError when the file refuses.

    A `note` is for people: it stands below a table, and beside other forms on standard error.
    """
    if output is Format.TABLE and out is None and console.is_terminal:
        show(console, answer, wide=wide)
        if note:
            console.print(note, markup=False)
        return
    text = {Format.CSV: as_csv, Format.JSON: as_json, Format.TABLE: plain}[output](answer)
    if note and output is Format.TABLE:
        text, note = f"{text}{note}\n", ""
    if note:
        typer.echo(note, err=True)
    if out is None:
        print(text, end="")
        return
    write_file(out, text)


def write_text(text: str, out: Path | None) -> None:
    """Write a text to a file or standard output; raises UserError when the file refuses."""
    if out is None:
        print(inert(text), end="")
    else:
        write_file(out, text)


def as_json(answer: Answer) -> str:
    """A list of objects, one a row."""
    records = [{k: _json_value(v) for k, v in row.items()} for row in answer.records()]
    return json.dumps(records, indent=2, ensure_ascii=False) + "\n"


def as_csv(answer: Answer) -> str:
    """A line of names, then the rows; lists and structs as JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_flat(value) for value in row] for row in answer.rows)
    return text.getvalue()


def plain(answer: Answer) -> str:
    """Tables as wide as they need to be, for files and pipes."""
    text = io.StringIO()
    show(Console(file=text, width=_UNBOUNDED, no_color=True), answer, wide=True)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def show(terminal: Console, answer: Answer, *, wide: bool = False) -> None:
    """Print the rows; answers whose first column is `section` as a table for each section.

    A pipe gets one line a row, as with `wide`: nobody knows how wide its reader is.
    """
    wide = wide or not terminal.is_terminal
    if not answer.rows:
        terminal.print("no rows")
    elif answer.columns[0] == "section":
        for section, rows in groupby(answer.rows, key=itemgetter(0)):
            part = Answer(answer.columns[1:], [row[1:] for row in rows])
            terminal.print(f"\n{section}", style="bold")
            _show_part(terminal, part, wide)
    else:
        _show_part(terminal, answer, wide)


def _show_part(terminal: Console, answer: Answer, wide: bool) -> None:
    cells = [[cell(value) for value in row] for row in answer.rows]
    if wide:
        # Rich never prints wider than its console.
        roomy = Console(
            file=terminal.file,
            width=_UNBOUNDED,
            highlight=False,
            force_terminal=terminal.is_terminal,
            no_color=terminal.no_color,
        )
        roomy.print(_table(answer, cells, None))
        return
    columns = [[name, *(row[i].plain for row in cells)] for i, name in enumerate(answer.columns)]
    widths = fitted(columns, terminal.width)
    if widths is None:
        _show_blocks(terminal, answer.columns, cells)
    else:
        terminal.print(_table(answer, cells, widths))


def fitted(columns: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """Widths of columns of text that together fit `width`, each at least as wide as its
    longest word; None when there are none."""
    widths = [_widest(column, str.splitlines) for column in columns]
    least = [_widest(column, str.split) for column in columns]
    over = sum(widths) + _GAP * (len(columns) - 1) - width
    while over > 0:
        place = max(range(len(widths)), key=lambda i: (widths[i] > least[i], widths[i]))
        if widths[place] <= least[place]:
            return None
        # Down to the next widest at once would be faster; terminals are small.
        widths[place] -= 1
        over -= 1
    return widths


def _widest(column: Sequence[str], parts: Callable[[str], list[str]]) -> int:
    return max((cell_len(part) for text in column for part in parts(text)), default=0)


def _table(answer: Answer, cells: list[list[Text]], widths: list[int] | None) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), collapse_padding=True)
    for place, name in enumerate(answer.columns):
        numbers = any(_is_number(row[place]) for row in answer.rows)
        table.add_column(
            Text(name),
            justify="right" if numbers else "left",
            width=widths[place] if widths else None,
            no_wrap=widths is None,
            overflow="fold",
        )
    for row in cells:
        table.add_row(*row)
    return table


def _is_number(value: Any) -> bool:
    """A text that a caller has set at the right is a number with its unit."""
    if isinstance(value, Text):
        return value.justify == "right"
    return isinstance(value, int | float | Decimal)


def _show_blocks(terminal: Console, names: Sequence[str], cells: list[list[Text]]) -> None:
    """Each row as lines of name and value, between the rows an empty line."""
    left = max(map(cell_len, names))
    for number, row in enumerate(cells):
        if number:
            terminal.print()
        block = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=False)
        block.add_column(width=left, no_wrap=True, style="dim")
        block.add_column(overflow="fold")
        for name, text in zip(names, row, strict=True):
            value = text.copy()
            value.justify = "left"
            block.add_row(Text(name), value)
        terminal.print(block)


def cell(value: Any) -> Text:
    """A value for people; one that has its colour already keeps it."""
    return value if isinstance(value, Text) else Text(_words(value))


def _words(value: Any) -> str:
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
            return inert(str(_flat(value)))


def _flat(value: Any) -> Any:
    """A value in a form that one cell of CSV has."""
    if isinstance(value, list | dict):
        return json.dumps(_json_value(value), ensure_ascii=False)
    return _json_value(value)


def _json_value(value: Any) -> Any:
    """A value in a form that JSON has."""
    match value:
        case Decimal():
            return float(value)
        case date():
            return value.isoformat()
        case list():
            return [_json_value(item) for item in value]
        case dict():
            return {key: _json_value(item) for key, item in value.items()}
        case bytes():
            return value.hex()
        case None | bool() | int() | float() | str():
            return value
        case _:
            # TIME, INTERVAL, RANGE and what else the library has objects for.
            return str(value)
