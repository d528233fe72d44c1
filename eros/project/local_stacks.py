"""Which stacks are on the local cloud: `local` itself, and the sandboxes beside it."""

from __future__ import annotations

from pathlib import Path

from bqstack import documents
from bqstack.errors import UserError
from eros.project.settings import NAMESPACE, PROJECT_ROOT


def is_local(stack: str, root: Path = PROJECT_ROOT) -> bool:
    """Whether a stack's file names the endpoints of a local cloud."""
    path = root / f"Pulumi.{stack}.yaml"
    try:
        config = documents.read_yaml(path, path.name)["config"]
        return f"{NAMESPACE}:endpointsFile" in config
    except (UserError, OSError, KeyError, TypeError):
        # What is wrong with the file says the command, which reads all of it.
        return False
