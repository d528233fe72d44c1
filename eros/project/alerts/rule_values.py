"""Values and limits of alert rules as a person reads them.

The unit of a rule says what is measured, then of what: `bytes billed in 20 hours`. Where the first
word is a measure, the value takes it in: 3.2 TiB billed in 20 hours.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bqstack import amounts

# Beyond that days are easier to read.
_LONG = timedelta(hours=72)


def amount(value: float, unit: str) -> str:
    """The value alone, with its measure: 3.2 TiB, 6 h 13 min, $9.80, 4.2%, 10,001."""
    return _split(value, unit)[0]


def words(value: float, unit: str, one: str = "") -> str:
    """The value and what it counts: 3.2 TiB billed in 20 hours, 10,001 active locks.

    `one` is the unit of a single thing: 1 active lock.
    """
    said, rest = _split(value, unit)
    return f"{said} {one}" if one and said == "1" else f"{said}{rest}".rstrip()


def _split(value: float, unit: str) -> tuple[str, str]:
    for measure, said in _MEASURES.items():
        rest = unit.removeprefix(measure)
        if rest != unit and not rest[:1].isalnum():
            return said(value), rest
    return amounts.plain(value), f" {unit}"


def _time(time: timedelta) -> str:
    return amounts.span(time, largest="h" if time < _LONG else "d", smallest="s")


_MEASURES: dict[str, Callable[[float], str]] = {
    "bytes": amounts.size,
    "hours": lambda value: _time(timedelta(hours=value)),
    "minutes": lambda value: _time(timedelta(minutes=value)),
    "seconds": lambda value: f"{amounts.plain(value)} s",
    "US dollars": amounts.usd,
    "%": lambda value: f"{amounts.plain(value)}%",
}
