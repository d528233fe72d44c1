"""The clauses between an object's name and its body: all are read, the unknown refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlglot.tokenizer_core import Token

from bqstack.catalogue import options, scan

# Words that begin a clause of some CREATE statement, the longest of a beginning first
# (https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language).
_STARTS = (
    ("OPTIONS", "("),
    ("PARTITION", "BY"),
    ("CLUSTER", "BY"),
    ("RETURNS",),
    ("DEFAULT", "COLLATE"),
    ("LANGUAGE",),
    ("NOT", "DETERMINISTIC"),
    ("DETERMINISTIC",),
    ("REMOTE",),
    ("WITH", "CONNECTION"),
    ("WITH", "PARTITION", "COLUMNS"),
    ("EXTERNAL", "SECURITY"),
    ("SQL", "SECURITY"),
    ("LIKE",),
    ("COPY",),
    ("CLONE",),
)


@dataclass(frozen=True)
class Clause:
    """`name` are the words that begin it, `tokens` all of it."""

    name: str
    tokens: tuple[Token, ...]

    @property
    def line(self) -> int:
        return self.tokens[0].line

    @property
    def rest(self) -> tuple[Token, ...]:
        """What follows the words."""
        return self.tokens[len(self.name.split()) :]


class Header:
    """The clauses of a header, in parentheses first: columns or arguments."""

    def __init__(self, sql: str, tokens: Sequence[Token]) -> None:
        """`tokens` follow the object's name."""
        self._sql = sql
        self.list: list[Token] | None = None
        """What the first parentheses hold, None without any."""
        self.list_line = tokens[0].line if tokens else 1
        at = 0
        if scan.is_at(tokens, 0, "("):
            self.list, at = scan.inside(tokens, 0)
        self.clauses = list(_clauses(tokens[at:]))

    def take(self, name: str) -> Clause | None:
        """The clause of these words, which counts as read then."""
        for index, clause in enumerate(self.clauses):
            if clause.name == name:
                return self.clauses.pop(index)
        return None

    def options(self) -> list[options.Option]:
        """What the OPTIONS lists say; they count as read."""
        found = []
        while clause := self.take("OPTIONS"):
            held, _ = scan.inside(clause.tokens, 1)
            found += options.read(self._sql, held)
        return found

    def text(self, clause: Clause) -> str:
        """A clause as the file has it."""
        return scan.slice_text(self._sql, clause.tokens)


def _clauses(tokens: Sequence[Token]) -> list[Clause]:
    starts: list[tuple[int, str]] = []
    behind = 0
    for index, depth in enumerate(scan.depths(tokens)):
        # A word of a clause's beginning is none of its own: NOT DETERMINISTIC.
        if index >= behind and depth == 0 and (name := _start(tokens, index)):
            starts.append((index, name))
            behind = index + len(name.split())
    found = []
    if tokens and (not starts or starts[0][0] > 0):
        # Words that begin nothing that is known.
        end = starts[0][0] if starts else len(tokens)
        found.append(Clause("", tuple(tokens[:end])))
    for (start, name), (end, _) in pairwise([*starts, (len(tokens), "")]):
        found.append(Clause(name, tuple(tokens[start:end])))
    return found


def _start(tokens: Sequence[Token], index: int) -> str:
    for words in _STARTS:
        if scan.is_at(tokens, index, *words):
            return " ".join(word for word in words if word != "(")
    return ""
