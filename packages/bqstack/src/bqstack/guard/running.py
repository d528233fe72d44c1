"""Statements that lose data by running: every row of a table, or the table itself.

A body is read by its tokens, so that one which nobody can parse is judged, too. Texts of
EXECUTE IMMEDIATE count as if they stood there. Tables that the text itself creates as
TEMP hold nothing that was there before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot.tokenizer_core import Token, TokenType

from bqstack.catalogue import scan
from bqstack.catalogue.scan import TEXTS

_NAMES = {TokenType.VAR, TokenType.IDENTIFIER}
_STARTS = {";", "BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT"}
_OBJECTS = ("TABLE", "SCHEMA", "VIEW", "MATERIALIZED", "EXTERNAL", "SNAPSHOT")
_EXPIRATIONS = {"EXPIRATION_TIMESTAMP", "PARTITION_EXPIRATION_DAYS"}
_BETWEEN = {*_OBJECTS, "IF", "EXISTS", "FROM", "INTO", "NOT"}


@dataclass(frozen=True)
class Danger:
    """What a statement does to which object; `target` is its bare name, `?` if nobody knows."""

    what: str
    target: str

    def __str__(self) -> str:
        return f"{self.what} {self.target}"

    @property
    def verb(self) -> str:
        """What it does to rows that are there."""
        return "overwrites" if self.what.startswith("UPDATE") else "deletes"


def dangers(text: str) -> list[Danger]:
    """All of a script, in order, one that stands twice twice."""
    try:
        tokens = scan.tokenize(text)
    except scan.ScanError:
        return []  # no statement either: Google refuses the text
    temporary = set(_temporary(tokens))
    return [
        danger
        for statement in statements(tokens)
        for danger in _of(statement)
        if danger.target.lower() not in temporary
    ]


def added(old: str, new: str) -> list[Danger]:
    """Those of the new text that the old one does not have, each once."""
    left = dangers(old)
    found: list[Danger] = []
    for danger in dangers(new):
        if danger in left:
            left.remove(danger)
        elif danger not in found:
            found.append(danger)
    return found


def statements(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Pieces of a script that begin where a statement may begin and end with its semicolon."""
    for index, token in enumerate(tokens):
        if token.token_type in TEXTS:
            continue
        before = tokens[index - 1].text.upper() if index else ";"
        if before in _STARTS or index == 0:
            end = index
            while end < len(tokens) and (
                tokens[end].text != ";" or tokens[end].token_type in TEXTS
            ):
                end += 1
            yield list(tokens[index:end])


def _of(statement: list[Token]) -> Iterator[Danger]:
    words = [token.text.upper() for token in statement]
    match words:
        case ["TRUNCATE", "TABLE", *_]:
            yield Danger("TRUNCATE TABLE", _name(statement, 2))
        case ["DROP", kind, *_] if kind in _OBJECTS:
            yield Danger(f"DROP {kind}", _name(statement, 2))
        case ["ALTER", "TABLE", *rest] if _has(rest, "DROP", "COLUMN"):
            yield Danger("DROP COLUMN of", _name(statement, 2))
        case ["CREATE", "OR", "REPLACE", "TABLE", *rest] if rest[:1] != ["FUNCTION"]:
            yield Danger("CREATE OR REPLACE TABLE", _name(statement, 4))
        case ["LOAD", "DATA", "OVERWRITE", *_]:
            yield Danger("LOAD DATA OVERWRITE", _name(statement, 3))
        case ["DELETE", *rest] if rest[:1] not in (["WHEN"], []) and _takes_all(statement):
            yield Danger("DELETE of every row of", _name(statement, 1))
        case ["UPDATE", *rest] if rest[:1] != ["SET"] and _takes_all(statement):
            yield Danger("UPDATE of every row of", _name(statement, 1))
        case ["ALTER", "TABLE", *rest] if _EXPIRATIONS.intersection(rest):
            yield Danger("expiration of", _name(statement, 2))
        case ["MERGE", *rest] if _deletes_what_is_missing(statement):
            yield Danger("MERGE that deletes what its source lacks from", _name(statement, 1))
        case ["EXECUTE", "IMMEDIATE", *_]:
            for token in statement[2:]:
                if token.token_type in TEXTS:
                    yield from dangers(token.text)


def _deletes_what_is_missing(statement: list[Token]) -> bool:
    """Whether a MERGE deletes every row that its source lacks, not only chosen ones."""
    words = [token.text.upper() for token in statement]
    for at in range(len(words) - 4):
        if words[at : at + 4] != ["NOT", "MATCHED", "BY", "SOURCE"] or "THEN" not in words[at:]:
            continue
        then = words.index("THEN", at)
        condition = statement[at + 5 : then]  # behind AND
        deletes = words[then + 1 : then + 2] == ["DELETE"]
        if deletes and (not condition or _is_always_true(condition)):
            return True
    return False


def _takes_all(statement: list[Token]) -> bool:
    """Whether a DELETE or UPDATE has no WHERE, or one that is true of every row."""
    depth = 0
    for index, token in enumerate(statement):
        if token.token_type in TEXTS:
            continue
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.text.upper() == "WHERE":
            return _is_always_true(statement[index + 1 :])
    return True


def _is_always_true(condition: list[Token]) -> bool:
    tokens = [token for token in condition if token.text not in ("(", ")")]
    words = [token.text.upper() for token in tokens]
    if words == ["FALSE"]:
        return False
    if words.count("=") == 1 and words[: words.index("=")] == words[words.index("=") + 1 :]:
        return True
    return not any(token.token_type in _NAMES for token in tokens)


def _name(statement: list[Token], start: int) -> str:
    """Last part of the dotted name behind the words of the statement."""
    index = start
    while index < len(statement) and statement[index].text.upper() in _BETWEEN:
        index += 1
    if index >= len(statement):
        return "?"
    while index + 2 < len(statement) and statement[index + 1].text == ".":
        index += 2
    return statement[index].text.rpartition(".")[2] or "?"


def _temporary(tokens: Sequence[Token]) -> Iterator[str]:
    for statement in statements(tokens):
        words = [token.text.upper() for token in statement]
        skipped = 3 if words[1:3] == ["OR", "REPLACE"] else 1
        if words[:1] == ["CREATE"] and words[skipped : skipped + 1] in (["TEMP"], ["TEMPORARY"]):
            yield _name(statement, skipped + 1).lower()


def _has(words: Sequence[str], *wanted: str) -> bool:
    size = len(wanted)
    return any(tuple(words[at : at + size]) == wanted for at in range(len(words) - size + 1))
