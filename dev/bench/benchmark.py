"""What a benchmark is and what it gives back."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dev.bench.lab import Lab


@dataclass(frozen=True)
class Figure:
    """One result: the median of its samples.

    Units: s (seconds), x (ratio), 1 (exponent), GiB, USD.
    """

    name: str
    unit: str
    samples: tuple[float, ...]

    @property
    def value(self) -> float:
        """The median, which one disturbed run does not move."""
        return statistics.median(self.samples)


@dataclass(frozen=True)
class Figures:
    """The results of a benchmark and the sizes that they hold for."""

    figures: tuple[Figure, ...]
    conditions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Benchmark:
    """A registered benchmark."""

    name: str
    title: str
    run: Callable[[Lab], Figures]


REGISTRY: dict[str, Benchmark] = {}


def benchmark(name: str, title: str) -> Callable[[Callable[[Lab], Figures]], Any]:
    """Register the decorated function under `name`."""

    def register(function: Callable[[Lab], Figures]) -> Callable[[Lab], Figures]:
        if name in REGISTRY:
            raise ValueError(f"two benchmarks are called {name}")
        REGISTRY[name] = Benchmark(name, title, function)
        return function

    return register


def seconds(name: str, samples: Sequence[float]) -> Figure:
    """A duration."""
    return Figure(name, "s", tuple(samples))


def ratio(name: str, numerators: Sequence[float], denominators: Sequence[float]) -> Figure:
    """How many times longer: the ratios of the pairs that were timed in turns."""
    pairs = zip(numerators, denominators, strict=True)
    return Figure(name, "x", tuple(above / below for above, below in pairs))


def growth(name: str, sizes: Sequence[float], times: Sequence[Sequence[float]]) -> Figure:
    """The exponent e of time ~ size^e between the smallest and the largest size.

    `times` has the samples of each size, in the order of `sizes`; 1 is linear growth.
    """
    by_size = sorted(zip(sizes, times, strict=True), key=lambda pair: pair[0])
    (small, first), (large, last) = by_size[0], by_size[-1]
    span = math.log(large / small)
    pairs = zip(first, last, strict=True)
    return Figure(name, "1", tuple(math.log(late / early) / span for early, late in pairs))
