"""Incidents: opened, repeated and closed, each step with its notifications, exactly once.

An incident is kept as a resource below its policy. What it notifies is written in the same
transaction as the step itself, so that neither a stop nor a restart doubles or loses one.
"""

from __future__ import annotations

import secrets
from typing import Any

from ..call import Cloud
from ..clock import from_micros, micros, parse_rfc3339, rfc3339, seconds
from ..store import Resource, Transaction
from . import delivery, notification_bodies
from .samples import Stream

KIND = "monitoring.projects.alerts"
_SECOND = 1_000_000
# "If an alerting policy that was active has no data for this long": the default is 7 days.
_AUTO_CLOSE = "604800s"


def open_of(tx: Transaction, policy: str) -> list[Resource]:
    """The open incidents of a policy."""
    return [one for one in tx.children(KIND, policy) if one.body["state"] == "OPEN"]


def all_open(tx: Transaction) -> list[Resource]:
    """The open incidents of all policies."""
    return tx.all(KIND, state="OPEN")


def opened(
    tx: Transaction,
    cloud: Cloud,
    policy: Resource,
    condition: dict[str, Any],
    key: str,
    stream: Stream,
    at: int,
    *,
    value: float | None = None,
    extracted: dict[str, str] | None = None,
) -> Resource:
    """Open an incident and notify every channel of the policy."""
    name = f"projects/{cloud.project}/alerts/0.{secrets.token_hex(6)}"
    body: dict[str, Any] = {
        "name": name,
        "state": "OPEN",
        "openTime": rfc3339(from_micros(at)),
        "condition": condition,
        "metric": {"type": stream.metric, "labels": stream.metric_labels} if stream.metric else {},
        "resource": {"type": stream.resource, "labels": stream.resource_labels},
        "policy": _snapshot(policy.body),
    }
    if value is not None:
        body["value"] = value
    if extracted is not None:
        body["log"] = {"extractedLabels": extracted}
    incident = Resource(KIND, name, policy.name, body, {"key": key, "notified": {}, "seen": at})
    tx.insert(incident)
    if "OPENED" in _prompts(policy.body):
        _notify(tx, cloud, incident, policy.body, _channels(policy.body), at)
    return incident


def seen(tx: Transaction, incident: Resource, at: int, value: float | None) -> None:
    """Note that the condition is still broken."""
    incident.private["seen"] = at
    if value is not None:
        incident.body["value"] = value
    tx.update(incident)


def repeated(
    tx: Transaction, cloud: Cloud, incident: Resource, policy: dict[str, Any], at: int
) -> None:
    """Remind the channels whose renotify interval has passed."""
    due = []
    for strategy in policy.get("alertStrategy", {}).get("notificationChannelStrategy", []):
        if "renotifyInterval" not in strategy:
            continue
        pause = round(seconds(strategy["renotifyInterval"]) * _SECOND)
        for channel in strategy.get("notificationChannelNames", []):
            last = incident.private["notified"].get(channel)
            if last is not None and at - last >= pause and channel in _channels(policy):
                due.append(channel)
    if due:
        _notify(tx, cloud, incident, policy, due, at, renotify=True)


def again(
    tx: Transaction, cloud: Cloud, incident: Resource, policy: dict[str, Any], at: int
) -> None:
    """Another log entry matched: notify unless the rate limit is not over."""
    period = policy["alertStrategy"]["notificationRateLimit"]["period"]
    pause = round(seconds(period) * _SECOND)
    notified = incident.private["notified"]
    due = [one for one in _channels(policy) if at - notified.get(one, at - pause) >= pause]
    seen(tx, incident, at, None)
    if due:
        _notify(tx, cloud, incident, policy, due, at, renotify=True)


def closed(
    tx: Transaction,
    cloud: Cloud,
    incident: Resource,
    policy: dict[str, Any] | None,
    at: int,
    reason: str,
) -> None:
    """Close an incident; without a policy, which was deleted then, nobody is notified."""
    incident.body.update(state="CLOSED", closeTime=rfc3339(from_micros(at)), closeReason=reason)
    tx.update(incident)
    if policy is not None and "CLOSED" in _prompts(policy):
        _notify(tx, cloud, incident, policy, _channels(policy), at)


def is_forgotten(incident: Resource, policy: dict[str, Any], at: int) -> bool:
    """Whether the policy has had no data for as long as its autoClose says."""
    limit = policy.get("alertStrategy", {}).get("autoClose", _AUTO_CLOSE)
    return at - incident.private["seen"] >= round(seconds(limit) * _SECOND)


def opened_at(incident: Resource) -> int:
    """When it was opened."""
    return micros(parse_rfc3339(incident.body["openTime"]))


def _notify(
    tx: Transaction,
    cloud: Cloud,
    incident: Resource,
    policy: dict[str, Any],
    channels: list[str],
    at: int,
    *,
    renotify: bool = False,
) -> None:
    message = notification_bodies.payload(cloud, incident.body, policy, renotify=renotify)
    time = rfc3339(from_micros(at))
    for channel in channels:
        if delivery.deliver(tx, cloud, channel, message, time):
            incident.private["notified"][channel] = at
    tx.update(incident)


def _channels(policy: dict[str, Any]) -> list[str]:
    return list(policy.get("notificationChannels", []))


def _prompts(policy: dict[str, Any]) -> list[str]:
    """When to notify; a policy on log entries notifies of openings only."""
    if any("conditionMatchedLog" in condition for condition in policy["conditions"]):
        return ["OPENED"]
    return policy.get("alertStrategy", {}).get("notificationPrompts") or ["OPENED", "CLOSED"]


def _snapshot(policy: dict[str, Any]) -> dict[str, Any]:
    fields = ("name", "displayName", "userLabels", "severity")
    return {name: policy[name] for name in fields if name in policy}
