"""Monitoring v3: alert policies, with the rules that Google applies beyond the schema."""

from __future__ import annotations

import logging
from typing import Any

from .. import logfilter
from ..api_errors import ApiError, invalid
from ..call import Call, Registry
from ..clock import micros, seconds
from ..crud import Collection, number_id
from ..monitoring import conditions, filters, log_metrics, policy_evaluation, series
from ..monitoring.built_in_metrics import BUILT_IN
from ..store import Resource

log = logging.getLogger(__name__)

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
_CHANNEL_KIND = "monitoring.projects.notificationChannels"
# Metrics of the project's own making.
_USER_METRICS = ("logging.googleapis.com/user/", "custom.googleapis.com/")
_EVALUATED = ("conditionThreshold", "conditionAbsent", "conditionMatchedLog")
_MOST_PERIOD_SECONDS = 25 * 3600
_SHORTEST_ABSENCE_SECONDS = 120
_LONGEST_ABSENCE_SECONDS = 23.5 * 3600
_RENOTIFY_SECONDS = (30 * 60, 24 * 3600)
_SHORTEST_AUTO_CLOSE_SECONDS = 30 * 60


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
    _check_strategy(body)
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
    if kinds[0] not in _EVALUATED:
        raise ApiError(
            "UNIMPLEMENTED",
            f"{field}.{kinds[0]} is not evaluated by the local cloud; use one of"
            f" {', '.join(_EVALUATED)}.",
        )
    detail = condition[kinds[0]]
    if kinds[0] == "conditionMatchedLog":
        logfilter.parse(detail["filter"])
        for source in detail.get("labelExtractors", {}).values():
            log_metrics.extractor(source)
        return
    _check_metric(call, kinds[0], detail, field)


def _check_metric(call: Call, kind: str, detail: dict[str, Any], field: str) -> None:
    """What a condition on time series must keep to; reading them once finds the rest."""
    for name in ("aggregations", "denominatorAggregations"):
        for body in detail.get(name, []):
            if seconds(body.get("alignmentPeriod", "0s")) > _MOST_PERIOD_SECONDS:
                raise _wrong(f"{field}.{name}", "At most 90000s.", f"{field}.alignment_period")
    length = seconds(detail.get("duration", "0s"))
    if length % 60:
        raise _wrong(f"{field}.duration", "Must be a multiple of a minute.", f"{field}.duration")
    if kind == "conditionThreshold":
        if detail.get("comparison") not in ("COMPARISON_GT", "COMPARISON_LT"):
            raise _wrong(
                f"{field}.comparison",
                "Only COMPARISON_GT and COMPARISON_LT are supported.",
                f"{field}.comparison",
            )
        if "evaluationMissingData" in detail and length < 60:
            raise _wrong(
                f"{field}.evaluationMissingData",
                "The duration must be at least 60 seconds.",
                f"{field}.evaluation_missing_data",
            )
        if "forecastOptions" in detail:
            raise ApiError("UNIMPLEMENTED", "Forecasts are not evaluated by the local cloud.")
    elif not _SHORTEST_ABSENCE_SECONDS <= length <= _LONGEST_ABSENCE_SECONDS:
        raise _wrong(f"{field}.duration", "Must be 120s to 84600s.", f"{field}.duration")
    for filter_name, name in (
        ("filter", "aggregations"),
        ("denominatorFilter", "denominatorAggregations"),
    ):
        if filter_name in detail:
            _check_series(call, detail[filter_name], detail.get(name, []))


def _check_series(call: Call, text: str, aggregations: list[dict[str, Any]]) -> None:
    """Read once what a condition reads, so that what is wrong is refused now.

    Google has more metrics of its own than the local cloud: of those there are no data here.
    """
    chain = conditions.aggregations(aggregations)
    if any(
        not name.startswith(_USER_METRICS) and name not in BUILT_IN
        for name in filters.parse(text).metrics
    ):
        log.warning("a condition never has data, the local cloud does not measure it: %s", text)
        return
    now = micros(call.cloud.clock.now())
    series.query(call.tx, call.cloud.project, text, chain, now, now)


def _check_strategy(body: dict[str, Any]) -> None:
    strategy = body.get("alertStrategy", {})
    field = "alertStrategy"
    if seconds(strategy.get("autoClose", "604800s")) < _SHORTEST_AUTO_CLOSE_SECONDS:
        raise _wrong(f"{field}.autoClose", "At least 30 minutes.", "alert_strategy.auto_close")
    for one in strategy.get("notificationChannelStrategy", []):
        pause = seconds(one.get("renotifyInterval", "3600s"))
        if not _RENOTIFY_SECONDS[0] <= pause <= _RENOTIFY_SECONDS[1]:
            raise _wrong(
                f"{field}.notificationChannelStrategy.renotifyInterval",
                "Must be between 30 minutes and 24 hours.",
                "alert_strategy.notification_channel_strategy",
            )
        if strangers := set(one.get("notificationChannelNames", [])) - set(
            body.get("notificationChannels", [])
        ):
            raise _wrong(
                f"{field}.notificationChannelStrategy",
                f"{min(strangers)} is not among the channels of the policy.",
                "alert_strategy.notification_channel_strategy",
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


def _close_incidents(call: Call, policy: Resource) -> None:
    policy_evaluation.forget(call.tx, call.cloud, policy.name, micros(call.cloud.clock.now()))


POLICIES = Collection(
    "monitoring.projects.alertPolicies",
    "alertPolicies",
    prepare=_prepare,
    before_delete=_close_incidents,
)


def register(registry: Registry) -> None:
    POLICIES.register(registry)
