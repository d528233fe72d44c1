"""Monitoring v3: descriptors of custom metrics, and those of log-based metrics to read."""

from __future__ import annotations

import re
from typing import Any

from ..api_errors import ApiError, invalid, not_found
from ..call import Call, Registry
from ..monitoring.built_in_metrics import BUILT_IN
from ..store import Resource

KIND = "monitoring.projects.metricDescriptors"
LOG_METRIC_KIND = "logging.projects.metrics"
USER_LOG_PREFIX = "logging.googleapis.com/user/"
_CUSTOM_PREFIXES = ("custom.googleapis.com/", "external.googleapis.com/")
_TYPE = re.compile(r"[A-Za-z][\w.-]*(/[\w.-]+)+")
_FILTER = re.compile(
    r'metric\.type\s*(?P<op>=|:)\s*(?:starts_with\("(?P<start>[^"]*)"\)|"(?P<value>[^"]*)")'
)


def register(registry: Registry) -> None:
    registry.add(f"{KIND}.create")(create)
    registry.add(f"{KIND}.get")(get)
    registry.add(f"{KIND}.list")(list_descriptors)
    registry.add(f"{KIND}.delete")(delete)


def _all(call: Call, project: str) -> list[Resource]:
    """Descriptors that were created, those of log-based metrics and the built-in ones."""
    built_in = [
        Resource(KIND, body["name"], project, body)
        for body in (metric.descriptor(call.cloud.project) for metric in BUILT_IN.values())
    ]
    from_logs = [
        Resource(KIND, item.body["metricDescriptor"]["name"], project,
                 {**item.body["metricDescriptor"], "description": item.body.get("description", "")},
                 seq=item.seq)
        for item in call.tx.children(LOG_METRIC_KIND, project)
    ]  # fmt: skip
    found = sorted([*call.tx.children(KIND, project), *from_logs], key=lambda item: item.seq)
    for place, item in enumerate(built_in):
        # Before all others, and apart from each other: pages go by this number.
        item.seq = place - len(built_in)
    return [*built_in, *found]


def create(call: Call) -> dict[str, Any]:
    """Create, or replace: posting a known type again is how descriptors are updated."""
    metric_type = call.body.get("type", "")
    if not metric_type.startswith(_CUSTOM_PREFIXES) or not _TYPE.fullmatch(metric_type):
        raise invalid(
            f'Field metricDescriptor.type had an invalid value of "{metric_type}": Must be a type'
            f" below {' or '.join(_CUSTOM_PREFIXES)}.",
            "metric_descriptor.type",
        )
    for field in ("metricKind", "valueType"):
        if field not in call.body:
            raise invalid(f"Field metricDescriptor.{field} is required.", "metric_descriptor")
    name = f"{call.target}/metricDescriptors/{metric_type}"
    old = call.tx.get(KIND, name)
    if old is not None:
        _check_change(old.body, call.body)
    body = {**call.body, "name": name}
    body.setdefault("monitoredResourceTypes", [])
    if not body["monitoredResourceTypes"]:
        del body["monitoredResourceTypes"]
    descriptor = Resource(KIND, name, call.target, body)
    if old is None:
        call.tx.insert(descriptor)
    else:
        call.tx.update(descriptor)
    return body


def _check_change(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Kind and value type are forever; labels can only be added."""
    for field in ("metricKind", "valueType"):
        if old[field] != new[field]:
            raise invalid(
                f"Field metricDescriptor.{field} cannot change from {old[field]} to {new[field]};"
                " delete the descriptor first.",
                "metric_descriptor",
            )
    lost = {item["key"] for item in old.get("labels", [])} - {
        item["key"] for item in new.get("labels", [])
    }
    if lost:
        raise invalid(f"Labels cannot be removed: {', '.join(sorted(lost))}.", "metric_descriptor")


def get(call: Call) -> dict[str, Any]:
    for item in _all(call, "/".join(call.target.split("/")[:2])):
        if item.name == call.target:
            return item.body
    raise not_found(f"Could not find descriptor for metric '{call.target.split('/', 3)[-1]}'.")


def list_descriptors(call: Call) -> dict[str, Any]:
    wanted = call.query.get("filter", "")
    rows = [item for item in _all(call, call.target) if _matches(item.body["type"], wanted)]
    chosen, token = call.page(rows)
    answer: dict[str, Any] = {}
    if chosen:
        answer["metricDescriptors"] = [item.body for item in chosen]
    return {**answer, "nextPageToken": token} if token else answer


def _matches(metric_type: str, wanted: str) -> bool:
    if not wanted:
        return True
    found = _FILTER.fullmatch(wanted.strip())
    if found is None:
        raise invalid(f"Unsupported filter: {wanted}", "filter")
    if found["start"] is not None:
        return metric_type.startswith(found["start"])
    return metric_type == found["value"] if found["op"] == "=" else found["value"] in metric_type


def delete(call: Call) -> dict[str, Any]:
    metric_type = call.target.split("/", 3)[-1]
    if not metric_type.startswith(_CUSTOM_PREFIXES):
        raise ApiError("PERMISSION_DENIED", f"Metric type {metric_type} cannot be deleted.")
    if call.tx.get(KIND, call.target) is None:
        raise not_found(f"Could not find descriptor for metric '{metric_type}'.")
    call.tx.delete(KIND, call.target)
    return {}
