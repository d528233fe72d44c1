"""Monitoring v3: alert policies, with the rules that Google applies beyond the schema."""

from __future__ import annotations

import re
from typing import Any

from .. import logfilter
from ..call import Call, Registry
from ..crud import Collection, number_id
from ..errors import ApiError, invalid
from ..store import Resource
from . import metric_descriptors

_KINDS = (
    "conditionThreshold",
    "conditionAbsent",
    "conditionMatchedLog",
    "conditionMonitoringQueryLanguage",
    "conditionPrometheusQueryLanguage",
    "conditionSql",
)
_MAX_CONDITIONS = 6
_MAX_CHANNELS = 16
_METRIC_TYPE = re.compile(r'metric\.type\s*=\s*"([^"]+)"')
_CHANNEL_KIND = "monitoring.projects.notificationChannels"
# Metrics of the project's own making; the others are Google's and always exist.
_USER_METRICS = ("logging.googleapis.com/user/", "custom.googleapis.com/")


def _prepare(call: Call, policy: Resource, old: Resource | None) -> None:
    body = policy.body
    if "displayName" not in body:
        raise _wrong("displayName", "Must be set.", "display_name")
    conditions = body.get("conditions", [])
    if not 1 <= len(conditions) <= _MAX_CONDITIONS:
        raise _wrong("conditions", f"Must have 1 to {_MAX_CONDITIONS} conditions.", "conditions")
    if "combiner" not in body:
        raise _wrong("combiner", "A combiner must be specified.", "combiner")
    for position, condition in enumerate(conditions):
        _check_condition(call, condition, position)
    _check_log_match(body, conditions)
    _check_channels(call, body.get("notificationChannels", []))
    body.setdefault("enabled", True)
    _name_conditions(call, policy, old)
    record = {"mutateTime": call.now, "mutatedBy": call.cloud.caller}
    body["creationRecord"] = old.body["creationRecord"] if old else record
    body["mutationRecord"] = record


def _check_condition(call: Call, condition: dict[str, Any], position: int) -> None:
    field = f"conditions[{position}]"
    kinds = [name for name in _KINDS if name in condition]
    if len(kinds) != 1:
        raise _wrong(field, "Exactly one kind of condition must be set.", field)
    if "displayName" not in condition:
        raise _wrong(f"{field}.displayName", "Must be set.", f"{field}.display_name")
    detail = condition[kinds[0]]
    if kinds[0] == "conditionMatchedLog":
        logfilter.parse(detail["filter"])
        return
    for metric_type in _METRIC_TYPE.findall(detail.get("filter", "")):
        if metric_type.startswith(_USER_METRICS) and not metric_descriptors.exists(
            call, metric_type
        ):
            raise ApiError(
                "NOT_FOUND",
                f'Cannot find metric that matches type = "{metric_type}". If a metric was created'
                " recently, it could take up to 10 minutes to become available.",
            )


def _check_log_match(body: dict[str, Any], conditions: list[dict[str, Any]]) -> None:
    """A log-match policy stands alone and needs a rate limit; no other may have one."""
    by_log = any("conditionMatchedLog" in condition for condition in conditions)
    limited = "notificationRateLimit" in body.get("alertStrategy", {})
    if by_log and len(conditions) > 1:
        raise _wrong("conditions", "A log-match policy has exactly one condition.", "conditions")
    if by_log and not limited:
        raise _wrong(
            "alertStrategy.notificationRateLimit",
            "Log-match alert policies must specify a notification rate limit.",
            "alert_strategy.notification_rate_limit",
        )
    if limited and not by_log:
        raise _wrong(
            "alertStrategy.notificationRateLimit",
            "Only log-based alert policies may specify a notification rate limit.",
            "alert_strategy.notification_rate_limit",
        )


def _check_channels(call: Call, channels: list[str]) -> None:
    if len(channels) > _MAX_CHANNELS:
        raise _wrong("notificationChannels", f"At most {_MAX_CHANNELS}.", "notification_channels")
    for name in channels:
        if call.tx.get(_CHANNEL_KIND, name) is None:
            raise _wrong(
                "notificationChannels", f"Channel {name} does not exist.", "notification_channels"
            )


def _name_conditions(call: Call, policy: Resource, old: Resource | None) -> None:
    """Names are the server's; a condition sent back with a name of this policy keeps it."""
    known = {item["name"] for item in old.body["conditions"]} if old else set()
    for condition in policy.body["conditions"]:
        if condition.get("name") not in known:
            condition["name"] = f"{policy.name}/conditions/{number_id(call)}"
        known.discard(condition["name"])


def _wrong(name: str, reason: str, field: str) -> ApiError:
    return invalid(
        f"Field alertPolicy.{name} had an invalid value: {reason}", f"alert_policy.{field}"
    )


POLICIES = Collection("monitoring.projects.alertPolicies", "alertPolicies", prepare=_prepare)


def register(registry: Registry) -> None:
    POLICIES.register(registry)
