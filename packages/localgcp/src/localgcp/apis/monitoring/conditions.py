"""Conditions of alert policies: which time series break them at a moment.

https://cloud.google.com/monitoring/alerts/concepts-indepth. Times in microseconds.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..clock import seconds
from ..store import Transaction
from . import filters, samples
from .alignment import Value
from .distribution import Distribution
from .samples import Stream
from .series import Aggregation, Grace, Series, query, reduced

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
# Without an aligner the newest point counts, as long as it is no older.
_RAW_MICROS = 5 * _MINUTE
# A series that has been silent for longer is no longer watched.
_WATCHED_MICROS = 25 * 60 * _MINUTE

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "COMPARISON_GT": operator.gt,
    "COMPARISON_GE": operator.ge,
    "COMPARISON_LT": operator.lt,
    "COMPARISON_LE": operator.le,
    "COMPARISON_EQ": operator.eq,
    "COMPARISON_NE": operator.ne,
}


@dataclass(frozen=True)
class Reading:
    """One series at one moment: whether it breaks the condition, and its value."""

    stream: Stream
    breaks: bool
    value: float | None = None

    @property
    def key(self) -> str:
        """What tells this series from others of the condition."""
        return key_of(self.stream)


def key_of(stream: Stream) -> str:
    """What tells a series from others of the same condition."""
    return json.dumps(
        [stream.metric, stream.metric_labels, stream.resource, stream.resource_labels],
        sort_keys=True,
    )


@dataclass(frozen=True)
class Moment:
    """When conditions are looked at.

    alive: since when measurements could arrive; silence before that is not absence.
    """

    at: int
    alive: int = 0
    grace: Grace = field(default_factory=Grace)


def read(tx: Transaction, project: str, condition: dict[str, Any], moment: Moment) -> list[Reading]:
    """The series of a condition at a moment; those without data are left out.

    Raises ApiError as `series.query` does.
    """
    if "conditionThreshold" in condition:
        return _threshold(tx, project, condition["conditionThreshold"], moment)
    return _absent(tx, condition["conditionAbsent"], moment)


def duration(condition: dict[str, Any]) -> int:
    """How long a series must break the condition. Absence contains its own duration."""
    return round(seconds(condition.get("conditionThreshold", {}).get("duration", "0s")) * _SECOND)


def aggregations(bodies: list[dict[str, Any]]) -> list[Aggregation]:
    """Aggregations of a condition; raises ApiError 400."""
    return [Aggregation.of(body) for body in bodies]


def _threshold(
    tx: Transaction, project: str, detail: dict[str, Any], moment: Moment
) -> list[Reading]:
    found = _latest(tx, project, detail["filter"], detail.get("aggregations", []), moment)
    if "denominatorFilter" in detail:
        divisor = detail.get("denominatorAggregations", [])
        below = _latest(tx, project, detail["denominatorFilter"], divisor, moment)
        parts = {_labels(one.stream): _number(one.points[-1][1]) for one in below}
        values = [
            (one.stream, _number(one.points[-1][1]) / parts[_labels(one.stream)])
            for one in found
            if parts.get(_labels(one.stream))
        ]
    else:
        values = [(one.stream, _number(one.points[-1][1])) for one in found]
    compare = _COMPARE[detail["comparison"]]
    limit = detail.get("thresholdValue", 0.0)
    readings = [Reading(stream, compare(value, limit), value) for stream, value in values]
    if detail.get("evaluationMissingData") == "EVALUATION_MISSING_DATA_ACTIVE":
        readings += _missing(tx, detail, moment, readings)
    return readings


def _latest(
    tx: Transaction, project: str, text: str, bodies: list[dict[str, Any]], moment: Moment
) -> list[Series]:
    chain = aggregations(bodies)
    start = moment.at - _period(chain)
    return query(tx, project, text, chain, start, moment.at, grace=moment.grace)


def _absent(tx: Transaction, detail: dict[str, Any], moment: Moment) -> list[Reading]:
    """Series that were there and have been silent for the duration.

    With a reducer the group is silent when all of its series are.
    """
    longest = round(seconds(detail["duration"]) * _SECOND)
    watched = _watched(tx, detail, moment, longest)
    return [Reading(stream, moment.at - last >= longest) for stream, last in watched]


def _missing(
    tx: Transaction, detail: dict[str, Any], moment: Moment, found: list[Reading]
) -> list[Reading]:
    """Series without a reading that were there before, where that counts as broken."""
    known = {one.key for one in found}
    period = _period(aggregations(detail.get("aggregations", [])))
    return [
        Reading(stream, True)
        for stream, last in _watched(tx, detail, moment, period)
        if key_of(stream) not in known and moment.at - last >= period
    ]


def _watched(
    tx: Transaction, detail: dict[str, Any], moment: Moment, longest: int
) -> list[tuple[Stream, int]]:
    """Series of a condition that have been heard of, and until when that counts as the last time.

    The time before measurements could arrive counts as that of the last one; one that counts
    longer than usual counts as if it came so much later.
    """
    wanted = filters.parse(detail["filter"])
    groups: tuple[str, ...] | None = None
    for one in aggregations(detail.get("aggregations", [])):
        if one.reducer != "REDUCE_NONE":
            groups = one.group_by
    newest: dict[str, tuple[Stream, int]] = {}
    for metric in wanted.metrics:
        for stream in filter(wanted.matches, samples.streams(tx, metric)):
            last = samples.last(tx, stream, moment.at)
            if last is None or last < moment.at - max(_WATCHED_MICROS, 2 * longest):
                continue
            kept = stream if groups is None else reduced(stream, groups)
            known = newest.get(key_of(kept), (kept, moment.alive))
            counts = last + moment.grace.of(stream, longest)
            newest[key_of(kept)] = (kept, max(counts, known[1]))
    return list(newest.values())


def _period(chain: list[Aggregation]) -> int:
    return next((one.period for one in reversed(chain) if not one.is_raw), _RAW_MICROS)


def _labels(stream: Stream) -> str:
    return json.dumps([stream.metric_labels, stream.resource_labels], sort_keys=True)


def _number(value: Value) -> float:
    return value.mean if isinstance(value, Distribution) else value
