"""Which stacks a backend keeps, also where the file of one is broken.

`pulumi stack ls` reads every file of a folder, and one that was being written when the engine died
makes it fail for all stacks (`error: EOF`).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from bqstack import engine
from bqstack.state import checkpoints
from bqstack.state.reading import files_of


def ensure_stack(stack: str, root: Path) -> None:
    """Create the stack in the current backend, and a backend's folder, unless it is there."""
    if engine.uses_local_backend():
        folder = os.environ["PULUMI_BACKEND_URL"].removeprefix("file://")
        Path(folder).mkdir(parents=True, exist_ok=True)
    if not has_stack(stack, root):
        engine.output("stack", "init", stack, "--no-select", root=root)


def has_stack(stack: str, root: Path) -> bool:
    """Whether the current backend keeps a stack of this name; raises UserError."""
    if engine.uses_local_backend():
        folder = f".pulumi/stacks/{checkpoints.project(root)}/"
        kept = checkpoints.files(os.environ["PULUMI_BACKEND_URL"], folder, root, None)
        return kept is not None and bool(files_of(stack.rpartition("/")[2], kept.names()))
    known = json.loads(engine.output("stack", "ls", "--json", root=root))
    return stack in {entry["name"].rpartition("/")[2] for entry in known}
