"""Cross-series reducers: the values of several series at one moment to one value."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..api_errors import invalid
from .alignment import Value
from .built_in_metrics import Metric
from .distribution import Distribution

_SHARES = {
    "REDUCE_PERCENTILE_99": 0.99,
    "REDUCE_PERCENTILE_95": 0.95,
    "REDUCE_PERCENTILE_50": 0.5,
    "REDUCE_PERCENTILE_05": 0.05,
}

Reduce = Callable[[Sequence[Value]], Value]


def reducer(name: str, metric: Metric) -> tuple[Reduce, Metric]:
    """The reducer for aligned series, and what its results are.

    Raises ApiError 400 when Google would refuse it for their value type.
    """
    if name in _SHARES:
        share = _SHARES[name]
        result = replace(metric, kind="GAUGE", value_type="DOUBLE")
        return (lambda values: _percentile(values, share)), result
    if name == "REDUCE_COUNT":
        return (lambda values: float(len(values))), replace(
            metric, kind="GAUGE", value_type="INT64", unit="1"
        )
    if name == "REDUCE_SUM":
        return _sum, metric
    if name == "REDUCE_MEAN":
        return _mean, replace(metric, kind="GAUGE", value_type="DOUBLE")
    if name in _NUMERIC:
        if metric.is_distribution:
            raise invalid(
                f'Field aggregation.crossSeriesReducer had an invalid value of "{name}": The'
                " reducer cannot be applied to distributions.",
                "aggregation.cross_series_reducer",
            )
        value_type = "DOUBLE" if name == "REDUCE_STDDEV" else metric.value_type
        return _NUMERIC[name], replace(metric, value_type=value_type)
    raise invalid(
        f'Field aggregation.crossSeriesReducer had an invalid value of "{name}": the local cloud'
        " does not know it.",
        "aggregation.cross_series_reducer",
    )


def _numbers(values: Sequence[Value]) -> list[float]:
    return [value for value in values if not isinstance(value, Distribution)]


def _distributions(values: Sequence[Value]) -> list[Distribution]:
    return [value for value in values if isinstance(value, Distribution)]


def _sum(values: Sequence[Value]) -> Value:
    some = _distributions(values)
    return Distribution.merged(some) if some else sum(_numbers(values))


def _mean(values: Sequence[Value]) -> Value:
    some = _distributions(values)
    return Distribution.merged(some).mean if some else statistics.fmean(_numbers(values))


def _percentile(values: Sequence[Value], share: float) -> float:
    some = _distributions(values)
    if some:
        return Distribution.merged(some).percentile(share)
    ordered = sorted(_numbers(values))
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


_NUMERIC: dict[str, Reduce] = {
    "REDUCE_MIN": lambda values: min(_numbers(values)),
    "REDUCE_MAX": lambda values: max(_numbers(values)),
    "REDUCE_STDDEV": lambda values: statistics.pstdev(_numbers(values)),
}
