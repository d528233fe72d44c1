"""What several commands share: the options for stack and format, and the terminal."""

from __future__ import annotations

import enum
import os
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


class Terminal(Console):
    """A console that obeys nobody's text, and ends lines between words on a terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        """As Rich does; captions, names and errors of services reach it, too."""
        return super().render_str(inert(text), **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """As Rich does; a terminal gets lines that end between words, a pipe whole ones."""
        options.setdefault("soft_wrap", not self.is_terminal)
        super().print(*objects, **options)

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
