"""OPTIONS lists: what their names say, as far as it is a literal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot.tokenizer_core import Token, TokenType

from bqstack.catalogue import scan


@dataclass(frozen=True)
class Option:
    """One `name = value`; `written` is the value's text in the file."""

    name: str
    line: int
    value: tuple[Token, ...]
    written: str

    @property
    def text(self) -> str | None:
        """A literal text, pieces behind each other joined as BigQuery does it, else None."""
        texts = (TokenType.STRING, TokenType.RAW_STRING)
        if self.value and all(token.token_type in texts for token in self.value):
            return "".join(token.text for token in self.value)
        return None

    @property
    def number(self) -> float | None:
        """A literal number, else None."""
        negative = len(self.value) == 2 and self.value[0].text == "-"
        if len(self.value) != 1 + negative or self.value[-1].token_type is not TokenType.NUMBER:
            return None
        return -float(self.value[-1].text) if negative else float(self.value[-1].text)

    @property
    def truth(self) -> bool | None:
        """TRUE or FALSE, else None."""
        words = [token.text.upper() for token in self.value]
        if words not in (["TRUE"], ["FALSE"]) or self.value[0].token_type in scan.TEXTS:
            return None
        return words == ["TRUE"]

    @property
    def is_null(self) -> bool:
        """NULL: as if the option were not there."""
        return len(self.value) == 1 and scan.is_mark(self.value[0], "NULL")


def read(sql: str, held: Sequence[Token]) -> list[Option]:
    """The options between the parentheses of a list."""
    return [
        Option(
            name=piece[0].text.lower(),
            line=piece[0].line,
            # `=` or `+=`, which is only for ALTER.
            value=tuple(piece[2:]),
            written=scan.slice_text(sql, piece[2:]),
        )
        for piece in scan.split(held)
    ]
