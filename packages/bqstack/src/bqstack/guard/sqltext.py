"""Texts of SQL compared, without loading a parser where none is needed.

An update that changes no SQL, the usual one, compares texts that are equal. sqlglot takes a
tenth of a second to load.
"""

from __future__ import annotations


def same(old: str, new: str) -> bool:
    """Whether two texts differ in layout, comments and case of keywords only."""
    if old == new:
        return True
    from bqstack.guard import sqltokens

    return sqltokens.same(old, new)


def calls(text: str, routine: tuple[str, str, str]) -> list[tuple[str, ...]]:
    """Arguments, as tokens, of each call of `routine` (project, dataset, name) in a text.

    A text that cannot be read counts as one unknown call when it holds the name.
    """
    from bqstack.guard import sqltokens

    return sqltokens.calls(text, routine)
