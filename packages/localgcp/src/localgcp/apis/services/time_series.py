"""Monitoring v3: reading time series, and the alerts (incidents) that policies have opened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..api_errors import invalid, not_found
from ..call import Call, Registry
from ..clock import from_micros, micros, parse_rfc3339, rfc3339
from ..monitoring import incidents, series
from ..monitoring.alignment import MINUTE, Value
from ..monitoring.built_in_metrics import Metric
from ..monitoring.distribution import Distribution
from ..monitoring.series import Aggregation, Series
from ..store import Resource

_MAX_POINTS = 100_000
_FIELDS = ("perSeriesAligner", "crossSeriesReducer", "groupByFields", "alignmentPeriod")


def register(registry: Registry) -> None:
    registry.add("monitoring.projects.timeSeries.list")(list_series)
    registry.add("monitoring.projects.alerts.list")(list_alerts)
    registry.add("monitoring.projects.alerts.get")(get_alert)


def list_series(call: Call) -> dict[str, Any]:
    """Series with their points, newest first."""
    _ = call.target  # refuses another project
    if "filter" not in call.query:
        raise invalid("The filter is required.", "filter")
    start, end = _interval(call)
    chain = [
        Aggregation.of(body)
        for name in ("aggregation", "secondaryAggregation")
        if (body := _aggregation(call, name))
    ]
    aligned = [one for one in chain if not one.is_raw]
    if start == end and aligned:
        # One moment means the one period that ends then.
        start = end - aligned[-1].period
    elif start == end:
        start -= 1
    if aligned and (end - start) // aligned[0].period > _MAX_POINTS:
        raise invalid("The interval holds too many alignment periods.", "interval")
    found = series.query(call.tx, call.cloud.project, call.query["filter"], chain, start, end)
    headers = call.query.get("view") == "HEADERS"
    items = [
        Resource("", "", "", _body(one, headers, aligned), seq=place)
        for place, one in enumerate(found, start=1)
    ]
    chosen, token = call.page(items, default=_MAX_POINTS)
    answer: dict[str, Any] = {}
    if chosen:
        answer["timeSeries"] = [item.body for item in chosen]
        units = {one.metric.unit for one in found}
        answer["unit"] = units.pop() if len(units) == 1 else "{not_a_unit}"
    return {**answer, "nextPageToken": token} if token else answer


def _interval(call: Call) -> tuple[int, int]:
    texts = call.query.get("interval.startTime"), call.query.get("interval.endTime")
    if texts[1] is None:
        raise invalid("The end time of the interval is required.", "interval.end_time")
    end = micros(_moment(texts[1]))
    start = micros(_moment(texts[0])) if texts[0] else end
    if start > end:
        raise invalid("The start time must not be after the end time.", "interval")
    return start, end


def _moment(text: str) -> datetime:
    return parse_rfc3339(text)


def _aggregation(call: Call, name: str) -> dict[str, Any]:
    return {
        field: call.query[f"{name}.{field}"] for field in _FIELDS if f"{name}.{field}" in call.query
    }


def _body(one: Series, headers: bool, aligned: list[Aggregation]) -> dict[str, Any]:
    stream, metric = one.stream, one.metric
    body: dict[str, Any] = {
        "metric": {"type": stream.metric, "labels": stream.metric_labels},
        "resource": {"type": stream.resource, "labels": stream.resource_labels},
        "metricKind": metric.kind,
        "valueType": metric.value_type,
        "unit": metric.unit,
    }
    if not headers:
        period = aligned[-1].period if aligned else None
        body["points"] = [
            {"interval": _span(time, metric, period), "value": _typed(value, metric)}
            for time, value in reversed(one.points)
        ]
    return body


def _span(time: int, metric: Metric, period: int | None) -> dict[str, str]:
    if period is None and metric.kind == "DELTA":
        # A raw point stands for its whole minute.
        start = time // MINUTE * MINUTE
        end = start + MINUTE
    else:
        end = time
        start = end - period if period and metric.kind == "DELTA" else end
    return {"startTime": rfc3339(from_micros(start)), "endTime": rfc3339(from_micros(end))}


def _typed(value: Value, metric: Metric) -> dict[str, Any]:
    if isinstance(value, Distribution):
        return {"distributionValue": value.body(metric.buckets)}
    if metric.value_type == "INT64":
        return {"int64Value": str(round(value))}
    return {"doubleValue": value}


def list_alerts(call: Call) -> dict[str, Any]:
    """Alerts, those opened last first; of one state with the filter `state="OPEN"`."""
    _ = call.target  # refuses another project
    wanted = call.query.get("filter", "").replace(" ", "")
    states = {"": None, 'state="OPEN"': "OPEN", 'state="CLOSED"': "CLOSED"}
    if wanted not in states:
        raise invalid(f"Unsupported filter: {call.query['filter']}", "filter")
    if call.query.get("orderBy", "open_time desc") != "open_time desc":
        raise invalid("The local cloud orders by open_time desc only.", "order_by")
    found = call.tx.all(incidents.KIND, state=states[wanted])
    chosen, token = call.page(found[::-1], default=50, newest_first=True)
    answer: dict[str, Any] = {"alerts": [_alert(one) for one in chosen]} if chosen else {}
    return {**answer, "nextPageToken": token} if token else answer


def get_alert(call: Call) -> dict[str, Any]:
    found = call.tx.get(incidents.KIND, call.target)
    if found is None:
        raise not_found()
    return _alert(found)


def _alert(incident: Resource) -> dict[str, Any]:
    fields = ("name", "state", "openTime", "closeTime", "resource", "metric", "log", "policy")
    return {name: incident.body[name] for name in fields if name in incident.body}
