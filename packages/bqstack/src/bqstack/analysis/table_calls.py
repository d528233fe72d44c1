"""Calls of table functions whose columns follow from their arguments.

The analyser's table functions give what their body gives, so each call has a function of its own
in a copy of the catalogue.
https://cloud.google.com/bigquery/docs/reference/standard-sql/time-series-functions#gap_fill
https://cloud.google.com/bigquery/docs/reference/standard-sql/range-functions#range_sessionize
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlglot.tokenizer_core import Token

from bqstack.catalogue import scan

GAP_FILL, _SESSIONS = "GAP_FILL", "RANGE_SESSIONIZE"
_NAMES = (GAP_FILL, _SESSIONS)
_CALL = re.compile(rf"\b({'|'.join(_NAMES)})\b(?=\s*\()", re.IGNORECASE)
# Names of the same length, so that places in the text stay.
_LAST = string.digits + string.ascii_uppercase
_OURS = re.compile(rf"\b({'|'.join(name[:-1] for name in _NAMES)})[{_LAST}]\b")
_WHOLE = {name[:-1]: name for name in _NAMES}
# What the analyser says of a name that the body of our own function has from the call.
_UNKNOWN = re.compile(
    rf"^Invalid table-valued function ({'|'.join(_NAMES)})( \[at \d+:\d+\])"
    r".*(Unrecognized name: \S+)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Call:
    """One call: its name in the analysed text, and the column that it is about, if literal."""

    arguments: ClassVar[str]
    name: str
    column: str | None

    @property
    def query(self) -> str:
        """The query whose columns are those of the call."""
        raise NotImplementedError


@dataclass(frozen=True)
class GapFill(Call):
    """The columns that the arguments name, in this order; all without `value_columns`."""

    arguments = (
        "given TABLE, ts_column STRING, bucket_width INTERVAL,"
        " partitioning_columns =ARRAY<STRING>,"
        " value_columns =ARRAY<STRUCT<STRING, STRING>>,"
        " origin =ANY, ignore_null_values =BOOL"
    )
    partitions: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] | None = None

    @property
    def query(self) -> str:
        if self.column is None:
            return "SELECT * FROM given"
        if self.values is None:
            return f"SELECT {_quoted(self.column)}, * EXCEPT ({_quoted(self.column)}) FROM given"
        names = (self.column, *self.partitions, *(name for name, _ in self.values))
        once = {name.lower(): _quoted(name) for name in names}
        return f"SELECT {', '.join(once.values())} FROM given"


@dataclass(frozen=True)
class Sessions(Call):
    """All columns, and the session of the range column."""

    arguments = (
        "given TABLE, range_column STRING, partitioning_columns ARRAY<STRING>,"
        " sessionize_option ?STRING"
    )

    @property
    def query(self) -> str:
        column = _quoted(self.column) if self.column else "RANGE(DATE '2026-01-01', NULL)"
        # No other type has a start.
        session = f"IF(RANGE_START({column}) IS NULL, NULL, {column})"
        return f"SELECT *, {session} AS session_range FROM given"


def renamed(sql: str) -> tuple[str, list[Call]]:
    """The text with a name of its own for each call, as long as before, and the calls."""
    if not _CALL.search(sql):
        return sql, []
    try:
        tokens = scan.tokenize(sql)
    except scan.ScanError:
        return sql, []
    calls: list[Call] = []
    for place, token in enumerate(tokens[:-1]):
        called = token.text.upper()
        if called not in _NAMES or not scan.is_mark(token, called):
            continue
        if not scan.is_at(tokens, place + 1, "(") or len(calls) == len(_LAST):
            continue
        name = called[:-1] + _LAST[len(calls)]
        held, _ = scan.inside(tokens, place + 1)
        given = _given(scan.split(held))
        calls.append(_gap_fill(name, given) if called == GAP_FILL else _sessions(name, given))
        sql = sql[: token.start] + name + sql[token.end + 1 :]
    return sql, calls


def shown(message: str) -> str:
    """A message of the analyser with the name that people write, and where they wrote it."""
    message = _OURS.sub(lambda match: _WHOLE[match[1]], message)
    unknown = _UNKNOWN.search(message)
    return f"{unknown[3]}, which {unknown[1]} names{unknown[2]}" if unknown else message


def _quoted(name: str) -> str:
    return f"`{name}`"


def _given(arguments: Sequence[Sequence[Token]]) -> dict[str, Sequence[Token]]:
    """Arguments by name; the second is the one about a column, in every such function."""
    given: dict[str, Sequence[Token]] = {}
    for place, argument in enumerate(arguments):
        if scan.is_at(argument, 1, "=>"):
            given[argument[0].text.lower()] = argument[2:]
        elif place == 1:
            given["column"] = argument
    return given


def _gap_fill(name: str, given: Mapping[str, Sequence[Token]]) -> Call:
    column = _first(given.get("ts_column") or given.get("column", ()))
    partitions = tuple(_texts(given.get("partitioning_columns", ())))
    if "value_columns" not in given:
        return GapFill(name, column, partitions)
    values = _texts(given["value_columns"])
    if not values or len(values) % 2:
        # Not written as literals: any column may be among them.
        return GapFill(name, column)
    return GapFill(name, column, partitions, tuple(zip(values[::2], values[1::2], strict=True)))


def _sessions(name: str, given: Mapping[str, Sequence[Token]]) -> Call:
    return Sessions(name, _first(given.get("range_column") or given.get("column", ())))


def _first(tokens: Sequence[Token]) -> str | None:
    return next(iter(_texts(tokens)), None)


def _texts(tokens: Sequence[Token]) -> list[str]:
    return [token.text for token in tokens if token.token_type in scan.TEXTS]
