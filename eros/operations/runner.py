"""Making one step of an operation, the same for deployments and rollbacks.

The journal has the step before it begins and what it found when it is done; the log has how long it
took. Which steps there are, and what a failure means, the operation says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from eros import logs
from eros.operations.journal import Journal
from eros.operations.results import Bad, Result

Progress = Callable[[str], None]


class Named(Protocol):
    """A step: its name in the journal, and what a person calls it."""

    @property
    def name(self) -> str:
        """Its name in the journal."""
        ...

    @property
    def title(self) -> str:
        """What a person calls it."""
        ...


def make(
    journal: Journal, step: Named, run: Callable[[], Result], *, progress: Progress, log: logs.Log
) -> None:
    """Announce the step, `run` it, and keep what it returns; whatever it raises goes on.

    What a step finds bad (`results.Bad`) is kept, too.
    """
    progress(step.title)
    name = f"step {step.name}"
    with log.timer(name, **{journal.KIND: journal.folder.name}), journal.step(step.name) as record:
        try:
            record.facts = run().document()
        except Bad as error:
            # The report has the figures because of which it is bad.
            if error.found is not None:
                record.facts = error.found.document()
            raise
    facts: dict[str, Any] = {journal.KIND: journal.folder.name, "facts": record.facts}
    log.deployment("step done", step=step.name, **facts)
