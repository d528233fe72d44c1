"""What a notification says: Google's webhook payload, version 1.2.

https://cloud.google.com/monitoring/support/notification-options#webhooks. Variables such as
${policy.display_name} are filled in (https://cloud.google.com/monitoring/alerts/doc-variables);
one without a value becomes empty.
"""

from __future__ import annotations

import re
from typing import Any

from ..call import Cloud
from ..clock import parse_rfc3339

_VERSION = "1.2"
_VARIABLE = re.compile(r"\$\{([\w.]+)\}")
_LONGEST_SUBJECT = 255
_CONSOLE = "https://console.cloud.google.com/monitoring/alerting"
_SIGNS = {
    "COMPARISON_GT": "above",
    "COMPARISON_GE": "not below",
    "COMPARISON_LT": "below",
    "COMPARISON_LE": "not above",
    "COMPARISON_EQ": "equal to",
    "COMPARISON_NE": "different from",
}


def payload(
    cloud: Cloud, incident: dict[str, Any], policy: dict[str, Any], *, renotify: bool = False
) -> dict[str, Any]:
    """The message of one notification about an incident of a policy."""
    condition = incident["condition"]
    incident_id = incident["name"].rsplit("/", 1)[-1]
    closed = incident["state"] == "CLOSED"
    threshold = condition.get("conditionThreshold", {}).get("thresholdValue", 0.0)
    body = {
        "incident_id": incident_id,
        "scoping_project_id": cloud.project,
        "scoping_project_number": int(cloud.project_number),
        "url": f"{_CONSOLE}/alerts/{incident_id}?project={cloud.project}",
        "state": incident["state"].lower(),
        "severity": policy.get("severity", "No severity"),
        "summary": summary(incident, policy),
        "started_at": _unix(incident["openTime"]),
        "ended_at": _unix(incident["closeTime"]) if closed else None,
        "renotify": renotify,
        "resource": incident["resource"],
        "resource_id": "",
        "resource_name": f"{cloud.project} {incident['resource'].get('type', '')}".strip(),
        "resource_type_display_name": incident["resource"].get("type", ""),
        "metric": {**incident["metric"], "displayName": incident["metric"].get("type", "")},
        "metadata": {"system_labels": {}, "user_labels": {}},
        "policy_name": policy["displayName"],
        "policy_user_labels": policy.get("userLabels", {}),
        "condition_name": condition["displayName"],
        "condition": condition,
    }
    if "conditionThreshold" in condition:
        body["threshold_value"] = _number(threshold)
        body["observed_value"] = _number(incident.get("value"))
    if "log" in incident:
        body["extracted_labels"] = incident["log"].get("extractedLabels", {})
    documentation = policy.get("documentation")
    if documentation:
        body["documentation"] = _documentation(cloud, incident, policy, documentation)
    return {"version": _VERSION, "incident": body}


def summary(incident: dict[str, Any], policy: dict[str, Any]) -> str:
    """One sentence on what happened."""
    condition = incident["condition"]
    name = f"{policy['displayName']}: {condition['displayName']}"
    if incident["state"] == "CLOSED":
        return f"{name} returned to normal ({incident['closeReason']})."
    if "conditionThreshold" in condition:
        if incident.get("value") is None:
            return f"{name}: no data, which counts as a violation."
        detail = condition["conditionThreshold"]
        sign = _SIGNS.get(detail.get("comparison", ""), "beyond")
        return (
            f"{name} is {sign} the threshold of {_number(detail.get('thresholdValue', 0.0))}"
            f" with a value of {_number(incident.get('value'))}."
        )
    if "conditionAbsent" in condition:
        return f"{name}: no data for {condition['conditionAbsent']['duration']}."
    return f"{name}: a log entry matched."


def _documentation(
    cloud: Cloud, incident: dict[str, Any], policy: dict[str, Any], given: dict[str, Any]
) -> dict[str, Any]:
    variables = _variables(cloud, incident, policy)

    def fill(text: str) -> str:
        return _VARIABLE.sub(lambda found: variables.get(found[1], ""), text)

    content = fill(given.get("content", ""))
    subject = fill(given.get("subject") or summary(incident, policy))
    return {
        "content": content,
        "mime_type": given.get("mimeType", "text/markdown"),
        "subject": subject[:_LONGEST_SUBJECT],
        "links": [
            {"display_name": link.get("displayName", ""), "url": fill(link.get("url", ""))}
            for link in given.get("links", [])
        ],
    }


def _variables(cloud: Cloud, incident: dict[str, Any], policy: dict[str, Any]) -> dict[str, str]:
    condition, metric, resource = incident["condition"], incident["metric"], incident["resource"]
    log = incident.get("log", {}).get("extractedLabels", {})
    return {
        "project": cloud.project,
        "policy.name": policy["name"],
        "policy.display_name": policy["displayName"],
        "condition.name": condition["name"],
        "condition.display_name": condition["displayName"],
        "metric.type": metric.get("type", ""),
        "metric.display_name": metric.get("type", ""),
        "resource.type": resource.get("type", ""),
        "resource.project": cloud.project,
        **{f"policy.user_label.{k}": v for k, v in policy.get("userLabels", {}).items()},
        **{f"metric.label.{k}": v for k, v in metric.get("labels", {}).items()},
        **{f"resource.label.{k}": v for k, v in resource.get("labels", {}).items()},
        **{f"log.extracted_label.{k}": v for k, v in log.items()},
    }


def _unix(text: str) -> int:
    return int(parse_rfc3339(text).timestamp())


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
