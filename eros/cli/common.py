"""What several commands share: the stack option and the terminal."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

Stack = Annotated[str, typer.Option("--stack", "-s", envvar="EROS_STACK", help="Stack to work on.")]
console = Console(highlight=False, soft_wrap=True)
