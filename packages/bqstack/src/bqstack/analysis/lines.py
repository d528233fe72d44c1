"""Which line of the file each line of its rendered text came from.

Jinja blocks drop lines and `{%-` joins them, so line numbers cannot be taken over. The
file is rendered a second time with a mark at the start of each line; the two results have
the same characters but for marks and white space, and so each gets its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import jinja2

from bqstack.unchecked import JsonMapping

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_BLOCK = re.compile(r"\{%|\{#|\{\{-|-\}\}")
# Characters for private use never stand in SQL.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_environment = jinja2.Environment(
    undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False
)


def origins(text: str, sql: str, context: JsonMapping) -> tuple[int, ...] | None:
    """For each line of `sql` its line in `text`; None when they are the same."""
    if not _BLOCK.search(text):
        return None
    marked = _environment.from_string(_with_marks(text)).render(context)
    characters = _characters(marked)
    found, line = [], 1
    for rendered in sql.splitlines():
        here = [next(characters)[1] for c in rendered if not c.isspace()]
        line = here[0] if here else line + 1
        found.append(line)
    return tuple(found)


def _with_marks(text: str) -> str:
    inside = [match.span() for match in _TAG.finditer(text)]
    parts, at = [], 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        within_tag = any(first < at < last for first, last in inside)
        parts.append(line if within_tag else f"{_OPEN}{number}{_CLOSE}{line}")
        at += len(line)
    return "".join(parts)


def _characters(marked: str) -> Iterator[tuple[str, int]]:
    """Visible characters with the line of the last mark before them."""
    line, at = 1, 0
    for mark in _MARK.finditer(marked):
        yield from ((c, line) for c in marked[at : mark.start()] if not c.isspace())
        line, at = int(mark[1]), mark.end()
    yield from ((c, line) for c in marked[at:] if not c.isspace())
