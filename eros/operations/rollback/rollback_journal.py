"""What a rollback has done so far, on disk after every step, so that another process can go on.

One folder for each rollback under the stack's logs: `journal.json`, and at the end `report.md`
and `report.json`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from bqstack.durable import private_folder
from bqstack.errors import UserError
from eros.operations import journal, machine_lock


@dataclass(kw_only=True)
class Journal(journal.Journal):
    """A rollback: what was asked for and how far it is.

    `status` is running, done, failed before anything changed, or superseded by another update.
    """

    KIND: ClassVar[str] = "rollback"
    FOLDER: ClassVar[str] = "rollbacks"
    RECORDS: ClassVar[str] = "steps"

    target: str
    """"update N", or "file NAME"."""
    version: int | None
    file: str | None
    target_time: str
    """When the engine wrote the checkpoint: proof that a number still means the same one."""
    drop: list[str]
    lift: list[str]
    """Urns whose protection is lifted, because they are to be deleted."""
    tables: list[str]
    """Tables whose rows are brought back; none without data."""
    data_time: str
    """The moment whose rows they are."""
    data_backup: str
    """The backup that they are read from; empty for time travel."""
    clear_locks: bool
    backup: bool
    """Whether to take a backup first."""
    words: list[str]
    """The changes, as they were shown."""
    hint: str
    """How to make git agree."""
    health_before: dict[str, Any]
    why: str = ""
    """The reason that notices give; the version before this field had none."""
    began: str = field(default_factory=journal.now)
    taken: list[str] = field(default_factory=list)
    """Urns of interrupted operations that the state holds as ended, and a refresh has not seen."""

    @classmethod
    def begin(cls, **values: Any) -> Journal:
        """A journal with a folder of its own."""
        stamp = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
        parent = cls.parent(values["stack"])
        try:
            private_folder(parent)
            folder = Path(tempfile.mkdtemp(prefix=f"{stamp}-", dir=parent))
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror}", file=parent) from None
        begun = cls(folder=folder, **values)
        begun.save()
        return begun

    def document(self) -> dict[str, Any]:
        """What the file holds; one of the version before keeps its form."""
        content = super().document()
        return content if self.why else {k: v for k, v in content.items() if k != "why"}

    def remember(self, taken: Sequence[str]) -> None:
        """Keep the urns that a refresh has yet to look at."""
        self.taken = list(taken)
        self.save()


def unfinished(stack: str) -> Journal | None:
    """The newest rollback of the stack, when it has not finished.

    One that failed before it changed anything does not count: what it was to supersede still
    is unfinished.
    """
    newest = next((j for j in Journal.newest_first(stack) if j.status != "failed"), None)
    return newest if newest is not None and newest.status == "running" else None


def refuse_running(stack: str) -> None:
    """Raise UserError when a rollback of the stack runs on this machine at this moment."""
    machine_lock.refuse_running(Journal, stack)
