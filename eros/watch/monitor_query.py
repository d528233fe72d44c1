"""A monitoring query, and what it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Rows with the names of their columns."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def records(self) -> list[dict[str, Any]]:
        """Each row as a mapping."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Query:
    """One thing to ask. In `sql` `{dataset}` and `{jobs}` stand for references in backticks.

    `{error_reason}` and `{own_jobs}` are what `Settings` says of a row of `{jobs}`.
    """

    name: str
    title: str
    sql: str
    number: int | None = None
    """Its number in the list of ten that `eros monitor` takes, too."""
    totals: str = ""
    """SQL of a summary that stands above rows of which there may be thousands."""
