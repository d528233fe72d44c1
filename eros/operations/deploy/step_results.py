"""What each step of a deployment finds: kept by the journal, read by later steps and the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from eros.operations.results import Result


@dataclass(frozen=True)
class Locked(Result):
    """Who holds the locks, and whether one of them is between machines."""

    STEP: ClassVar[str] = "lock"

    holder: str = ""
    between_machines: bool = False


@dataclass(frozen=True)
class Notified(Result):
    """What the first notice said is deployed."""

    STEP: ClassVar[str] = "notify"

    what: str = ""


@dataclass(frozen=True)
class Repaired(Result):
    """What an engine that was killed had left (`eros.operations.repair`)."""

    STEP: ClassVar[str] = "repair"

    found: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The keys of the repair's own document."""
        return dict(self.found)


@dataclass(frozen=True)
class Checked(Result):
    """Findings of the checks before."""

    STEP: ClassVar[str] = "preflight"

    findings: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Validated(Checked):
    """Findings of the validation after."""

    STEP: ClassVar[str] = "validate"


@dataclass(frozen=True)
class Before(Result):
    """The system before: last good update, newest update (0 for none), figures of a day."""

    STEP: ClassVar[str] = "baseline"

    version: int | None = None
    newest: int = 0
    figures: dict[str, Any] | None = None


@dataclass(frozen=True)
class BackedUp(Result):
    """The backup before; None where there is no place for backups yet."""

    STEP: ClassVar[str] = "backup"

    backup: str | None = None
    tables: int = 0
    rows: int | None = 0
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Previewed(Result):
    """What would change: number by kind, lines for people, names, and the tables among them."""

    STEP: ClassVar[str] = "preview"

    counts: dict[str, int] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Confirmed(Result):
    """Who wanted it."""

    STEP: ClassVar[str] = "confirm"

    by: str = ""


@dataclass(frozen=True)
class Updated(Result):
    """Whether anything was to be done, and when the update ended (ISO 8601)."""

    STEP: ClassVar[str] = "up"

    changed: bool = False
    ended: str = ""


@dataclass(frozen=True)
class Compared(Result):
    """The system after: figures, those that could not be judged or read, reasons to go back."""

    STEP: ClassVar[str] = "compare"

    figures: dict[str, Any] | None = None
    missing: list[str] = field(default_factory=list)
    unread: str = ""
    triggers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scored(Result):
    """The success score: each criterion with its status, and the verdict in words."""

    STEP: ClassVar[str] = "score"

    criteria: list[dict[str, str]] = field(default_factory=list)
    overall: str = ""


@dataclass(frozen=True)
class RolledBack(Result):
    """The update that was gone back to."""

    STEP: ClassVar[str] = "rollback"

    to: int | None = None
