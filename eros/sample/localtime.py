"""Wall clock times of many time zones to UTC, without a Python call per row."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from eros.sample.creators import TIME_ZONES

_HOUR = 3_600
_EPOCH = datetime(1970, 1, 1)


def to_utc(zone: np.ndarray, local: np.ndarray) -> np.ndarray:
    """Seconds since 1970 in UTC of `local` (seconds on the wall clock) in `zone`.

    `zone` indexes TIME_ZONES. An hour that the clock shows twice is the first one,
    an hour that it skips keeps the offset from before the change.
    """
    # Offsets change on whole hours in all our zones: one look-up per zone and hour.
    slots, inverse = np.unique(zone * 10_000_000 + local // _HOUR, return_inverse=True)
    zones, hours = np.divmod(slots, 10_000_000)
    infos = [ZoneInfo(name) for name in TIME_ZONES]
    offsets = np.array(
        [_offset(infos[z], int(h)) for z, h in zip(zones, hours, strict=True)], dtype=np.int64
    )
    return local - offsets[inverse] if len(local) else local


def _offset(zone: ZoneInfo, hour: int) -> int:
    moment = (_EPOCH + timedelta(hours=hour)).replace(tzinfo=zone)
    offset = moment.utcoffset()
    return int(offset.total_seconds()) if offset else 0
