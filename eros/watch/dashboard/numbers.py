"""Numbers and times as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
_BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def shown(value: float, unit: str) -> str:
    """`value` with its unit of Cloud Monitoring: 0.42 s, $1.20, 3.1%, 12 GiB, 1,234."""
    if unit == "{USD}":
        return f"{'-' if value < 0 else ''}${abs(value):,.{2 if abs(value) >= 0.01 else 4}f}"
    if unit == "%":
        return f"{_plain(value)}%"
    if unit == "By":
        return _bytes(value)
    if unit in _SECONDS:
        return f"{_plain(value)} {unit}"
    return _plain(value)


def ago(moment: datetime, now: datetime) -> str:
    """How long `moment` is past, in the largest unit that says it."""
    seconds = max(0.0, (now - moment).total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return "just now"


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


def _plain(value: float) -> str:
    """Three digits that count, thousands apart."""
    size = abs(value)
    if size >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.{1 if size >= 10 else 2 if size >= 1 else 3}f}".rstrip("0").rstrip(".")


def _bytes(value: float) -> str:
    power = 0
    while abs(value) >= 1024 and power < len(_BYTES) - 1:
        value /= 1024
        power += 1
    return f"{_plain(value)} {_BYTES[power]}"
