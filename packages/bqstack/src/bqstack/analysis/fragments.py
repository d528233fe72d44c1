"""SQL that stands in a YAML file and is put into a file of sql/ by its template.

A mistake in it is reported at its line of the YAML file, not at the loop that put it there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from bqstack.analysis.beside import Fragments
from bqstack.analysis.findings import Finding
from bqstack.analysis.source import Source
from bqstack.catalogue import render
from bqstack.unchecked import JsonMapping

# Characters for private use never stand in SQL.
_MARK = re.compile("\ue002(\\d+)\ue003")
_WORD = re.compile(r"[\w.@]+")
_NAME = re.compile(r"(?:`[^`]*`\.)*[\w.@]+")
_LONGEST_ENTRY = 20


@dataclass(frozen=True)
class Composed(Source):
    """A file with lines from another: `other` reports lines whose number is in `inside`."""

    other: Source | None = None
    inside: frozenset[int] = frozenset()

    def finding(self, rule: str, message: str, line: int, column: int, hint: str = "") -> Finding:
        """As Source does it, at the place in the other file where the line comes from there."""
        if self.other is None or line not in self.inside:
            return super().finding(rule, message, line, column, hint)
        found = self.other.finding(rule, message, line, 1, hint)
        word = _WORD.match(self._sql_lines[line - 1], column - 1)
        at = found.excerpt.find(word[0]) if word else -1
        if word is None or at < 0:
            at, length = len(found.excerpt) - len(found.excerpt.lstrip()), 1
        else:
            length = len(word[0])
        return replace(found, column=at + 1, length=length)


@dataclass(frozen=True)
class Entry(Source):
    """The statement of an entry of a YAML file: `sql` is more than the entry's text.

    `origins` name the entry's line; what the statement says below that is looked for.
    """

    def finding(self, rule: str, message: str, line: int, column: int, hint: str = "") -> Finding:
        """As Source does it, at the word itself where the entry holds it."""
        found = super().finding(rule, message, line, column, hint)
        line = min(line, len(self._sql_lines))
        word = _NAME.match(self._sql_lines[line - 1], column - 1)
        wanted = word[0].split(".")[-1].strip("`") if word else ""
        for number in range(found.line, min(found.line + _LONGEST_ENTRY, len(self._lines)) + 1):
            at = self._lines[number - 1].find(wanted) if wanted else -1
            if at >= 0:
                excerpt = self._lines[number - 1]
                return replace(
                    found, line=number, column=at + 1, excerpt=excerpt, length=len(wanted)
                )
        return found


def source(
    plain: Source,
    path: Path,
    root: Path,
    context: JsonMapping,
    fragments: Iterable[Fragments],
) -> Source:
    """The source of the file at `path` below `root`, aware of the SQL that it puts in."""
    for one in fragments:
        if one.name not in plain.text or not (root / one.file).is_file():
            continue
        if one.name in render.names(plain.text, plain.path):
            return _composed(plain, path, root, context, one)
    return plain


def _composed(
    plain: Source, path: Path, root: Path, context: JsonMapping, fragments: Fragments
) -> Source:
    text = (root / fragments.file).read_text(encoding="utf-8")
    marked = fragments.marked(context[fragments.name], text, _mark)
    rendered = render.render(path, plain.path, {**context, fragments.name: marked})
    origins, inside = [], set()
    for number, line in enumerate(rendered.splitlines(), 1):
        mark = _MARK.search(line)
        origins.append(int(mark[1]) if mark else 1)
        if mark:
            inside.add(number)
    other = Source(fragments.file, text, plain.sql, tuple(origins))
    return Composed(plain.path, plain.text, plain.sql, plain.origins, other, frozenset(inside))


def _mark(line: int, sql: str) -> str:
    return f"\ue002{line}\ue003{sql}"
