"""Comments that allow one rule in one statement, with a reason.

`-- validate: allow <rule> <why>` stands in the statement or right above it. In the file of
a partitioned table it allows every read of that table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bqstack.analysis.findings import Finding
from bqstack.analysis.rules import RULES
from bqstack.analysis.source import Source

_COMMENT = re.compile(r"--\s*validate:\s*(.*)$")
_FORM = re.compile(r"allow\s+(\S+)\s+(\S+\s+\S.*)")
_MARK = "--"


@dataclass
class _Allowed:
    line: int
    column: int
    rule: str
    used: bool = False


@dataclass
class Allows:
    """The allow comments of one file."""

    source: Source
    entries: list[_Allowed] = field(default_factory=list)
    broken: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Comments are read, and reported, in the file as it is written.
        self.source = Source(self.source.path, self.source.text, self.source.text)
        for number, line in enumerate(self.source.text.splitlines(), 1):
            comment = _COMMENT.search(line)
            if comment is None:
                continue
            form = _FORM.match(comment[1])
            column = comment.start() + 1
            if form and form[1] in RULES and RULES[form[1]].allowable:
                self.entries.append(_Allowed(number, column, form[1]))
            else:
                self.broken.append(self._finding("this comment allows nothing", number, column))

    def permits(self, rule: str, first: int, last: int) -> bool:
        """True when the statement on these lines carries a comment for the rule."""
        if not self.entries:
            # The statement may come from another text than the one with the comments.
            return False
        lines = self.source.text.splitlines()
        while first > 1 and lines[first - 2].lstrip().startswith(_MARK):
            first -= 1
        for entry in self.entries:
            if entry.rule == rule and first <= entry.line <= last:
                entry.used = True
                return True
        return False

    def whole_file(self, rule: str) -> bool:
        """True when the file carries a comment for the rule anywhere."""
        return self.permits(rule, 1, len(self.source.text.splitlines()))

    @property
    def used(self) -> list[int]:
        """Lines of the comments that have allowed something."""
        return [entry.line for entry in self.entries if entry.used]

    def mark_used(self, lines: Iterable[int]) -> None:
        """Take over what an earlier run has used."""
        wanted = set(lines)
        for entry in self.entries:
            entry.used = entry.used or entry.line in wanted

    def findings(self) -> Iterator[Finding]:
        """Comments that are malformed or allowed nothing."""
        yield from self.broken
        for entry in self.entries:
            if not entry.used:
                message = f"nothing here violates {entry.rule}"
                yield self._finding(message, entry.line, entry.column)

    def _finding(self, message: str, line: int, column: int) -> Finding:
        return self.source.finding("allow-comment", message, line, column)
