"""One deployment at a time on this machine; between machines: `eros.operations.stack_lock`.

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
from eros.operations.stack_lock import Holder


@contextmanager
def held_file(folder: Path, holder: Holder) -> Iterator[None]:
    """Hold the lock of this machine; raises UserError that says who has it."""
    with _locked(folder) as descriptor:
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
        yield


def refuse_running(folder: Path) -> None:
    """Raise UserError when a deployment runs on this machine at this moment."""
    with _locked(folder):
        pass


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    path = folder / "lock"

    def refusal() -> UserError:
        return UserError(
            f"another deployment is running: {_told(path)}", file=path, fix="wait for its end"
        )

    with exclusive(path, refusal) as descriptor:
        yield descriptor


def _told(path: Path) -> str:
    try:
        known = Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return "it has not said whose"
    return f"{known.deployment} by {known.who}, process {known.pid}, since {known.since}"
