"""Sizes, counts and times as a person reads them; the only place that formats them."""

from __future__ import annotations

import math
from datetime import timedelta

_BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_DAY, _HOUR, _MINUTE = 86400, 3600, 60
_SECONDS = {"d": _DAY, "h": _HOUR, "min": _MINUTE, "s": 1}


def plain(value: float) -> str:
    """A number in three digits or decimal places, thousands separated: 0.423, 9.83, 1,234.

    What is not nothing is never written as 0: 0.0000123.
    """
    size = abs(value)
    if size >= 100 or value == round(value):
        return f"{value:,.0f}"
    places = 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.001 else _leading(size) + 2
    return f"{value:.{places}f}".rstrip("0").rstrip(".")


def size(number: float) -> str:
    """Bytes in the largest binary unit that fits, such as 512 B, 1.5 MiB or 12 GiB."""
    power = 0
    while abs(number) >= 1024 and power < len(_BYTES) - 1:
        number /= 1024
        power += 1
    return f"{plain(number)} {_BYTES[power]}"


def usd(value: float) -> str:
    """US dollars: $1.20, -$3.00, in four digits below a cent: $0.0042, $0.00001 below those."""
    sign, size = "-" if value < 0 else "", abs(value)
    places = 2 if size >= 0.01 or not size else 4 if size >= 0.0001 else _leading(size)
    return f"{sign}${size:,.{places}f}"


def _leading(size: float) -> int:
    """Decimal place of the first digit of a number below 1 that is not 0."""
    return -math.floor(math.log10(size))


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun, such as 1 row, 1,234 rows or, with a plural of its own, 2 queries."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def span(time: timedelta, *, parts: int = 2, largest: str = "d", smallest: str = "min") -> str:
    """A length of time in its largest units, such as 3 d 4 h, 1 h 30 min or 12 min.

    `parts` is how many units are shown at most. `largest` and `smallest` are `d`, `h`, `min` or
    `s`; the time is rounded to the smallest. Less than half of that is `less than a minute`, or
    `0 s` where seconds are shown. A negative time counts as none.
    """
    units = list(_SECONDS)
    chosen = units[units.index(largest) : units.index(smallest) + 1]
    step = _SECONDS[smallest]
    left = max(round(time.total_seconds() / step), 0) * step
    found = []
    for unit in chosen:
        count, left = divmod(left, _SECONDS[unit])
        if count:
            found.append(f"{count} {unit}")
    if not found:
        return "0 s" if smallest == "s" else "less than a minute"
    return " ".join(found[:parts])
