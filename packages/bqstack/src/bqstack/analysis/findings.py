"""What a check has found, in the order in which a person reads files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bqstack.catalogue import Catalogue


@dataclass(frozen=True, order=True)
class Finding:
    """One mistake. `line` and `column` count from 1 in the source file.

    `excerpt` is that line as it stands in the file; `length` characters are underlined.
    """

    file: Path
    line: int
    column: int
    rule: str
    message: str
    hint: str = field(compare=False)
    excerpt: str = field(compare=False)
    length: int = field(default=1, compare=False)


@dataclass(frozen=True, order=True)
class Note:
    """A statement that could not be analysed, and why: never passed over in silence.

    It `waits` when it needs something that has a mistake of its own.
    """

    file: Path
    line: int
    reason: str
    waits: bool = False


@dataclass
class Report:
    """Result of a run. `seconds` is wall time; `statements` were analysed completely.

    `analysed` are the texts that memory did not know. `catalogue` is what was
    read, None when a file of it has a mistake.
    """

    findings: list[Finding]
    notes: list[Note] = field(default_factory=list)
    objects: int = 0
    statements: int = 0
    seconds: float = 0.0
    analysed: int = 0
    catalogue: Catalogue | None = None

    @property
    def ok(self) -> bool:
        """True when nothing was found; notes do not count."""
        return not self.findings
