"""Evaluates one alert policy at one moment.

A series fails a condition when it has broken it for the condition's duration. A condition is
met when enough of its series fail (trigger); a policy is, when one or all of its conditions are
(combiner). With OR each failing series is an incident of its own, with AND there is one for
all, or one for each resource.

A series without data: evaluationMissingData says whether it counts as healthy (INACTIVE), as
broken (ACTIVE), or leaves things as they are (NO_OP, the default), until autoClose.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..api_errors import ApiError
from ..call import Cloud
from ..store import Resource, Transaction
from . import conditions, incidents
from .conditions import Moment, Reading

log = logging.getLogger(__name__)

_STATE = "localcloud.policyState"


@dataclass(frozen=True)
class _Failure:
    """What an incident is about: its key, its condition and the series that stands for it."""

    key: str
    condition: dict[str, Any]
    reading: Reading


def evaluate(tx: Transaction, cloud: Cloud, policy: Resource, moment: Moment) -> None:
    """Bring the incidents of a policy up to a moment; moments must not go back."""
    body = policy.body
    if not body.get("enabled", True):
        return
    found = incidents.open_of(tx, policy.name)
    if "conditionMatchedLog" in body["conditions"][0]:
        _expire(tx, cloud, found, body, moment.at)
        return
    kept = tx.get(_STATE, policy.name)
    since: dict[str, int] = kept.body["since"] if kept else {}
    before = dict(since)
    open_keys = {one.private["key"]: one for one in found}
    states = [
        _condition(tx, cloud, condition, since, open_keys, moment)
        for condition in body["conditions"]
    ]
    _keep(tx, policy.name, kept, before, since)
    failing = {one.key: one for one in _failures(body, [state.failing for state in states])}
    unknown = {key for state in states for key in state.unknown}
    for key, failure in failing.items():
        reading = failure.reading
        if key in open_keys:
            incidents.seen(tx, open_keys[key], moment.at, reading.value)
        else:
            incidents.opened(
                tx,
                cloud,
                policy,
                failure.condition,
                key,
                reading.stream,
                moment.at,
                value=reading.value,
            )
    for key, incident in open_keys.items():
        if key in failing:
            incidents.repeated(tx, cloud, incident, body, moment.at)
        elif key not in unknown:
            incidents.closed(tx, cloud, incident, body, moment.at, "the condition is not met")
        elif incidents.is_forgotten(incident, body, moment.at):
            incidents.closed(tx, cloud, incident, body, moment.at, "no data")
        else:
            incidents.repeated(tx, cloud, incident, body, moment.at)


def forget(tx: Transaction, cloud: Cloud, policy: str, at: int) -> None:
    """Close the incidents of a policy that is deleted; nobody is notified."""
    for incident in incidents.open_of(tx, policy):
        incidents.closed(tx, cloud, incident, None, at, "the policy was deleted")
    tx.delete(_STATE, policy)


@dataclass(frozen=True)
class _State:
    """Series of a condition that fail, and keys of incidents of which nothing is known."""

    failing: list[tuple[dict[str, Any], Reading]]
    unknown: list[str]


def _condition(
    tx: Transaction,
    cloud: Cloud,
    condition: dict[str, Any],
    since: dict[str, int],
    open_keys: dict[str, Resource],
    moment: Moment,
) -> _State:
    """Note since when series break the condition, and give those that fail it."""
    try:
        readings = conditions.read(tx, cloud.project, condition, moment)
    except ApiError as error:
        # A metric that was deleted after the policy was made: Google's policy has no data then.
        log.warning("%s cannot be evaluated: %s", condition["name"], error)
        readings = []
    name, needed = condition["name"], conditions.duration(condition)
    failing: list[tuple[dict[str, Any], Reading]] = []
    known = set()
    for reading in readings:
        key = _key(name, reading.key)
        known.add(key)
        if not reading.breaks:
            since.pop(key, None)
        elif moment.at - since.setdefault(key, moment.at) >= needed:
            failing.append((condition, reading))
    unknown = []
    missing = condition.get("conditionThreshold", {}).get("evaluationMissingData", "")
    for key in [*since.keys() - known, *(open_keys.keys() - known - since.keys())]:
        owner, series = json.loads(key)
        if owner != name or not series.startswith("["):
            continue
        if missing.endswith("_INACTIVE"):
            since.pop(key, None)
        elif key in open_keys:
            unknown.append(key)
        else:
            since.pop(key, None)
    count = condition_trigger(condition, len(readings))
    return _State(failing if len(failing) >= count else [], unknown)


def condition_trigger(condition: dict[str, Any], series: int) -> float:
    """How many series must fail for the condition to be met."""
    detail = condition.get("conditionThreshold") or condition["conditionAbsent"]
    trigger = detail.get("trigger", {})
    if trigger.get("percent"):
        return max(1.0, series * trigger["percent"] / 100)
    return trigger.get("count") or 1


def _failures(
    body: dict[str, Any], met: list[list[tuple[dict[str, Any], Reading]]]
) -> Iterator[_Failure]:
    """What the policy has an incident for."""
    combiner = body["combiner"]
    if combiner == "OR" or len(met) == 1:
        for condition, reading in (pair for state in met for pair in state):
            yield _Failure(_key(condition["name"], reading.key), condition, reading)
        return
    if not all(met):
        return
    first = met[0]
    if combiner == "AND":
        condition, reading = first[0]
        yield _Failure(_key(condition["name"], "all"), condition, reading)
        return
    for condition, reading in first:
        resource = _resource(reading)
        if all(any(_resource(one) == resource for _, one in state) for state in met):
            yield _Failure(_key(condition["name"], resource), condition, reading)


def _expire(
    tx: Transaction, cloud: Cloud, found: list[Resource], body: dict[str, Any], at: int
) -> None:
    for incident in found:
        if incidents.is_forgotten(incident, body, at):
            incidents.closed(tx, cloud, incident, body, at, "no further entry")


def _keep(
    tx: Transaction,
    name: str,
    kept: Resource | None,
    before: dict[str, int],
    since: dict[str, int],
) -> None:
    state = Resource(_STATE, name, "", {"since": since})
    if kept is None:
        if since:
            tx.insert(state)
    elif since != before:
        tx.update(state)


def _key(condition: str, series: str) -> str:
    return json.dumps([condition, series])


def _resource(reading: Reading) -> str:
    """The part of an incident's key that is no series, so not a list."""
    return json.dumps({reading.stream.resource: reading.stream.resource_labels}, sort_keys=True)
