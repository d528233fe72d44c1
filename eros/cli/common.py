"""What several commands share: the options for stack and format, and the terminal."""

from __future__ import annotations

import enum
import os
import re
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from bqstack.errors import UserError
from eros.cli import completion
from eros.project import environment, local_stacks


class Format(enum.StrEnum):
    """How a command writes its result."""

    TEXT = "text"
    JSON = "json"


def work_on(stack: str) -> str:
    """Work on a local stack as if nothing were set for other clouds and backends; its name."""
    if local_stacks.is_local(stack):
        environment.use(environment.local(os.environ))
    return stack


Stack = Annotated[
    str,
    typer.Option(
        "--stack",
        "-s",
        envvar="EROS_STACK",
        help="Stack to work on.",
        callback=work_on,
        autocompletion=completion.stacks,
    ),
]
Output = Annotated[Format, typer.Option("--format", help="text for people, json for programs.")]
# What a terminal obeys instead of showing it, line breaks and tabs left out; what only some take
# for a line break; and what turns the order of a line around. Joiners stay: names and emoji
# are made of them.
_OBEYED = [
    *(c for c in range(0x20) if chr(c) not in "\n\t"),
    *range(0x7F, 0xA0),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
]
_SHOWN = {c: f"\\x{c:02x}" if c < 0x100 else f"\\u{c:04x}" for c in _OBEYED}


def inert(text: str) -> str:
    """Text of anybody's that a terminal shows and does not obey."""
    return text.translate(_SHOWN)


# What loses its meaning when a line ends elsewhere: a command to paste, code with a caret below.
_WHOLE = re.compile(r" +(fix: )?(eros|gcloud|git|make|pulumi) |\s*\d* \| ")


def _laid_out(line: Text, console: Console) -> Text:
    """A line that ends between words; what continues an indented one stands below its words."""
    indent = len(line.plain) - len(line.plain.lstrip(" "))
    margin = indent + 2 if indent or line.plain[:2] in ("✓ ", "✗ ", "! ") else 0
    if line.cell_len <= console.width or console.width < 2 * margin:
        return line
    first, *_ = line.wrap(console, console.width)
    words = line[len(first.plain) :]
    words = words[len(words.plain) - len(words.plain.lstrip(" ")) :]
    parts = [first]
    for part in words.wrap(console, console.width - margin):
        parts.append(Text(" " * margin).append_text(part))
    for part in parts:
        part.rstrip()
    return Text("\n").join(parts)


class Terminal(Console):
    """A console that obeys nobody's text, and ends lines between words on a terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        """As Rich does; captions, names and errors of services reach it, too."""
        return super().render_str(inert(text), **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """As Rich does; a terminal gets lines that end between words, a pipe whole ones.

        Commands to paste and excerpts of files stay whole on a terminal, too.
        """
        options.setdefault("soft_wrap", not self.is_terminal)
        if options["soft_wrap"] or len(objects) != 1 or not isinstance(objects[0], str | Text):
            super().print(*objects, **options)
            return
        (text,) = objects
        if isinstance(text, str):
            marked = {name: options[name] for name in ("markup", "emoji") if name in options}
            text = self.render_str(text, highlight=False, **marked)
        *lines, last = text.split("\n", allow_blank=True)
        for line in lines:
            self._print_line(line, **options | {"end": "\n"})
        self._print_line(last, **options)

    def _print_line(self, line: Text, **options: Any) -> None:
        if _WHOLE.match(line.plain):
            super().print(line, **options | {"soft_wrap": True})
        else:
            super().print(_laid_out(line, self), **options)

    def on_broken_pipe(self) -> NoReturn:
        """Leave it to eros.cli.logged, which ends every command; rich would exit with 1."""
        raise BrokenPipeError


console = Terminal(highlight=False)


def print_error(text: str) -> None:
    """A message for people, beside the result that a program may read."""
    Terminal(highlight=False, stderr=True).print(text, markup=False)


def make_folder(folder: Path) -> None:
    """Make the folder of an output, before the minutes that it may take; raises UserError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"the folder cannot be created: {error.strerror}", file=folder, key="--output"
        ) from None


def write_file(file: Path, text: str) -> None:
    """Write a text; raises UserError when the file refuses."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", file=file) from None
