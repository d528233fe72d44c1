"""Aligners: the points of one series within one period to one value.

https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#aligner. An
aligner that the metric's kind and type do not allow is refused, as Google refuses it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ..api_errors import ApiError, invalid
from .built_in_metrics import Metric
from .distribution import Distribution, bounds_of
from .samples import Sample

MINUTE = 60 * 1_000_000
Value = float | Distribution
# Microseconds since 1970 and value.
Point = tuple[int, Value]

_SHARES = {
    "ALIGN_PERCENTILE_99": 0.99,
    "ALIGN_PERCENTILE_95": 0.95,
    "ALIGN_PERCENTILE_50": 0.5,
    "ALIGN_PERCENTILE_05": 0.05,
}
_NUMBERS = frozenset({"INT64", "DOUBLE"})
_ANY = _NUMBERS | {"DISTRIBUTION"}
_BOTH = frozenset({"GAUGE", "DELTA"})


def points(metric: Metric, samples: Sequence[Sample]) -> list[Point]:
    """One point a minute, at the time of its last sample: a sum, a last value, a distribution."""
    result: list[Point] = []
    for _, group in groupby(samples, lambda sample: sample[0] // MINUTE):
        some = list(group)
        values = [value for _, value in some]
        value: Value
        if metric.is_distribution:
            value = Distribution.of(values, bounds_of(metric.buckets))
        else:
            value = sum(values) if metric.kind == "DELTA" else values[-1]
        result.append((some[-1][0], value))
    return result


@dataclass(frozen=True)
class Aligner:
    """How points become one value; `metric` describes the result."""

    align: Callable[[Sequence[Point], float], Value]
    metric: Metric
    # Also looks at the last point before the period.
    looks_back: bool = False


def aligner(name: str, metric: Metric) -> Aligner:
    """The aligner for a metric; raises ApiError 400 when Google would refuse it."""
    if name in _SHARES:
        share = _SHARES[name]
        _require(name, metric, frozenset({"DISTRIBUTION"}), _BOTH)
        return Aligner(
            lambda some, _: _merged(some).percentile(share),
            replace(metric, kind="GAUGE", value_type="DOUBLE"),
        )
    found = _ALIGNERS.get(name)
    if found is None:
        raise invalid(
            f'Field aggregation.perSeriesAligner had an invalid value of "{name}": the local'
            " cloud does not know it.",
            "aggregation.per_series_aligner",
        )
    function, types, kinds, kind, value_type, unit = found
    _require(name, metric, types, kinds)
    looks_back = name == "ALIGN_NEXT_OLDER"
    result = replace(
        metric,
        kind=kind or metric.kind,
        value_type=value_type or metric.value_type,
        unit=unit.replace("{}", metric.unit),
    )
    return Aligner(function, result, looks_back)


def windows(start: int, end: int, period: int) -> Iterator[tuple[int, int]]:
    """The period that ends at `end` and those before it that end after `start`."""
    while end > start:
        yield end - period, end
        end -= period


def _require(name: str, metric: Metric, types: frozenset[str], kinds: frozenset[str]) -> None:
    if metric.value_type not in types or metric.kind not in kinds:
        raise _refused(name, metric)


def _refused(name: str, metric: Metric) -> ApiError:
    return invalid(
        f'Field aggregation.perSeriesAligner had an invalid value of "{name}": The aligner'
        f" cannot be applied to metrics with kind {metric.kind} and value type"
        f" {metric.value_type}.",
        "aggregation.per_series_aligner",
    )


def _merged(some: Sequence[Point]) -> Distribution:
    return Distribution.merged([value for _, value in some if isinstance(value, Distribution)])


def _numbers(some: Sequence[Point]) -> list[float]:
    return [value for _, value in some if not isinstance(value, Distribution)]


def _sum(some: Sequence[Point], _: float) -> Value:
    if isinstance(some[0][1], Distribution):
        return _merged(some)
    return sum(_numbers(some))


def _mean(some: Sequence[Point], _: float) -> Value:
    if isinstance(some[0][1], Distribution):
        return _merged(some).mean
    return statistics.fmean(_numbers(some))


# Function, value types, kinds; kind, value type and unit of the result, empty for the same.
_ALIGNERS: dict[
    str,
    tuple[Callable[[Sequence[Point], float], Value], frozenset[str], frozenset[str], str, str, str],
] = {
    "ALIGN_DELTA": (_sum, _ANY, frozenset({"DELTA"}), "DELTA", "", "{}"),
    "ALIGN_RATE": (
        lambda some, seconds: sum(_numbers(some)) / seconds,
        _NUMBERS,
        frozenset({"DELTA"}),
        "GAUGE",
        "DOUBLE",
        "{}/s",
    ),
    "ALIGN_SUM": (_sum, _ANY, _BOTH, "", "", "{}"),
    "ALIGN_MEAN": (_mean, _ANY, _BOTH, "GAUGE", "DOUBLE", "{}"),
    "ALIGN_MIN": (lambda some, _: min(_numbers(some)), _NUMBERS, _BOTH, "GAUGE", "", "{}"),
    "ALIGN_MAX": (lambda some, _: max(_numbers(some)), _NUMBERS, _BOTH, "GAUGE", "", "{}"),
    "ALIGN_COUNT": (lambda some, _: float(len(some)), _ANY, _BOTH, "GAUGE", "INT64", "1"),
    "ALIGN_STDDEV": (
        lambda some, _: statistics.pstdev(_numbers(some)),
        _NUMBERS,
        _BOTH,
        "GAUGE",
        "DOUBLE",
        "{}",
    ),
    "ALIGN_NEXT_OLDER": (
        lambda some, _: some[-1][1],
        _ANY,
        frozenset({"GAUGE"}),
        "GAUGE",
        "",
        "{}",
    ),
}
