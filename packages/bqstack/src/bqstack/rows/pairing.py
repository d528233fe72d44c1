"""Which row of one side is which of the other, among those that differ.

Rows have no keys here, so the columns that tell them apart are found: the fewest whose values are
each once on either side, and that bring most rows together.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from bqstack.unchecked import JsonMapping, JsonValue

Row = JsonMapping
_MOST_KEY_COLUMNS = 3
_MOST_CANDIDATES = 12
# Sums of the same numbers in another order.
_NOISE = 1e-9
_DIGITS = 9


@dataclass(frozen=True)
class Pairs:
    """Rows found on both sides, and those of one side only; `by` are the key's columns."""

    both: list[tuple[Row, Row]]
    removed: list[Row]
    added: list[Row]
    by: tuple[str, ...]


def pair(
    before: Sequence[Row],
    after: Sequence[Row],
    columns: Sequence[str],
    by: tuple[str, ...] = (),
) -> Pairs:
    """Bring rows of both sides together by the columns `by`, else by the best key of all."""
    by = by or _key(before, after, columns)
    # The only row of either side needs no key.
    if not by and not len(before) == len(after) == 1:
        return Pairs([], list(before), list(after), ())
    old, new = _by(before, by), _by(after, by)
    return Pairs(
        [(row, new[key]) for key, row in old.items() if key in new],
        [row for key, row in old.items() if key not in new],
        [row for key, row in new.items() if key not in old],
        by,
    )


def differing(before: Row, after: Row, columns: Sequence[str]) -> list[str]:
    """Columns in which two rows differ by more than the noise of floating point."""
    return [name for name in columns if not _same(before.get(name), after.get(name))]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        numbers = isinstance(one, int | float) and isinstance(other, int | float)
        return numbers and math.isclose(one, other, rel_tol=_NOISE, abs_tol=1e-12)
    if isinstance(one, list | dict):
        return bool(ordered(one, _DIGITS) == ordered(other, _DIGITS))
    return bool(one == other)


def ordered(value: JsonValue, digits: int) -> JsonValue:
    """A value of JSON without the order of arrays; floating point to so many digits."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    if isinstance(value, Mapping):
        return {key: ordered(inner, digits) for key, inner in value.items()}
    if isinstance(value, list):
        inner = [ordered(one, digits) for one in value]
        return sorted(inner, key=lambda one: json.dumps(one, sort_keys=True))
    return value


def _key(before: Sequence[Row], after: Sequence[Row], columns: Sequence[str]) -> tuple[str, ...]:
    candidates = [
        name
        for name in columns
        if all(_names_a_row(row.get(name)) for side in (before, after) for row in side)
    ][:_MOST_CANDIDATES]
    best: tuple[str, ...] = ()
    most = 0
    for size in range(1, _MOST_KEY_COLUMNS + 1):
        for names in combinations(candidates, size):
            old, new = _by(before, names), _by(after, names)
            if len(old) < len(before) or len(new) < len(after):
                continue
            if (matched := len(old.keys() & new.keys())) > most:
                best, most = names, matched
        if most and most >= min(len(before), len(after)):
            break
    return best


def _names_a_row(value: Any) -> bool:
    """Whether it may be part of a key: nothing measured, nothing nested."""
    return isinstance(value, str | int) or value is None


def _by(rows: Sequence[Row], names: Sequence[str]) -> dict[tuple[Any, ...], Row]:
    return {tuple(row.get(name) for name in names): row for row in rows}
