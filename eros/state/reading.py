"""Reading a stack through `pulumi`, and the checkpoints that `pulumi` itself does not give."""

from __future__ import annotations

import json
from pathlib import Path

from eros import engine
from eros.errors import UserError
from eros.settings import PROJECT_ROOT
from eros.state import checkpoints
from eros.state.model import Checkpoint, Update


def current(stack: str, root: Path = PROJECT_ROOT) -> Checkpoint:
    """What the stack holds now; raises UserError when pulumi cannot read it."""
    document = json.loads(engine.output("stack", "export", "--stack", stack, root=root))
    return Checkpoint.from_deployment(document["deployment"], None)


def history(stack: str, root: Path = PROJECT_ROOT) -> list[Update]:
    """The stack's updates, newest first.

    Pulumi's cloud numbers them; file and bucket backends say 0 for each, there they are
    counted from 1, the oldest that is kept. Raises UserError when pulumi cannot read them.
    """
    text = engine.output(
        *("stack", "history", "--stack", stack),
        *("--json", "--full-dates", "--page-size", "0"),
        root=root,
    )
    entries = json.loads(text)
    return [
        Update.from_history(entry, entry.get("version") or len(entries) - index)
        for index, entry in enumerate(entries)
    ]


def load(stack: str, version: int, root: Path = PROJECT_ROOT) -> Checkpoint:
    """The resources that update `version` left; raises UserError when it is not kept."""
    backend = json.loads(engine.output("whoami", "--verbose", "--json", root=root))["url"]
    if not checkpoints.is_kept_in_files(backend):
        text = engine.output(
            *("stack", "export", "--stack", stack, "--version", str(version)), root=root
        )
        return Checkpoint.from_deployment(json.loads(text)["deployment"], version)
    content = checkpoints.read(backend, stack, version, root)
    return _from_file(content, f"update {version} of stack {stack}", version)


def load_file(path: Path) -> Checkpoint:
    """A checkpoint that somebody copied out of a backend, or a `pulumi stack export`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", file=path) from None
    return _from_file(content, str(path), None)


def _from_file(content: bytes, what: str, version: int | None) -> Checkpoint:
    try:
        document = json.loads(checkpoints.unpacked(content))
        deployment = document.get("deployment") or document["checkpoint"]["latest"]
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        raise UserError(f"{what}: this is not a checkpoint of Pulumi") from None
    return Checkpoint.from_deployment(deployment or {}, version)
