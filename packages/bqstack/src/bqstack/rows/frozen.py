"""SQL whose clock stands still, whose chance is fixed, and that nobody outside hears.

Two programs are compared by what they do to the same rows, so both must see the same moment and
the same chance. Labels of their jobs would reach log-based metrics, and a job that they cancel
would be somebody else's: neither may leave the comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlglot.tokenizer_core import Token, TokenType

from bqstack.catalogue import scan

RANDOM = "0.5"
"""What RAND() gives."""
_CLOCKS = {
    "CURRENT_TIMESTAMP": None,
    "CURRENT_DATE": "DATE",
    "CURRENT_DATETIME": "DATETIME",
    "CURRENT_TIME": "TIME",
}
_LABEL = "'component:comparison'"
_CANCEL = ["CALL", "BQ", ".", "JOBS", ".", "CANCEL"]


def freeze(text: str, moment: datetime) -> str:
    """The text as of `moment`; raises bqstack.catalogue.scan.ScanError for what is no SQL."""
    tokens = scan.tokenize(text)
    changes: list[tuple[int, int, str]] = []
    for index in range(len(tokens)):
        if change := _change(tokens, index, literal(moment)):
            changes.append(change)
    for start, end, new in reversed(changes):
        text = f"{text[:start]}{new}{text[end:]}"
    return text


def literal(moment: datetime) -> str:
    """A moment in SQL."""
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"


def _change(tokens: Sequence[Token], index: int, now: str) -> tuple[int, int, str] | None:
    token = tokens[index]
    if token.token_type in scan.TEXTS or token.token_type is TokenType.IDENTIFIER:
        return None
    word = token.text.upper()
    if index and tokens[index - 1].text == ".":
        return None  # a field or an object of that name
    if word in _CLOCKS:
        inner, end = _arguments(tokens, index)
        name = _CLOCKS[word]
        between = f", {_between(inner)}" if inner else ""
        return token.start, end, f"{name}({now}{between})" if name else now
    if word == "RAND" and scan.is_at(tokens, index + 1, "(", ")"):
        return token.start, tokens[index + 2].end + 1, RANDOM
    if word == "SET" and [t.text for t in tokens[index + 1 : index + 4]] == [
        *("@", "@", "query_label")
    ]:
        end = index + 5
        while end < len(tokens) and not scan.is_mark(tokens[end], ";"):
            end += 1
        return tokens[index + 5].start, tokens[end - 1].end + 1, _LABEL
    if [t.text.upper() for t in tokens[index : index + len(_CANCEL)]] == _CANCEL:
        return token.start, tokens[index + len(_CANCEL) - 1].end + 1, "SELECT"
    return None


def _arguments(tokens: Sequence[Token], index: int) -> tuple[list[Token], int]:
    """What stands in the brackets behind a function's name, and where they end."""
    if not scan.is_at(tokens, index + 1, "("):
        return [], tokens[index].end + 1
    inner, after = scan.inside(tokens, index + 1)
    return inner, tokens[after - 1].end + 1


def _between(tokens: Sequence[Token]) -> str:
    # Time zones are literals, or names.
    return " ".join(
        repr(token.text) if token.token_type in scan.TEXTS else token.text for token in tokens
    )
