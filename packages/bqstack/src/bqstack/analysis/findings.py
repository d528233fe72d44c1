"""What a check has found, in the order in which a person reads files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


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
    """A statement that could not be analysed, and why: never passed over in silence."""

    file: Path
    line: int
    reason: str


@dataclass
class Report:
    """Result of a run. `seconds` is wall time; `statements` were analysed completely."""

    findings: list[Finding]
    notes: list[Note] = field(default_factory=list)
    objects: int = 0
    statements: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """True when nothing was found; notes do not count."""
        return not self.findings
