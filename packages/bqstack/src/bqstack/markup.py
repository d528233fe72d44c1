"""Anybody's text as a piece of GitHub's Markdown, where it means nothing but itself."""

from __future__ import annotations

from html import escape

_ESCAPED = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]<>#|~"} | {"@": "&#64;", "\n": " "})


def plain(text: str) -> str:
    """Text that means nothing to Markdown, HTML or GitHub's mentions."""
    return " ".join(text.split()).translate(_ESCAPED)


def html(text: str) -> str:
    """Text in one line within HTML."""
    return escape(line(text))


def code(text: str) -> str:
    """Text in backticks, in one line, also within a table."""
    clean = line(text).replace("`", "'").replace("|", "\\|")
    return f"`{clean}`"


def line(text: str) -> str:
    """Text in one line, whatever its author counts as the end of one."""
    return " ".join(text.split())


def folded(title: str, body: str, *, is_open: bool = False) -> str:
    """A part that GitHub shows closed; `title` is HTML, `body` Markdown."""
    return (
        f"\n<details{' open' if is_open else ''}><summary>{title}</summary>\n\n{body}\n</details>\n"
    )
