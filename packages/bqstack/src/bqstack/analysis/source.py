"""Source files: what a person wrote beside what Jinja made of it.

The analyser reads rendered text; a person reads the file: places are moved from one to
the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bqstack.analysis.findings import Finding
from bqstack.analysis.rules import RULES

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")
_PART = r"(?:`[^`]*`|\w+)"
_WORD = re.compile(rf"`[^`]*`(?:\.{_PART})*|@@?\w[\w.]*|\w+|\S")


@dataclass(frozen=True)
class Source:
    """One file. `path` is relative to the project; `text` is as written, `sql` rendered."""

    path: Path
    text: str
    sql: str
    origins: tuple[int, ...] | None = None
    """Line of the file for each line of `sql`, where they differ (bqstack.analysis.lines)."""

    @cached_property
    def _bytes(self) -> bytes:
        return self.sql.encode()

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines() or [""]

    @cached_property
    def _sql_lines(self) -> list[str]:
        return self.sql.splitlines() or [""]

    def cut(self, span: tuple[int, int]) -> str:
        """Rendered text of a span of bytes."""
        return self._bytes[span[0] : span[1]].decode()

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of a byte of the rendered text."""
        before = self._bytes[:offset].decode()
        return before.count("\n") + 1, len(before) - before.rfind("\n")

    def file_line(self, line: int) -> int:
        """Line of the file that a line of the rendered text came from."""
        if self.origins is not None and line <= len(self.origins):
            return self.origins[line - 1]
        return line

    def finding(self, rule: str, message: str, line: int, column: int, hint: str = "") -> Finding:
        """A finding at a place of the rendered text, moved to the file."""
        line = min(line, len(self._sql_lines))
        shown_line = min(self.file_line(line), len(self._lines))
        excerpt = self._lines[shown_line - 1]
        rendered = self._sql_lines[line - 1]
        shown_column = _moved(excerpt, rendered, column)
        behind = shown_column - 1
        match = _TEMPLATE.match(excerpt, behind) or _WORD.match(excerpt, behind)
        return Finding(
            file=self.path,
            line=shown_line,
            column=shown_column,
            rule=rule,
            message=message,
            hint=hint or RULES[rule].hint,
            excerpt=excerpt,
            length=len(match[0]) if match else 1,
        )


def _moved(written: str, rendered: str, column: int) -> int:
    """Column in the written line of a column in the rendered one."""
    pieces = _TEMPLATE.split(written)
    pattern = re.escape(pieces[0]) + "".join(f"(.*?){re.escape(p)}" for p in pieces[1:])
    match = re.fullmatch(pattern, rendered)
    if match is None:
        # The line is the product of a block or part of a YAML value.
        indent = len(written) - len(written.lstrip())
        return min(column, len(written) + 1) if pieces[1:] == [] else indent + 1
    written_at = rendered_at = 0
    templates = _TEMPLATE.findall(written)
    for index, piece in enumerate(pieces):
        if column - 1 < rendered_at + len(piece) or index == len(templates):
            return written_at + column - rendered_at
        rendered_at += len(piece)
        written_at += len(piece)
        produced = len(match[index + 1])
        if column - 1 < rendered_at + produced:
            return written_at + 1
        rendered_at += produced
        written_at += len(templates[index])
    return column
