"""SQL whose clock stands still, whose chance is fixed, and that nobody outside hears.

Two programs are compared by what they do to the same rows, so both must see the same moment and
the same chance. The job history has no earlier state to read: it ends at that moment. Labels of
their jobs would reach log-based metrics, and a job that they cancel would be somebody else's:
neither may leave the comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlglot.tokenizer_core import Token, TokenType

from bqstack.catalogue import scan

RANDOM = "0.5"
"""What RAND() gives."""
SEED = "1"
"""What a hash of a new id gives: such a hash is the seed of chance."""
_CLOCKS = {
    "CURRENT_TIMESTAMP": None,
    "CURRENT_DATE": "DATE",
    "CURRENT_DATETIME": "DATETIME",
    "CURRENT_TIME": "TIME",
}
_LABEL = "'component:comparison'"
_CANCEL = ["CALL", "BQ", ".", "JOBS", ".", "CANCEL"]
_SEED = ["FARM_FINGERPRINT", "(", "GENERATE_UUID", "(", ")", ")"]
# https://cloud.google.com/bigquery/docs/information-schema-jobs
_HISTORY = frozenset({"JOBS", "JOBS_BY_PROJECT", "JOBS_BY_USER"})


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
    if word == "INFORMATION_SCHEMA":
        return _history(tokens, index, now)
    if index and tokens[index - 1].text == ".":
        return None  # a field or an object of that name
    if word in _CLOCKS:
        inner, end = _arguments(tokens, index)
        name = _CLOCKS[word]
        between = f", {_between(inner)}" if inner else ""
        return token.start, end, f"{name}({now}{between})" if name else now
    if word == "RAND" and scan.is_at(tokens, index + 1, "(", ")"):
        return token.start, tokens[index + 2].end + 1, RANDOM
    if _is_here(tokens, index, _SEED):
        return token.start, tokens[index + len(_SEED) - 1].end + 1, SEED
    if word == "SET" and [t.text for t in tokens[index + 1 : index + 4]] == [
        *("@", "@", "query_label")
    ]:
        end = index + 5
        while end < len(tokens) and not scan.is_mark(tokens[end], ";"):
            end += 1
        return tokens[index + 5].start, tokens[end - 1].end + 1, _LABEL
    if _is_here(tokens, index, _CANCEL):
        return token.start, tokens[index + len(_CANCEL) - 1].end + 1, "SELECT"
    return None


def _is_here(tokens: Sequence[Token], index: int, words: Sequence[str]) -> bool:
    return [token.text.upper() for token in tokens[index : index + len(words)]] == list(words)


def _history(tokens: Sequence[Token], index: int, now: str) -> tuple[int, int, str] | None:
    """The job history with a project and a region before it, as a query that ends at `now`."""
    if index + 2 >= len(tokens) or tokens[index + 2].text.upper() not in _HISTORY:
        return None
    first, last = index, index + 2
    while first >= 2 and tokens[first - 1].text == ".":
        first -= 2
    parts = [token.text for token in tokens[first:index:2]]
    path = "".join(f"`{part}`." for part in parts)
    view = f"{path}INFORMATION_SCHEMA.{tokens[last].text}"
    query = f"(SELECT * FROM {view} WHERE creation_time < {now})"
    return tokens[first].start, tokens[last].end + 1, query


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
