"""Time series by filter and aggregation, as `projects.timeSeries.list` and policies read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..api_errors import invalid, not_found
from ..clock import seconds
from ..store import Transaction
from . import filters, samples
from .alignment import MINUTE, Point, aligner, points, windows
from .built_in_metrics import BUILT_IN, Metric, of_descriptor, of_log_metric
from .reduction import reducer
from .samples import Sample, Stream

_LOG_METRIC = "logging.projects.metrics"
_DESCRIPTOR = "monitoring.projects.metricDescriptors"
_USER_LOG_PREFIX = "logging.googleapis.com/user/"
# ALIGN_NEXT_OLDER looks back further than its period: 25 hours, the longest period of a policy.
_OLDEST = 25 * 60 * MINUTE


@dataclass(frozen=True)
class Grace:
    """Measurements that count longer than usual: a series without a sample in the last period
    counts with its samples of up to `longer` earlier.

    A period that is longer than that needs no grace. What had stopped counting when the grace
    began, at `since`, does not come back. A series of one transfer config has it only where the
    config's id is among `configs`: one that is switched off is silent at once.
    """

    longer: int = 0
    since: int = 0
    configs: frozenset[str] = frozenset()

    def of(self, stream: Stream, period: int) -> int:
        """How much longer than a period a measurement of a series counts."""
        config = stream.resource_labels.get("config_id")
        if period > self.longer or (config is not None and config not in self.configs):
            return 0
        return self.longer


_NO_GRACE = Grace()


@dataclass(frozen=True)
class Series:
    """One time series; `points` are in the order of time, at the ends of their periods."""

    stream: Stream
    metric: Metric
    points: list[Point]


@dataclass(frozen=True)
class Aggregation:
    """How series are aligned and combined; `period` in microseconds."""

    aligner: str
    period: int
    reducer: str
    group_by: tuple[str, ...]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Aggregation:
        """From the API's Aggregation; raises ApiError 400 for what does not go together."""
        name = body.get("perSeriesAligner", "ALIGN_NONE")
        combine = body.get("crossSeriesReducer", "REDUCE_NONE")
        fields = tuple(body.get("groupByFields", ()))
        period = round(seconds(body.get("alignmentPeriod", "0s")) * 1_000_000)
        if name == "ALIGN_NONE":
            if combine != "REDUCE_NONE":
                raise invalid(
                    "Field aggregation.perSeriesAligner must be set when a crossSeriesReducer is.",
                    "aggregation.per_series_aligner",
                )
        elif period < MINUTE:
            raise invalid(
                "Field aggregation.alignmentPeriod had an invalid value: at least 60s.",
                "aggregation.alignment_period",
            )
        if fields and combine == "REDUCE_NONE":
            raise invalid(
                "Field aggregation.groupByFields needs a crossSeriesReducer.",
                "aggregation.group_by_fields",
            )
        return cls(name, period, combine, fields)

    @property
    def is_raw(self) -> bool:
        return self.aligner == "ALIGN_NONE"


def find_metric(tx: Transaction, project: str, metric_type: str) -> Metric | None:
    """What a metric type means in a project; None when it has no such metric."""
    if metric_type in BUILT_IN:
        return BUILT_IN[metric_type]
    if metric_type.startswith(_USER_LOG_PREFIX):
        name = metric_type.removeprefix(_USER_LOG_PREFIX)
        found = tx.get(_LOG_METRIC, f"projects/{project}/metrics/{name}")
        return of_log_metric(found.body) if found else None
    found = tx.get(_DESCRIPTOR, f"projects/{project}/metricDescriptors/{metric_type}")
    return of_descriptor(found.body) if found else None


def query(
    tx: Transaction,
    project: str,
    text: str,
    aggregations: Sequence[Aggregation],
    start: int,
    end: int,
    *,
    grace: Grace = _NO_GRACE,
) -> list[Series]:
    """The series that a filter finds, with their points later than `start` and up to `end`.

    Raises ApiError 400 for a bad filter or aggregation, 404 for an unknown metric.
    """
    chosen = filters.parse(text)
    result: list[Series] = []
    for metric_type in sorted(chosen.metrics):
        metric = find_metric(tx, project, metric_type)
        if metric is None:
            raise not_found(
                f'Cannot find metric(s) that match type = "{metric_type}". If a metric was'
                " created recently, it could take up to 10 minutes to become available. Please"
                " try again soon."
            )
        longest = max((one.period for one in aggregations), default=0)
        if any(one.aligner == "ALIGN_NEXT_OLDER" for one in aggregations):
            longest = max(longest, _OLDEST)
        result += [
            Series(stream, metric, points(metric, some))
            for stream in samples.streams(tx, metric_type)
            if chosen.matches(stream)
            and (some := _samples(tx, stream, start - longest, end, longest, grace))
        ]
        _check(metric, aggregations)
    for aggregation in aggregations:
        result = aggregate(result, aggregation, start, end)
    if not aggregations:
        result = [_within(one, start, end) for one in result]
    return [one for one in result if one.points]


def aggregate(
    series: Iterable[Series], aggregation: Aggregation, start: int, end: int
) -> list[Series]:
    """Align each series to the periods that end at `end` and before, then combine them."""
    if aggregation.is_raw:
        return [_within(one, start, end) for one in series]
    aligned = [_align(one, aggregation, start, end) for one in series]
    if aggregation.reducer == "REDUCE_NONE":
        return aligned
    groups: dict[tuple[Any, ...], list[Series]] = {}
    for one in aligned:
        groups.setdefault(_key(one.stream, aggregation.group_by), []).append(one)
    return [_reduce(group, aggregation) for group in groups.values()]


def _samples(
    tx: Transaction, stream: Stream, after: int, until: int, period: int, grace: Grace
) -> list[Sample]:
    found = samples.read(tx, stream, after, until)
    longer = grace.of(stream, period)
    if not longer or (found and found[-1][0] > until - period):
        return found
    newest = samples.last(tx, stream, until)
    if newest is None or newest <= max(until - longer, grace.since) - period:
        return found
    shift = until - newest
    held = samples.read(tx, stream, newest - period, newest)
    return [(time + shift, value) for time, value in held]


def _check(metric: Metric, aggregations: Sequence[Aggregation]) -> None:
    """Refuse a wrong aggregation also while there is no data."""
    for aggregation in aggregations:
        if not aggregation.is_raw:
            metric = aligner(aggregation.aligner, metric).metric
        if aggregation.reducer != "REDUCE_NONE":
            metric = reducer(aggregation.reducer, metric)[1]
        for field in aggregation.group_by:
            filters.field_of(Stream(0, "", {}, "", {}), field)


def _within(series: Series, start: int, end: int) -> Series:
    return replace(series, points=[one for one in series.points if start < one[0] <= end])


def _align(series: Series, aggregation: Aggregation, start: int, end: int) -> Series:
    how = aligner(aggregation.aligner, series.metric)
    aligned: list[Point] = []
    for low, high in windows(start, end, aggregation.period):
        some = [one for one in series.points if (how.looks_back or one[0] > low) and one[0] <= high]
        if some:
            aligned.append((high, how.align(some, aggregation.period / 1_000_000)))
    return Series(series.stream, how.metric, aligned[::-1])


def _key(stream: Stream, fields: tuple[str, ...]) -> tuple[Any, ...]:
    values = tuple(filters.field_of(stream, field) for field in fields)
    return (stream.metric, stream.resource, *values)


def _reduce(group: list[Series], aggregation: Aggregation) -> Series:
    combine: Callable[..., Any]
    combine, metric = reducer(aggregation.reducer, group[0].metric)
    values: dict[int, list[Any]] = {}
    for one in group:
        for time, value in one.points:
            values.setdefault(time, []).append(value)
    stream = reduced(group[0].stream, aggregation.group_by)
    return Series(stream, metric, [(time, combine(values[time])) for time in sorted(values)])


def reduced(stream: Stream, group_by: tuple[str, ...]) -> Stream:
    """The series that a reducer makes of this one and others of its group."""
    kept = [field.replace('"', "").split(".") for field in group_by]
    of_metric = {field[-1] for field in kept if field[0] == "metric"}
    of_resource = {field[-1] for field in kept if field[0] == "resource"} | {"project_id"}
    return replace(
        stream,
        key=0,
        metric_labels={k: v for k, v in stream.metric_labels.items() if k in of_metric},
        resource_labels={k: v for k, v in stream.resource_labels.items() if k in of_resource},
    )
