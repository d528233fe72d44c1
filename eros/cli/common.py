"""What several commands share: the options for stack and format, and the terminal."""

from __future__ import annotations

import enum
from typing import Annotated

import typer
from rich.console import Console


class Format(enum.StrEnum):
    """How a command writes its result."""

    TEXT = "text"
    JSON = "json"


Stack = Annotated[str, typer.Option("--stack", "-s", envvar="EROS_STACK", help="Stack to work on.")]
Output = Annotated[Format, typer.Option("--format", help="For people or programs.")]
console = Console(highlight=False, soft_wrap=True)
