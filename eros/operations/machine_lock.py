"""One operation of a kind at a time on this machine; `stack_lock` is the one between machines.

The file is locked with the kernel, which gives it back when the process dies, so it never
grows stale.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from bqstack.durable import exclusive
from bqstack.errors import UserError
from eros.operations.journal import Journal
from eros.operations.stack_lock import Holder


@contextmanager
def held(kind: type[Journal], stack: str, holder: Holder) -> Iterator[None]:
    """Hold the lock of this machine; raises UserError that says who has it."""
    with _locked(kind, stack) as descriptor:
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
        yield


def refuse_running(kind: type[Journal], stack: str) -> None:
    """Raise UserError when such an operation runs on this machine at this moment."""
    with _locked(kind, stack):
        pass


@contextmanager
def _locked(kind: type[Journal], stack: str) -> Iterator[int]:
    path = kind.parent(stack) / "lock"

    def refusal() -> UserError:
        return UserError(
            f"another {kind.KIND} of stack {stack} is running: {_shown(path)}",
            file=path,
            fix="wait until it finishes",
        )

    with exclusive(path, refusal) as descriptor:
        yield descriptor


def _shown(path: Path) -> str:
    try:
        known = Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return "it does not say whose"
    return f"{known.deployment} by {known.who}, process {known.pid}, since {known.since}"
