"""Tokens of GoogleSQL in the order and of the kinds that sqlglot's parser takes."""

from __future__ import annotations

from sqlglot.tokenizer_core import Token, TokenType

from localgcp.bigquery import unsupported

_OPENING = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}


def respelled(tokens: list[Token]) -> list[Token]:
    """The tokens of a statement as sqlglot reads it; raises BigQueryError for what is refused."""
    _name_parts(tokens)
    unsupported.refuse(tokens)
    tokens = _joined(tokens)
    if _text(tokens, 0) == "CREATE":
        head = [_text(tokens, n) for n in range(1, 5)]
        if "FUNCTION" in head:
            return _function(tokens)
        if head[0] in ("TABLE", "OR") and (moved := _clone_options(tokens)):
            return moved
    return tokens


def _joined(tokens: list[Token]) -> list[Token]:
    """FROM (UNNEST(...) AS a JOIN ...) without the parentheses, which change nothing there."""
    index = 0
    while index + 2 < len(tokens):
        kinds = [token.token_type for token in tokens[index : index + 3]]
        if kinds == [TokenType.FROM, TokenType.L_PAREN, TokenType.UNNEST]:
            closing = _outside(tokens, index + 1, TokenType.R_PAREN)
            if closing is not None:
                tokens = [
                    *tokens[: index + 1],
                    *tokens[index + 2 : closing],
                    *tokens[closing + 1 :],
                ]
        index += 1
    return tokens


def _clone_options(tokens: list[Token]) -> list[Token] | None:
    """CREATE TABLE ... CLONE source OPTIONS (...) with the options where sqlglot reads them."""
    depth, clone, options = 0, 0, 0
    for index, token in enumerate(tokens):
        depth += _OPENING.get(token.token_type, 0)
        word = token.text.upper() if token.token_type != TokenType.IDENTIFIER else ""
        if depth == 0 and _text(tokens, index - 1) != ".":
            if word in ("CLONE", "COPY") and not clone:
                clone = index
            elif word == "OPTIONS" and clone:
                options = index
            elif word in ("SELECT", "AS") and not clone:
                return None
    if not options or _text(tokens, options + 1) != "(":
        return None
    return [*tokens[:clone], *tokens[options:], *tokens[clone:options]]


def _text(tokens: list[Token], index: int) -> str:
    return tokens[index].text.upper() if index < len(tokens) else ""


def _name_parts(tokens: list[Token]) -> None:
    """Behind a dot every word is a name, reserved or not: `p.d.distinct`."""
    for index in range(1, len(tokens)):
        token = tokens[index]
        if (
            tokens[index - 1].token_type == TokenType.DOT
            and token.token_type not in (TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING)
            and token.text.isidentifier()
            # A call keeps the meaning that its name has.
            and (index + 1 == len(tokens) or tokens[index + 1].token_type != TokenType.L_PAREN)
        ):
            tokens[index] = _like_token(token, TokenType.VAR)


def _like_token(token: Token, kind: TokenType, text: str | None = None) -> Token:
    return Token(
        kind, token.text if text is None else text, token.line, token.col, token.start, token.end
    )


def _function(tokens: list[Token]) -> list[Token]:
    """CREATE FUNCTION with its options before the body, and a query in parentheses."""
    body = _outside(tokens, 0, TokenType.ALIAS)
    if body is None:
        return tokens
    head, rest = tokens[:body], tokens[body + 1 :]
    if not rest:
        return tokens
    options = _options(rest)
    if options is not None:
        head, rest = head + rest[options:], rest[:options]
    if rest[0].token_type in (TokenType.WITH, TokenType.SELECT, TokenType.FROM):
        first, last = rest[0], rest[-1]
        opening = _like_token(first, TokenType.L_PAREN, "(")
        rest = [opening, *rest, _like_token(last, TokenType.R_PAREN, ")")]
    return [*head, tokens[body], *rest]


def _options(body: list[Token]) -> int | None:
    """Where OPTIONS (...) begins that ends these tokens, behind a body in parentheses."""
    if body[0].token_type != TokenType.L_PAREN:
        return None
    depth = 0
    for index, token in enumerate(body):
        depth += _OPENING.get(token.token_type, 0)
        if depth == 0 and index:
            return index + 1 if _text(body, index + 1) == "OPTIONS" else None
    return None


def _outside(tokens: list[Token], start: int, kind: TokenType) -> int | None:
    depth = 0
    for index in range(start, len(tokens)):
        depth += _OPENING.get(tokens[index].token_type, 0)
        if depth == 0 and tokens[index].token_type == kind:
            return index
    return None
