"""What several commands share: the options for stack and format, and the terminal."""

from __future__ import annotations

import enum
import os
from typing import Annotated

import typer
from rich.console import Console

from bqstack import documents
from bqstack.errors import UserError
from eros.project import environment
from eros.project.settings import NAMESPACE, PROJECT_ROOT


class Format(enum.StrEnum):
    """How a command writes its result."""

    TEXT = "text"
    JSON = "json"


def _chosen(stack: str) -> str:
    """Work on a local stack as if nothing were set for other clouds and backends."""
    if _is_local(stack):
        environment.use(environment.local(os.environ))
    return stack


def _is_local(stack: str) -> bool:
    path = PROJECT_ROOT / f"Pulumi.{stack}.yaml"
    try:
        config = documents.read_yaml(path, path.name)["config"]
        return f"{NAMESPACE}:endpointsFile" in config
    except (UserError, OSError, KeyError, TypeError):
        # What is wrong with the file says the command, which reads all of it.
        return False


Stack = Annotated[
    str,
    typer.Option("--stack", "-s", envvar="EROS_STACK", help="Stack to work on.", callback=_chosen),
]
Output = Annotated[Format, typer.Option("--format", help="For people or programs.")]
console = Console(highlight=False, soft_wrap=True)
