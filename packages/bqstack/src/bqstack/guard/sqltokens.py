"""Texts of SQL compared by their tokens, and the calls that they hold.

BigQuery cannot tell two texts with the same tokens apart; layout, comments, the case of
keywords and the way a name is quoted are no tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot.tokenizer_core import Token, TokenType

from bqstack.catalogue import scan
from bqstack.catalogue.scan import TEXTS

_NAMES = {TokenType.VAR, TokenType.IDENTIFIER}
# A project may be written without backticks, but only in the name of a table:
# https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#path_expressions
_DASHED = re.compile(r"(?P<name>[A-Za-z_]\w*(?:-\w+)+)\.")
_BEFORE_TABLES = ("FROM", "JOIN", "INTO", "UPDATE", "MERGE", "USING", "TABLE")


def same(old: str, new: str) -> bool:
    """Whether two texts differ in layout, comments and case of keywords only."""
    try:
        return _essence(old) == _essence(new)
    except scan.ScanError:
        return False


def calls(text: str, routine: tuple[str, str, str]) -> list[tuple[str, ...]]:
    """Arguments, as tokens, of each call of `routine` (project, dataset, name) in a text.

    A text that cannot be read counts as one unknown call when it holds the name.
    """
    try:
        tokens = scan.tokenize(text)
    except scan.ScanError:
        return [(text,)] if routine[-1] in text else []
    found: list[tuple[str, ...]] = []
    written = re.compile(rf"\b{re.escape(routine[-1])}`?\s*\(")
    for index, token in enumerate(tokens):
        if token.token_type in TEXTS:
            # A text that EXECUTE IMMEDIATE may run.
            found += [(token.text,)] if written.search(token.text) else []
            continue
        if token.text != "(" or index == 0:
            continue
        path = _path_before(tokens, index)
        # A name without dataset or project is the one of the session's.
        if path and path == list(routine)[-len(path) :]:
            found.append(tuple(t.text for t in tokens[index : _closing(tokens, index)]))
    return found


def _essence(text: str) -> list[tuple[str, str]]:
    tokens = scan.tokenize(text)
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    found: list[tuple[str, str]] = []
    end = 0
    for index, token in enumerate(tokens):
        if token.start < end:
            continue  # of a name with dashes
        dashed = _DASHED.match(text, token.start) if _names_a_table(tokens, index) else None
        if dashed:
            # What reads numbers may have taken the dot, too.
            end = dashed.end()
            found += [("name", dashed["name"]), ("word", ".")]
        else:
            found += _keys(tokens, index)
    return found


def _names_a_table(tokens: list[Token], index: int) -> bool:
    return index > 0 and tokens[index - 1].text.upper() in _BEFORE_TABLES


def _keys(tokens: list[Token], index: int) -> Iterator[tuple[str, str]]:
    """One key; more of several parts of a name in one pair of backticks."""
    token = tokens[index]
    if token.token_type is not TokenType.IDENTIFIER or "." not in token.text:
        yield _key(tokens, index)
        return
    first, *others = token.text.split(".")
    yield "name", first
    for part in others:
        yield "word", "."
        yield "name", part


def _key(tokens: list[Token], index: int) -> tuple[str, str]:
    token = tokens[index]
    if token.token_type in TEXTS:
        return token.token_type.name, token.text
    if token.token_type in _NAMES:
        follows_dot = index > 0 and tokens[index - 1].text == "."
        called = index + 1 < len(tokens) and tokens[index + 1].text == "("
        built_in = called and not follows_dot and token.token_type is TokenType.VAR
        return "name", token.text.upper() if built_in else token.text
    if token.token_type is TokenType.NEQ:
        return "operator", "!="
    # A keyword that follows a dot is a name, whose case is shown in results.
    if index > 0 and tokens[index - 1].text == ".":
        return "name", token.text
    return "word", token.text.upper()


def _path_before(tokens: list[Token], index: int) -> list[str]:
    """Parts of the dotted name that ends before `index`."""
    parts: list[str] = []
    at = index - 1
    while at >= 0 and (tokens[at].token_type in _NAMES or tokens[at].text.isidentifier()):
        parts[:0] = tokens[at].text.split(".")
        if at < 2 or tokens[at - 1].text != ".":
            break
        at -= 2
    return parts


def _closing(tokens: list[Token], opening: int) -> int:
    depth = 0
    for index in range(opening, len(tokens)):
        if tokens[index].token_type in TEXTS:
            continue
        depth += (tokens[index].text == "(") - (tokens[index].text == ")")
        if depth == 0:
            return index
    return len(tokens)
