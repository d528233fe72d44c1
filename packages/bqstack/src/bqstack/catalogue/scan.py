"""Token-level reading of a DDL statement: words, name, header, body, references.

Google's parser decides what is SQL. This one only finds the pieces that the program needs,
by tokens, so it has no opinion on anything between them; bodies are cut from the text by
token position, so that comments and layout of the file reach BigQuery as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlglot.dialects.bigquery import BigQuery
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from bqstack.catalogue.sql_objects import Reference

TEXTS = {
    TokenType.STRING,
    TokenType.RAW_STRING,
    TokenType.BYTE_STRING,
    TokenType.HEREDOC_STRING,
    TokenType.UNICODE_STRING,
    TokenType.NATIONAL_STRING,
}
_PAIRS = {"(": ")", "[": "]", "{": "}"}
# Only behind these words `<` opens something; elsewhere it compares.
_BRACKETED = {"ARRAY", "STRUCT", "RANGE", "TABLE"}
# What may stand between CREATE and the object's name.
_CREATE_WORDS = frozenset(
    {
        *("CREATE", "OR", "REPLACE", "TEMP", "TEMPORARY", "TABLE", "VIEW", "RECURSIVE"),
        *("MATERIALIZED", "EXTERNAL", "SNAPSHOT", "AGGREGATE", "FUNCTION", "PROCEDURE"),
        *("SCHEMA", "IF", "NOT", "EXISTS"),
    }
)
_NOT_OBJECTS = {"INFORMATION_SCHEMA", "__TABLES__"}


class _Tokenizer(BigQuery.Tokenizer):
    # sqlglot's own takes everything after CALL and the like for one string.
    COMMANDS: ClassVar[set[TokenType]] = set()
    # A comment of BigQuery ends with the first `*/`.
    NESTED_COMMENTS = False


class ScanError(ValueError):
    """The statement does not have the expected form; `line` is where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Statement:
    """A CREATE statement cut into pieces.

    `header` are the tokens between the name and AS or BEGIN, `body` those behind it (for a
    procedure BEGIN, too), without the semicolon at the end.
    """

    words: tuple[str, ...]
    qualifier: tuple[str, ...]
    name: str
    name_line: int
    header: tuple[Token, ...]
    body: tuple[Token, ...]
    tokens: tuple[Token, ...]


def tokenize(sql: str) -> list[Token]:
    """Tokens of the text; raises ScanError for an unclosed string or comment."""
    try:
        found = _Tokenizer(dialect="bigquery").tokenize(sql)
    except TokenError:
        # sqlglot tells the surrounding text, not the place.
        message = "SQL syntax: a string, a quoted name or a comment is not closed"
        raise ScanError(message, sql.count("\n") + 1) from None
    return [word for token in found for word in _words(token, sql)]


def _words(token: Token, sql: str) -> Iterator[Token]:
    """A token of several words, such as PARTITION BY, as one token a word."""
    if token.token_type in TEXTS or token.token_type is TokenType.IDENTIFIER:
        yield token
        return
    if " " not in token.text:
        yield token
        return
    written = sql[token.start : token.end + 1]
    for word in re.finditer(r"\S+", written):
        line = token.line - written.count("\n", word.start())
        start, end = token.start + word.start(), token.start + word.end() - 1
        yield Token(token.token_type, word[0], line, token.col, start, end)


def is_mark(token: Token, text: str) -> bool:
    """Whether the token is this mark or word itself, no literal text or quoted name of it."""
    return (
        token.text.upper() == text
        and token.token_type not in TEXTS
        and token.token_type is not TokenType.IDENTIFIER
    )


def is_at(tokens: Sequence[Token], index: int, *words: str) -> bool:
    """Whether these words stand at `index`."""
    return index + len(words) <= len(tokens) and all(
        is_mark(tokens[index + n], word) for n, word in enumerate(words)
    )


def depths(tokens: Sequence[Token]) -> list[int]:
    """For each token how many brackets are open around it; a bracket is outside its own."""
    found: list[int] = []
    closing: list[str] = []
    for index, token in enumerate(tokens):
        if token.token_type in TEXTS or token.token_type is TokenType.IDENTIFIER:
            found.append(len(closing))
            continue
        mark = token.text
        if mark == ">>" and closing[-2:] == [">", ">"]:
            closing = closing[:-2]
        elif closing and mark == closing[-1]:
            closing.pop()
        found.append(len(closing))
        if mark in _PAIRS:
            closing.append(_PAIRS[mark])
        elif mark == "<" and index and tokens[index - 1].text.upper() in _BRACKETED:
            closing.append(">")
    return found


def split(tokens: Sequence[Token]) -> list[list[Token]]:
    """The pieces between commas that no bracket holds; none of no tokens."""
    groups: list[list[Token]] = [[]]
    for token, depth in zip(tokens, depths(tokens), strict=True):
        if depth == 0 and is_mark(token, ","):
            groups.append([])
        else:
            groups[-1].append(token)
    # BigQuery takes a comma behind the last one.
    return [group for group in groups if group]


def inside(tokens: Sequence[Token], index: int) -> tuple[list[Token], int]:
    """What the bracket at `index` holds, and the index behind its end."""
    # The word before it tells whether `<` opens anything.
    first = max(index - 1, 0)
    level = depths(tokens[first:])
    for end in range(index + 1, len(tokens)):
        if level[end - first] == level[index - first]:
            return list(tokens[index + 1 : end]), end + 1
    return list(tokens[index + 1 :]), len(tokens)


def scan(sql: str) -> Statement:
    """Cut the single CREATE statement of a file; raises ScanError."""
    tokens = tokenize(sql)
    if not tokens or not is_mark(tokens[0], "CREATE"):
        raise ScanError("the file must hold one CREATE statement", _line(tokens))
    start = _name_start(tokens)
    words = tuple(token.text.upper() for token in tokens[:start])
    parts, end = _dotted(tokens, start)
    procedure = "PROCEDURE" in words
    body_at = _body_start(tokens, end, "BEGIN" if procedure else "AS")
    last = len(tokens) - is_mark(tokens[-1], ";")
    if not procedure:
        _check_single(tokens[:last])
    return Statement(
        words=words,
        qualifier=tuple(parts[:-1]),
        name=parts[-1],
        name_line=tokens[start].line,
        header=tuple(tokens[end : min(body_at, last)]),
        body=tuple(tokens[body_at if procedure else body_at + 1 : last]),
        tokens=tuple(tokens),
    )


def _check_single(tokens: Sequence[Token]) -> None:
    for token, depth in zip(tokens, depths(tokens), strict=True):
        if depth == 0 and is_mark(token, ";"):
            raise ScanError("the file must hold one CREATE statement", token.line)


def references(tokens: tuple[Token, ...], project: str, dataset: str) -> list[Reference]:
    """Mentions of objects written `project`.`dataset`.name, in order."""
    found = []
    for index in range(len(tokens) - 4):
        first, dot, second, dot2, third = tokens[index : index + 5]
        if (
            (first.token_type, first.text) == (TokenType.IDENTIFIER, project)
            and (second.token_type, second.text) == (TokenType.IDENTIFIER, dataset)
            and dot.text == dot2.text == "."
            and third.text.upper() not in _NOT_OBJECTS
        ):
            found.append(Reference(third.text, third.line))
    return found


def joined_references(tokens: tuple[Token, ...], project: str, dataset: str) -> list[Reference]:
    """Mentions that put several parts into one pair of backticks."""
    prefix = f"{project}.{dataset}."
    return [
        Reference(token.text, token.line)
        for token in tokens
        if token.token_type == TokenType.IDENTIFIER and token.text.startswith(prefix)
    ]


def slice_text(sql: str, tokens: Sequence[Token]) -> str:
    """Source text from the first to the last of the tokens; empty of none."""
    return sql[tokens[0].start : tokens[-1].end + 1] if tokens else ""


def _name_start(tokens: list[Token]) -> int:
    for index, token in enumerate(tokens):
        if token.token_type is TokenType.IDENTIFIER:
            return index
        if token.text.upper() not in _CREATE_WORDS:
            raise ScanError(
                "the object's name must be written `project`.`dataset`.name", token.line
            )
    raise ScanError("the object's name must be written `project`.`dataset`.name", _line(tokens))


def _dotted(tokens: list[Token], start: int) -> tuple[list[str], int]:
    parts, index = [tokens[start].text], start + 1
    while is_at(tokens, index, ".") and index + 1 < len(tokens):
        parts.append(tokens[index + 1].text)
        index += 2
    return parts, index


def _body_start(tokens: list[Token], start: int, wanted: str) -> int:
    """Index of AS (functions, views) or BEGIN (procedures) outside all brackets."""
    for index, depth in enumerate(depths(tokens[start:]), start):
        if depth == 0 and is_mark(tokens[index], wanted):
            return index
    return len(tokens)


def _line(tokens: list[Token]) -> int:
    return tokens[0].line if tokens else 1
