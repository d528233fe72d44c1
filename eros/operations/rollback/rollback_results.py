"""What each step of a rollback finds. What does not apply is left out of the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from eros.operations.results import Result


@dataclass(frozen=True)
class StepResult(Result):
    """A result whose empty fields are left out."""

    def document(self) -> dict[str, Any]:
        """The result as plain JSON."""
        return {key: value for key, value in super().document().items() if value is not None}


@dataclass(frozen=True)
class SafetyBackup(StepResult):
    """The rows as they were before; `skipped` says why there is no backup of them."""

    STEP: ClassVar[str] = "backup"

    backup: str | None = None
    tables: int | None = None
    rows: int | None = None
    warnings: list[str] | None = None
    skipped: str | None = None


@dataclass(frozen=True)
class EarlierRows(StepResult):
    """The backup that the earlier rows are read from."""

    STEP: ClassVar[str] = "rows"

    backup: str = ""
    rows: int | None = None


@dataclass(frozen=True)
class Paused(StepResult):
    """Resources that the update touched; `skipped` says why none was made."""

    STEP: ClassVar[str] = "pause"

    changed: int | None = None
    skipped: str | None = None


@dataclass(frozen=True)
class Defined(StepResult):
    """Resources that the earlier definitions touched."""

    STEP: ClassVar[str] = "definitions"

    changed: int = 0


@dataclass(frozen=True)
class Restored(StepResult):
    """The rows that are back, and the backup that they come from."""

    STEP: ClassVar[str] = "data"

    backup: str | None = None
    tables: list[str] = field(default_factory=list)
    rows: int | None = None


@dataclass(frozen=True)
class Locks(StepResult):
    """Caption locks that were deleted on request, and those that were swept."""

    STEP: ClassVar[str] = "locks"

    cleared: int | None = None
    swept: int | None = None


@dataclass(frozen=True)
class Scheduled(StepResult):
    """Resources that the schedules' return touched."""

    STEP: ClassVar[str] = "schedules"

    changed: int = 0


@dataclass(frozen=True)
class Verified(StepResult):
    """How the system is now."""

    STEP: ClassVar[str] = "verify"

    health: dict[str, Any] = field(default_factory=dict)
