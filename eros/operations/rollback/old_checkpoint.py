"""The checkpoint of an earlier update, wherever the stack's backend keeps it."""

from __future__ import annotations

from pathlib import Path

from bqstack import state
from bqstack.errors import UserError
from eros.cloud.google import Google


def load(google: Google, stack: str, version: int, root: Path) -> state.Checkpoint:
    """The resources that update `version` left; raises UserError with what to do instead."""
    try:
        return state.load(stack, version, root, storage=lambda: google.api("storage"))
    except state.NotKept as error:
        raise UserError(
            error.message, fix=f"eros rollback --list --stack {stack} lists the updates"
        ) from None
    except state.Unreachable as error:
        raise UserError(
            error.message,
            value=error.value,
            fix=f"copy {error.files} to this machine, then: eros rollback --to FILE",
        ) from None
