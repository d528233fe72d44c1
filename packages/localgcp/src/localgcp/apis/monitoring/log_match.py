"""Policies on log entries (conditionMatchedLog): checked as each entry arrives."""

from __future__ import annotations

import json
from typing import Any

from .. import logfilter
from ..call import Cloud
from ..clock import micros, parse_rfc3339
from ..store import Transaction
from . import incidents, log_metrics
from .samples import Stream

POLICY = "monitoring.projects.alertPolicies"


def watch(tx: Transaction, cloud: Cloud, entry: dict[str, Any]) -> None:
    """Open or repeat the incidents that an entry is about.

    Each combination of extracted labels is an incident of its own.
    """
    for policy in tx.children(POLICY, f"projects/{cloud.project}"):
        condition = policy.body["conditions"][0]
        if "conditionMatchedLog" not in condition or not policy.body.get("enabled", True):
            continue
        detail = condition["conditionMatchedLog"]
        if not logfilter.parse(detail["filter"])(entry):
            continue
        labels = {
            name: log_metrics.extractor(source).read(entry) or ""
            for name, source in detail.get("labelExtractors", {}).items()
        }
        key = json.dumps([condition["name"], labels], sort_keys=True)
        at = max(micros(parse_rfc3339(entry["timestamp"])), micros(cloud.clock.now()))
        for incident in incidents.open_of(tx, policy.name):
            if incident.private["key"] == key:
                incidents.again(tx, cloud, incident, policy.body, at)
                break
        else:
            resource = entry["resource"]
            stream = Stream(0, "", {}, resource["type"], resource.get("labels", {}))
            incidents.opened(tx, cloud, policy, condition, key, stream, at, extracted=labels)
