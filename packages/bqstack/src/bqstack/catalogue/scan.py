"""Token-level reading of a DDL statement: header, options, body, references.

sqlglot's parser does not read every procedure (OUT arguments, scripting), its tokenizer
does; bodies are cut from the text by token position, so that comments and layout of the
file reach BigQuery as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sqlglot.dialects.bigquery import BigQuery
from sqlglot.errors import TokenError
from sqlglot.tokens import Token, TokenType

from bqstack.catalogue.model import Reference

_OPEN = {"(", "[", "<"}
_CLOSE = {")", "]", ">"}
_NOT_OBJECTS = {"INFORMATION_SCHEMA", "__TABLES__"}


class _Tokenizer(BigQuery.Tokenizer):
    # sqlglot's own takes everything after CALL and the like for one string.
    COMMANDS: ClassVar[set[TokenType]] = set()


class ScanError(ValueError):
    """The statement does not have the expected form; `line` is where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Statement:
    """A CREATE statement cut into pieces.

    `header` are the tokens between the name and AS or BEGIN; `body` is the text behind.
    """

    words: tuple[str, ...]
    qualifier: tuple[str, ...]
    name: str
    name_line: int
    header: tuple[Token, ...]
    body: str
    body_line: int
    tokens: tuple[Token, ...]


def tokenize(sql: str) -> list[Token]:
    """Tokens of the text; raises ScanError for an unclosed string or comment."""
    try:
        return _Tokenizer(dialect="bigquery").tokenize(sql)
    except TokenError:
        # sqlglot tells the surrounding text, not the place.
        message = "SQL syntax: a string, a quoted name or a comment is not closed"
        raise ScanError(message, sql.count("\n") + 1) from None


def scan(sql: str) -> Statement:
    """Cut the single CREATE statement of a file; raises ScanError."""
    tokens = tokenize(sql)
    if not tokens or tokens[0].text.upper() != "CREATE":
        raise ScanError("the file must hold one CREATE statement", _line(tokens))
    start = _name_start(tokens)
    words = tuple(token.text.upper() for token in tokens[:start])
    parts, end = _dotted(tokens, start)
    body_at = _body_start(tokens, end, "PROCEDURE" in words)
    return Statement(
        words=words,
        qualifier=tuple(parts[:-1]),
        name=parts[-1],
        name_line=tokens[start].line,
        header=tuple(tokens[end:body_at]),
        body=_body(sql, tokens, body_at, words),
        body_line=_body_line(tokens, body_at),
        tokens=tuple(tokens),
    )


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
    prefix = f"{project}.{dataset}"
    return [
        Reference(token.text, token.line)
        for token in tokens
        if token.token_type == TokenType.IDENTIFIER and token.text.startswith(prefix)
    ]


def option(tokens: tuple[Token, ...], name: str) -> str | None:
    """Literal text of `name` in the OPTIONS list of a header."""
    inside = False
    for index, token in enumerate(tokens):
        if token.text.upper() == "OPTIONS" and _text(tokens, index + 1) == "(":
            inside = True
        if inside and token.text.lower() == name and _text(tokens, index + 1) == "=":
            return _text(tokens, index + 2)
    return None


def option_names(tokens: tuple[Token, ...]) -> list[Token]:
    """Names in the OPTIONS list of a header, that of a column left out."""
    found: list[Token] = []
    inside, depth = False, 0
    for index, token in enumerate(tokens):
        depth += _depth_change(token)
        if depth == 0:
            inside = token.text.upper() == "OPTIONS"
        elif inside and depth == 1 and _text(tokens, index + 1) == "=":
            found.append(token)
    return found


def argument_lists(tokens: tuple[Token, ...]) -> list[list[Token]]:
    """Tokens of each argument in the first parentheses of a routine's header."""
    if not tokens or tokens[0].text != "(":
        return []
    groups: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += _depth_change(token)
        if token.text == "(" and depth == 1:
            continue
        if depth == 0:
            break
        if token.text == "," and depth == 1:
            groups.append([])
        else:
            groups[-1].append(token)
    return [group for group in groups if group]


def returns(tokens: tuple[Token, ...]) -> list[Token]:
    """Tokens of the type after RETURNS, up to OPTIONS; empty without one."""
    texts = [token.text.upper() for token in tokens]
    if "RETURNS" not in texts:
        return []
    start = texts.index("RETURNS") + 1
    end = texts.index("OPTIONS") if "OPTIONS" in texts[start:] else len(tokens)
    return list(tokens[start:end])


def clauses(tokens: tuple[Token, ...]) -> list[Token]:
    """First words of what a routine's header says besides its arguments."""
    found: list[Token] = []
    depth, in_type = 0, False
    for token in tokens:
        before, depth = depth, depth + _depth_change(token)
        if before == depth == 0:
            if in_type:
                in_type = False
                continue
            found.append(token)
            in_type = token.text.upper() == "RETURNS"
    return found


def slice_text(sql: str, tokens: list[Token]) -> str:
    """Source text from the first to the last of the tokens."""
    return sql[tokens[0].start : tokens[-1].end + 1]


def _name_start(tokens: list[Token]) -> int:
    for index, token in enumerate(tokens):
        if token.token_type == TokenType.IDENTIFIER:
            return index
    raise ScanError("the object's name must be written `project`.`dataset`.name", _line(tokens))


def _dotted(tokens: list[Token], start: int) -> tuple[list[str], int]:
    parts, index = [tokens[start].text], start + 1
    while _text(tokens, index) == "." and index + 1 < len(tokens):
        parts.append(tokens[index + 1].text)
        index += 2
    return parts, index


def _body_start(tokens: list[Token], start: int, procedure: bool) -> int:
    """Index of AS (functions, views) or BEGIN (procedures) outside all parentheses."""
    wanted, depth = ("BEGIN" if procedure else "AS"), 0
    for index in range(start, len(tokens)):
        depth += _depth_change(tokens[index])
        if depth == 0 and tokens[index].text.upper() == wanted:
            return index
    return len(tokens)


def _body(sql: str, tokens: list[Token], at: int, words: tuple[str, ...]) -> str:
    if at == len(tokens):
        return ""
    last = len(tokens) - 1 if tokens[-1].text != ";" else len(tokens) - 2
    if "PROCEDURE" in words:
        return sql[tokens[at].start : tokens[last].end + 1]
    first = at + 1
    # A table function's body is a query, with or without parentheses; a scalar
    # function's is the expression inside them.
    if "FUNCTION" in words and "TABLE" not in words:
        if _text(tokens, first) != "(" or tokens[last].text != ")":
            raise ScanError("a function's body must stand in parentheses", tokens[at].line)
        return sql[tokens[first].end + 1 : tokens[last].start].strip()
    return sql[tokens[first].start : tokens[last].end + 1]


def _body_line(tokens: list[Token], at: int) -> int:
    """Line of the first token behind AS (or of BEGIN)."""
    following = min(at + 1, len(tokens) - 1)
    return tokens[following].line


def _depth_change(token: Token) -> int:
    if token.token_type == TokenType.STRING:
        return 0
    # `>>` closes two type brackets at once.
    if token.text == ">>":
        return -2
    return (token.text in _OPEN) - (token.text in _CLOSE)


def _text(tokens: list[Token] | tuple[Token, ...], index: int) -> str:
    return tokens[index].text if index < len(tokens) else ""


def _line(tokens: list[Token]) -> int:
    return tokens[0].line if tokens else 1
