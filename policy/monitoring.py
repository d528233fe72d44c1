"""Alert policies, channels, metrics and dashboards of Cloud Monitoring."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from bqstack.policy.rule import Resource, Rule, known
from gcptypes.records import ALERT, CHANNEL, DASHBOARD, LOG_METRIC
from policy.stack import settings_of

_POLICIES = "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies"
_SEVERITIES = ("CRITICAL", "ERROR", "WARNING")
_MOST_TEXT = 8_192
_MOST_CONDITIONS = 6
_LONGEST_LOOK_BACK = 23 * 3600 + 1800
_SHORTEST_ABSENCE = 120
_AUTO_CLOSE = (1800, 7 * 86_400)
_RENOTIFY = (1800, 86_400)
_METRIC_CONDITIONS = ("conditionThreshold", "conditionAbsent")
# It repeats its last value for 35 days after a failure.
_STALE_METRIC = "transfer_config/last_execution_job_rows"
_SECRET_LABELS = frozenset({"auth_token", "password", "service_key", "token"})
_SECRET_IN_ADDRESS = re.compile(r"[?&](?:auth_)?(?:token|key|secret|password)=", re.IGNORECASE)
_MOST_METRIC_LABELS = 10
_MOST_FILTER = 20_000


def _conditions(policy: Resource) -> list[Mapping[str, Any]]:
    return list(policy.props.get("conditions") or [])


def _seconds(text: str | None) -> int:
    return int(float((text or "0s").removesuffix("s")))


def _severity(policy: Resource) -> Iterator[str]:
    if policy.props.get("severity") not in _SEVERITIES:
        yield f"severity is {policy.props.get('severity') or 'not set'}"


def _documentation(policy: Resource) -> Iterator[str]:
    found = policy.props.get("documentation") or {}
    text = found.get("content") or ""
    if not text.strip():
        yield "a notification would not say what to do"
    elif not found.get("links") and "://" not in text and "runbook" not in text.lower():
        yield "the documentation has no link to the runbook"
    if len(text) > _MOST_TEXT:
        yield f"the documentation has {len(text):,} characters, {_MOST_TEXT:,} is the maximum"


def _channels(policy: Resource) -> Iterator[str]:
    # Names of channels are unknown before the first `up`; their number is not.
    channels = len(policy.props.get("notificationChannels") or [])
    settings = settings_of(policy.urn)
    if settings.sandbox and settings.environment != "local":
        if channels:
            yield "a sandbox notifies somebody"
    elif not channels:
        yield "nobody is notified"


def _condition_count(policy: Resource) -> Iterator[str]:
    found = _conditions(policy)
    if not 1 <= len(found) <= _MOST_CONDITIONS:
        yield f"{len(found)} conditions, 1 to {_MOST_CONDITIONS} are allowed"
    if len(found) > 1 and any(condition.get("conditionMatchedLog") for condition in found):
        yield "a condition on log entries must be the only one of its policy"


def _rate_limit(policy: Resource) -> Iterator[str]:
    strategy = policy.props.get("alertStrategy") or {}
    limited = bool(strategy.get("notificationRateLimit"))
    on_logs = any(condition.get("conditionMatchedLog") for condition in _conditions(policy))
    if on_logs and not limited:
        yield "a policy on log entries needs a notification rate limit"
    if limited and not on_logs:
        yield "a notification rate limit is for policies on log entries"


def _look_back(policy: Resource) -> Iterator[str]:
    for condition in _conditions(policy):
        for kind in _METRIC_CONDITIONS:
            found = condition.get(kind)
            if found:
                yield from _window(kind, found)


def _window(kind: str, condition: Mapping[str, Any]) -> Iterator[str]:
    duration = _seconds(condition.get("duration"))
    periods = [_seconds(a.get("alignmentPeriod")) for a in condition.get("aggregations") or []]
    if duration % 60:
        yield f"{kind}: a duration of {duration} s is not a whole number of minutes"
    if kind == "conditionAbsent" and duration < _SHORTEST_ABSENCE:
        yield f"{kind}: absence is detected after {_SHORTEST_ABSENCE} s at the earliest"
    reach = duration + max(periods, default=0)
    if reach > _LONGEST_LOOK_BACK:
        yield f"{kind} looks back {reach / 3600:.1f} h, 23.5 h is the maximum"


def _filter(policy: Resource) -> Iterator[str]:
    for condition in _conditions(policy):
        for kind in _METRIC_CONDITIONS:
            # A filter with the name of what is not made yet is known in the `up` only.
            text = known(condition, kind, "filter")
            if text is None:
                continue
            for needed in ("metric.type", "resource.type"):
                if needed not in text:
                    yield f"{kind}: the filter does not name {needed}"
            if _STALE_METRIC in text:
                yield f"{kind}: {_STALE_METRIC} repeats its last value after a failure"


def _closing(policy: Resource) -> Iterator[str]:
    strategy = policy.props.get("alertStrategy") or {}
    closes = strategy.get("autoClose")
    if closes is not None and not _AUTO_CLOSE[0] <= _seconds(closes) <= _AUTO_CLOSE[1]:
        yield f"autoClose is {closes}, 30 minutes to 7 days are allowed"
    for channel in strategy.get("notificationChannelStrategies") or []:
        again = channel.get("renotifyInterval")
        if again is not None and not _RENOTIFY[0] <= _seconds(again) <= _RENOTIFY[1]:
            yield f"renotifyInterval is {again}, 30 minutes to 24 hours are allowed"


def _channel_secret(channel: Resource) -> Iterator[str]:
    for key in channel.props.get("labels") or {}:
        value = known(channel.props, "labels", key)
        if key in _SECRET_LABELS:
            yield f"label {key} shows a secret to anyone who reads the channel"
        elif isinstance(value, str) and _SECRET_IN_ADDRESS.search(value):
            yield f"the address in label {key} holds a secret"


def _dashboard(dashboard: Resource) -> Iterator[str]:
    def walk(value: Any, path: str) -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                # An empty object can be a choice, as `"blank": {}`.
                if inner is None or inner is False or inner in ("", []) or inner == 0:
                    yield f"{path}{key} is {json.dumps(inner)}, which the API omits"
                else:
                    yield from walk(inner, f"{path}{key}.")
        elif isinstance(value, list):
            for position, inner in enumerate(value):
                yield from walk(inner, f"{path}{position}.")

    yield from walk(json.loads(dashboard.props.get("dashboardJson") or "{}"), "")


def _metric(metric: Resource) -> Iterator[str]:
    labels = (metric.props.get("metricDescriptor") or {}).get("labels") or []
    if len(labels) > _MOST_METRIC_LABELS:
        yield f"{len(labels)} labels, {_MOST_METRIC_LABELS} is the maximum"
    declared = {label.get("key") for label in labels}
    extracted = set(metric.props.get("labelExtractors") or {})
    for key in sorted(declared ^ extracted):
        where = "is not declared" if key in extracted else "is not extracted"
        yield f"label {key} {where}"
    length = len(metric.props.get("filter") or "")
    if length > _MOST_FILTER:
        yield f"the filter has {length:,} characters, {_MOST_FILTER:,} is the maximum"


RULES = (
    Rule(
        id="alert-severity",
        title="An alert policy has a severity",
        references=("CIS 2.4",),
        url="https://cloud.google.com/monitoring/alerts/severity-levels",
        fix="CRITICAL, ERROR or WARNING",
        severity=Severity.MEDIUM,
        on=(ALERT,),
        check=_severity,
    ),
    Rule(
        id="alert-documentation",
        title="A notification says what happened and where the runbook is",
        url="https://cloud.google.com/monitoring/alerts/doc-variables",
        fix="documentation with content and the runbook's address",
        severity=Severity.MEDIUM,
        on=(ALERT,),
        check=_documentation,
    ),
    Rule(
        id="alert-channels",
        title="An incident notifies somebody, except in a sandbox",
        url="https://cloud.google.com/monitoring/support/notification-options",
        fix="notification_channels",
        severity=Severity.HIGH,
        on=(ALERT,),
        check=_channels,
    ),
    Rule(
        id="alert-conditions",
        title="An alert policy has one to six conditions, or exactly one on log entries",
        url=_POLICIES,
        fix="write one policy per condition",
        severity=Severity.HIGH,
        on=(ALERT,),
        check=_condition_count,
    ),
    Rule(
        id="alert-rate-limit",
        title="Policies on log entries, and only they, limit the rate of notifications",
        url=f"{_POLICIES}#NotificationRateLimit",
        fix="notification_rate_limit with conditionMatchedLog, otherwise renotify_interval",
        severity=Severity.HIGH,
        on=(ALERT,),
        check=_rate_limit,
    ),
    Rule(
        id="alert-look-back",
        title="A condition looks back no further than 23 h 30 min",
        url="https://cloud.google.com/monitoring/alerts/concepts-indepth",
        fix="let the SQL look back and alert on its finding",
        severity=Severity.HIGH,
        on=(ALERT,),
        check=_look_back,
    ),
    Rule(
        id="alert-filter",
        title="A condition names its metric and resource, and no metric that repeats old values",
        url=f"{_POLICIES}#MetricThreshold",
        fix='metric.type="…" AND resource.type="…"; completed_runs for freshness',
        severity=Severity.HIGH,
        on=(ALERT,),
        check=_filter,
    ),
    Rule(
        id="alert-closing",
        title="Incidents close and notifications repeat at intervals that the API accepts",
        url=f"{_POLICIES}#AlertStrategy",
        fix="autoClose 30 min to 7 days, renotifyInterval 30 min to 24 h",
        severity=Severity.HIGH,
        on=(ALERT,),
        check=_closing,
    ),
    Rule(
        id="channel-secret",
        title="A channel's secret is in its sensitive labels",
        url="https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannels",
        fix="sensitive_labels from a secret of the stack",
        severity=Severity.CRITICAL,
        on=(CHANNEL,),
        check=_channel_secret,
    ),
    Rule(
        id="dashboard-converges",
        title="A dashboard holds no values that the API omits",
        url="https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards",
        fix="remove null, false, zero and empty values; otherwise they differ in every preview",
        severity=Severity.LOW,
        on=(DASHBOARD,),
        check=_dashboard,
    ),
    Rule(
        id="log-metric",
        title="A log-based metric extracts each label that it declares, at most ten",
        url="https://cloud.google.com/logging/quotas#log-based-metrics",
        fix="one extractor per label of metric_descriptor",
        severity=Severity.HIGH,
        on=(LOG_METRIC,),
        check=_metric,
    ),
)
