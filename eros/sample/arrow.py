"""Numpy arrays as Arrow columns: identifiers, money, instants."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MICROSECONDS = 1_000_000
DAY_SECONDS = 86_400


def identifiers(prefix: str, count: int, first: int = 0) -> pa.Array:
    """`prefix` and a running number of eight digits, in rising order."""
    numbers = pc.cast(pa.array(np.arange(first, first + count)), pa.string())
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(numbers, 8, "0"), "")


def money(cents: np.ndarray) -> pa.Array:
    """Whole non-negative cents as exact decimals of two places."""
    # Arrow keeps a decimal128 as a little-endian 128-bit integer of the smallest unit.
    words = np.zeros((len(cents), 2), dtype="<i8")
    words[:, 0] = cents
    buffers = [None, pa.py_buffer(words)]
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), buffers)


def instants(seconds: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """Seconds since 1970 in UTC as timestamps; null where `missing` is true."""
    micros = (seconds * MICROSECONDS).astype(np.int64)
    return pa.array(micros, pa.int64(), mask=missing).cast(pa.timestamp("us", tz="UTC"))


def dates(days: np.ndarray) -> pa.Array:
    """Days since 1970 as dates."""
    return pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32())


def epoch_seconds(moment: datetime) -> int:
    """Whole seconds since 1970 in UTC of an aware time."""
    return int(moment.timestamp())
