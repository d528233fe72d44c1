"""Statements that write to a dataset other than the stack's own.

A body is read by its tokens, so that one which nobody can parse is judged, too. Texts of
EXECUTE IMMEDIATE count as if they stood there; one that is put together cannot be judged and
counts as a write. What a procedure of another dataset does is not known, so a CALL of one counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlglot.tokenizer_core import Token

from bqstack.catalogue import scan
from bqstack.catalogue.scan import TEXTS
from bqstack.guard.running import statements

_VERBS = frozenset(
    {"ALTER", "CALL", "CREATE", "DELETE", "DROP", "INSERT", "LOAD", "MERGE", "TRUNCATE", "UNDROP"}
    | {"UPDATE"}
)
# Between the verb and the name.
_BETWEEN = frozenset(
    {"OR", "REPLACE", "TEMP", "TEMPORARY", "IF", "NOT", "EXISTS", "INTO", "FROM", "DATA"}
    | {"OVERWRITE", "TABLE", "VIEW", "MATERIALIZED", "EXTERNAL", "SNAPSHOT", "FUNCTION", "ALL"}
    | {"PROCEDURE", "SCHEMA", "ROW", "ACCESS", "POLICY", "POLICIES", "SEARCH", "VECTOR", "INDEX"}
    | {"AGGREGATE", "MODEL"}
)
_ON_A_TABLE = frozenset({"POLICY", "POLICIES", "INDEX"})
# Temporary tables by their full name.
_SESSION = "_SESSION"
# System procedures, such as BQ.JOBS.CANCEL: they write no rows.
_SYSTEM = "BQ"


@dataclass(frozen=True)
class Write:
    """What is written where: `target` as the statement names it, `line` of the text, from 1."""

    what: str
    target: str
    line: int


def writes(text: str, project: str, datasets: Collection[str]) -> Iterator[Write]:
    """All writes of a script to anything outside these datasets of the project."""
    try:
        tokens = scan.tokenize(text)
    except scan.ScanError:
        return  # no statement either: Google refuses the text
    for statement in statements(tokens):
        yield from _of(statement, project, datasets)


def _of(statement: Sequence[Token], project: str, datasets: Collection[str]) -> Iterator[Write]:
    if statement[0].token_type in TEXTS:
        return
    words = [token.text.upper() for token in statement]
    line = statement[0].line
    if words[:2] == ["EXPORT", "DATA"]:
        yield Write("EXPORT DATA", "files", line)
    elif words[:2] == ["EXECUTE", "IMMEDIATE"]:
        if _is_one_text(statement, words):
            inner = writes(statement[2].text, project, datasets)
            yield from (Write(one.what, one.target, line) for one in inner)
        else:
            yield Write("EXECUTE IMMEDIATE", "a text that is built when it runs", line)
    elif words[0] in _VERBS:
        for parts in _targets(statement, words):
            if _is_elsewhere(parts, project, datasets):
                yield Write(words[0], ".".join(parts), line)


def _is_one_text(statement: Sequence[Token], words: Sequence[str]) -> bool:
    """Whether EXECUTE IMMEDIATE has a single literal, perhaps with values for it."""
    is_text = len(statement) > 2 and statement[2].token_type in TEXTS
    return is_text and (len(statement) == 3 or words[3] in ("USING", "INTO"))


def _targets(statement: Sequence[Token], words: Sequence[str]) -> Iterator[list[str]]:
    index = 1
    while index < len(words) and words[index] in _BETWEEN:
        index += 1
    yield _dotted(statement, index)
    # CREATE ROW ACCESS POLICY name ON table
    if _ON_A_TABLE.intersection(words[1:index]) and "ON" in words:
        yield _dotted(statement, words.index("ON") + 1)
    if words[0] == "ALTER" and "RENAME" in words:
        yield _dotted(statement, words.index("RENAME") + 2)


def _dotted(statement: Sequence[Token], index: int) -> list[str]:
    parts: list[str] = []
    while index < len(statement):
        parts += statement[index].text.split(".")
        if index + 1 < len(statement) and statement[index + 1].text == ".":
            index += 2
        else:
            break
    return [part for part in parts if part]


def _is_elsewhere(parts: Sequence[str], project: str, datasets: Collection[str]) -> bool:
    # A bare name is a temporary table, or in the dataset that the job names.
    if len(parts) < 2 or parts[-2].upper() == _SESSION or parts[0].upper() == _SYSTEM:
        return False
    return parts[-2] not in datasets or (len(parts) > 2 and parts[-3] != project)
