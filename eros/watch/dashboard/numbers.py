"""Numbers and times as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bqstack import amounts

_TIMES = frozenset({"ms", "s", "min", "h", "d"})


def shown(value: float, unit: str) -> str:
    """`value` with its unit of Cloud Monitoring: 0.42 s, $1.20, 3.1%, 12 GiB, 1,234."""
    if unit == "{USD}":
        return amounts.usd(value)
    if unit == "%":
        return f"{amounts.plain(value)}%"
    if unit == "By":
        return amounts.size(value)
    if unit in _TIMES:
        return f"{amounts.plain(value)} {unit}"
    return amounts.plain(value)


def ago(moment: datetime, now: datetime) -> str:
    """How long ago `moment` was, in its two largest units."""
    past = now - moment
    return f"{amounts.span(past)} ago" if past >= timedelta(minutes=1) else "just now"


def offset_name(offset: timedelta) -> str:
    """UTC, UTC-8 or UTC+5:30."""
    minutes = int(offset.total_seconds()) // 60
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}{f':{rest:02d}' if rest else ''}"


def at_offset(moment: datetime, offset: timedelta) -> datetime:
    """`moment` on a clock with one offset all along, without a zone.

    A chart needs that: on the day on which clocks change, local time runs twice through an hour.
    """
    return (moment.astimezone(UTC) + offset).replace(tzinfo=None)
