"""What a deployment has done so far: `deployments/<stack>/<id>/` below the stack's logs.

The folder holds the journal, and at the end `report.md` and `report.json`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from bqstack import durable
from bqstack.errors import UserError
from eros import logs
from eros.operations import journal


@dataclass(kw_only=True)
class Journal(journal.Journal):
    """A deployment: of what, and how far it is.

    `status` is running, the name of the exit code that it ended with, or SUPERSEDED.
    """

    KIND: ClassVar[str] = "deployment"
    FOLDER: ClassVar[str] = "deployments"

    id: str
    commit: str
    dry_run: bool = False

    @classmethod
    def begin(cls, stack: str, commit: str, *, dry_run: bool = False) -> Journal:
        """A journal in a folder of its own; raises UserError when it cannot be written."""
        made = f"{datetime.now(UTC):%Y%m%d_%H%M%S}_{uuid.uuid4().hex[:6]}"
        folder = cls.parent(stack) / made
        try:
            durable.private_folder(folder)
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror}", file=folder) from None
        begun = cls(folder=folder, id=made, stack=stack, commit=commit, dry_run=dry_run)
        begun.save()
        return begun

    def has_begun(self, name: str) -> bool:
        """Whether the step was ever begun."""
        return any(record.name == name for record in self.records)

    def document(self) -> dict[str, Any]:
        """What the file holds: errors of programs may quote a secret, which is taken out."""
        content: dict[str, Any] = logs.redacted(super().document())
        return content


def unfinished(stack: str) -> Journal | None:
    """The newest deployment of the stack that has not finished."""
    running = (j for j in Journal.newest_first(stack) if j.status == "running" and not j.dry_run)
    return next(running, None)
