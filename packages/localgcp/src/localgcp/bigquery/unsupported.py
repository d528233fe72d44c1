"""What BigQuery runs and the local BigQuery does not, refused by its name."""

from __future__ import annotations

from collections.abc import Sequence

from local_bigquery.errors import BigQueryError, position
from sqlglot.tokenizer_core import Token, TokenType

_PAGE = "docs/fidelity.md"
_PRIVACY = ("AGGREGATION_THRESHOLD", "DIFFERENTIAL_PRIVACY")
# Called with a table or a query; another function may have such a name.
_OF_TABLES = ("APPENDS", "CHANGES", "GAP_FILL", "VECTOR_SEARCH")
_OF_MODELS = ("AI", "ML")
_OF_TEXTS = ("BAG_OF_WORDS", "TEXT_ANALYZE", "TF_IDF")
_OF_KEYS = ("DLP_DETERMINISTIC_DECRYPT", "DLP_DETERMINISTIC_ENCRYPT", "DLP_KEY_CHAIN")
_SYSTEM_VARIABLES = ("LOCATION", "RESERVATION")


def error(feature: str, token: Token | None = None) -> BigQueryError:
    """The error for what BigQuery can do and the local BigQuery cannot."""
    where = f" at [{position(token)}]" if token is not None else ""
    return BigQueryError(
        "invalidQuery",
        f"The local BigQuery does not run {feature}{where}; BigQuery does ({_PAGE}).",
    )


def refuse(tokens: Sequence[Token]) -> None:
    """Raise the error of the first such thing in a statement."""
    for index, token in enumerate(tokens):
        words = [one.text.upper() for one in tokens[index : index + 4]]
        word, *behind = [*words, "", "", ""][:4]
        if token.token_type == TokenType.WITH and behind[0] in _PRIVACY:
            raise error(f"SELECT WITH {behind[0]}", token)
        is_name = index > 0 and tokens[index - 1].token_type == TokenType.DOT
        if is_name or token.token_type == TokenType.IDENTIFIER:
            continue
        if word == "MATCH_RECOGNIZE" and behind[0] == "(":
            raise error(word, token)
        if word in _OF_TABLES and behind[0] == "(" and behind[1] in ("(", "TABLE"):
            raise error(word, token)
        if [word, *behind[:2]] == ["STRING_AGG", "(", "DISTINCT"] and _has_limit(
            tokens[index + 1 :]
        ):
            raise error("a LIMIT of distinct texts in STRING_AGG", token)
        if word in _OF_TEXTS and behind[0] == "(":
            raise error("functions of text analysis", token)
        if word in _OF_KEYS and behind[0] == "(":
            raise error("functions of DLP", token)
        if [word, behind[0]] == ["@", "@"] and behind[1] in _SYSTEM_VARIABLES:
            raise error(f"@@{behind[1].lower()}", token)
        if word in _OF_MODELS and behind[0] == "." and behind[2] == "(":
            raise error(f"functions of {word}", token)


def _has_limit(tokens: Sequence[Token]) -> bool:
    """Whether LIMIT stands within the brackets that begin here, and in no inner ones."""
    depth = 0
    for token in tokens:
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if depth == 0:
            return False
        if depth == 1 and token.token_type == TokenType.LIMIT:
            return True
    return False
