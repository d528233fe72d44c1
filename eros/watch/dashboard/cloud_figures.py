"""Figures of a stack, as Cloud Monitoring has them.

https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from googleapiclient.errors import HttpError

if TYPE_CHECKING:
    from googleapiclient.discovery import Resource

# More points than a screen has room for say nothing more.
_MOST_POINTS = 480
_NOT_FOUND = 404


@dataclass(frozen=True)
class Window:
    """The time that is looked at, UTC."""

    start: datetime
    end: datetime

    @classmethod
    def until(cls, end: datetime, hours: float) -> Window:
        """The `hours` before `end`."""
        end = end.astimezone(UTC).replace(microsecond=0)
        return cls(end - timedelta(hours=hours), end)

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True)
class Series:
    """One time series, oldest point first. `labels` are those that it is grouped by."""

    labels: tuple[str, ...]
    unit: str
    period: float
    """Seconds between two points."""
    points: tuple[tuple[datetime, float], ...]

    @property
    def latest(self) -> float:
        """The newest value."""
        return self.points[-1][1]


@dataclass(frozen=True)
class Incident:
    """An open alert."""

    title: str
    severity: str
    opened: datetime | None
    labels: dict[str, str]
    """User labels of its policy."""

    @property
    def sandbox(self) -> str | None:
        """Name of the sandbox whose policy it is, None of any other."""
        return self.labels.get("sandbox")


@dataclass
class Monitoring:
    """Reads one project through one window; the same question is asked once."""

    api: Resource
    project: str
    window: Window
    _known: dict[str, list[Series]] = field(default_factory=dict, repr=False)

    def series(self, query: dict[str, Any]) -> list[Series] | None:
        """The time series of a widget's TimeSeriesQuery, None for a kind that is not read here.

        A metric that nobody has written yet has no series. Raises what googleapiclient raises.
        """
        wanted = query.get("timeSeriesFilter")
        if wanted is None or set(wanted) - {"filter", "aggregation", "secondaryAggregation"}:
            return None
        key = json.dumps(wanted, sort_keys=True)
        if key not in self._known:
            self._known[key] = self._read(wanted)
        return self._known[key]

    @cached_property
    def incidents(self) -> list[Incident]:
        """Open alerts, the worst first."""
        alerts = self.api.projects().alerts()
        request = alerts.list(parent=f"projects/{self.project}", filter='state="OPEN"')
        found = []
        while request is not None:
            answer = request.execute()
            found += [_incident(alert) for alert in answer.get("alerts", [])]
            request = alerts.list_next(request, answer)
        rank = ("CRITICAL", "ERROR", "WARNING")
        place = {severity: number for number, severity in enumerate(rank)}
        return sorted(found, key=lambda alert: (place.get(alert.severity, len(rank)), alert.title))

    def _read(self, wanted: dict[str, Any]) -> list[Series]:
        first = wanted.get("aggregation", {})
        period = self._period(first)
        arguments = {
            "name": f"projects/{self.project}",
            "filter": wanted["filter"],
            "interval_startTime": _rfc3339(self.window.start),
            "interval_endTime": _rfc3339(self.window.end),
            **_aggregation("aggregation", first, period),
            **_aggregation("secondaryAggregation", wanted.get("secondaryAggregation", {}), period),
        }
        time_series = self.api.projects().timeSeries()
        request = time_series.list(**arguments)
        found = []
        while request is not None:
            try:
                answer = request.execute()
            except HttpError as error:
                if error.resp.status == _NOT_FOUND:
                    return []
                raise
            unit = answer.get("unit", "")
            found += [_series(item, unit, period) for item in answer.get("timeSeries", [])]
            request = time_series.list_next(request, answer)
        return sorted((item for item in found if item.points), key=lambda item: item.labels)

    def _period(self, aggregation: dict[str, Any]) -> float:
        """Alignment in seconds: what the widget asks for, or a multiple of it in a long window."""
        declared = float(aggregation.get("alignmentPeriod", "60s").removesuffix("s"))
        return declared * max(1, math.ceil(self.window.seconds / declared / _MOST_POINTS))


def _aggregation(prefix: str, values: dict[str, Any], period: float) -> dict[str, Any]:
    if not values:
        return {}
    asked = {f"{prefix}_{key}": value for key, value in values.items()}
    return asked | {f"{prefix}_alignmentPeriod": f"{period:g}s"}


def _series(item: dict[str, Any], unit: str, period: float) -> Series:
    labels = item.get("resource", {}).get("labels", {}) | item.get("metric", {}).get("labels", {})
    # The project is the same in all of them.
    shown = tuple(value for key, value in sorted(labels.items()) if key != "project_id")
    points = [
        (datetime.fromisoformat(point["interval"]["endTime"]), value)
        for point in item.get("points", [])
        if (value := _number(point["value"])) is not None
    ]
    return Series(shown, item.get("unit") or unit, period, tuple(sorted(points)))


def _number(value: dict[str, Any]) -> float | None:
    """The value of a point; a distribution stands for its mean, an empty one for nothing."""
    if "distributionValue" in value:
        distribution = value["distributionValue"]
        return distribution.get("mean", 0.0) if int(distribution.get("count", 0)) else None
    number = float(value.get("doubleValue", value.get("int64Value", math.nan)))
    return number if math.isfinite(number) else None


def _incident(alert: dict[str, Any]) -> Incident:
    policy = alert.get("policy", {})
    opened = alert.get("openTime")
    return Incident(
        title=policy.get("displayName", "Alert"),
        severity=policy.get("severity", "UNKNOWN"),
        opened=datetime.fromisoformat(opened) if opened else None,
        labels=policy.get("userLabels", {}),
    )


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
