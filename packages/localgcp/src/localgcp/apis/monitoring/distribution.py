"""Distributions: counts in buckets, with count, mean and spread kept exactly."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True)
class Distribution:
    """Values in buckets; bucket n lies between bounds n - 1 and n, the outer two are open."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    count: int
    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Sequence[float], bounds: tuple[float, ...]) -> Distribution:
        """The distribution of some values, at least one."""
        counts = [0] * (len(bounds) + 1)
        for value in values:
            counts[bisect.bisect_right(bounds, value)] += 1
        mean = sum(values) / len(values)
        deviation = sum((value - mean) ** 2 for value in values)
        return cls(bounds, tuple(counts), len(values), mean, deviation)

    @classmethod
    def merged(cls, parts: Iterable[Distribution]) -> Distribution:
        """All values of several distributions with the same bounds."""
        parts = list(parts)
        count = sum(part.count for part in parts)
        mean = sum(part.mean * part.count for part in parts) / count
        deviation = sum(part.deviation + part.count * (part.mean - mean) ** 2 for part in parts)
        counts = tuple(map(sum, zip(*(part.counts for part in parts), strict=True)))
        return cls(parts[0].bounds, counts, count, mean, deviation)

    def percentile(self, share: float) -> float:
        """The value below which `share` (0 to 1) of all lie, as far as the buckets tell.

        Google interpolates within the bucket. The outer buckets are open at one side: their
        value is their bound.
        """
        rank, below = share * self.count, 0
        for place, count in enumerate(self.counts):
            if count and below + count >= rank:
                if place == 0:
                    return self.bounds[0]
                if place == len(self.bounds):
                    return self.bounds[-1]
                low, high = self.bounds[place - 1 : place + 1]
                return low + (high - low) * max(rank - below, 0) / count
            below += count
        return self.bounds[-1]

    def body(self, buckets: dict[str, Any]) -> dict[str, Any]:
        """The distribution as the API writes it."""
        last = max((place for place, count in enumerate(self.counts) if count), default=-1)
        return {
            "count": str(self.count),
            "mean": self.mean,
            "sumOfSquaredDeviation": self.deviation,
            "bucketOptions": buckets,
            "bucketCounts": [str(count) for count in self.counts[: last + 1]],
        }


def bounds_of(buckets: dict[str, Any]) -> tuple[float, ...]:
    """The bounds that BucketOptions describe."""
    ((kind, options),) = buckets.items()
    return _bounds(kind, tuple(sorted((key, _frozen(value)) for key, value in options.items())))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@lru_cache(maxsize=64)
def _bounds(kind: str, items: tuple[tuple[str, Any], ...]) -> tuple[float, ...]:
    options = dict(items)
    if kind == "explicitBuckets":
        return tuple(float(bound) for bound in options["bounds"])
    number = int(options["numFiniteBuckets"])
    if kind == "linearBuckets":
        offset, width = float(options.get("offset", 0)), float(options["width"])
        return tuple(offset + width * n for n in range(number + 1))
    growth, scale = float(options["growthFactor"]), float(options["scale"])
    return tuple(scale * growth**n for n in range(number + 1))
