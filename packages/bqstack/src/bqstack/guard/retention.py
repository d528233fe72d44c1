"""Settings that say how long something is kept: the shorter, the more is lost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from bqstack.guard.change import Detail, Loss
from bqstack.unchecked import JsonObject
from gcptypes import Retention, known
from gcptypes.records import BUCKET

# Conditions of a lifecycle rule that list what it is about, and when one entry holds another.
_LISTS: dict[str, Callable[[str, str], bool]] = {
    "matchesPrefixes": str.startswith,
    "matchesSuffixes": str.endswith,
    "matchesStorageClasses": str.__eq__,
}
_AGES = ("age", "daysSinceCustomTime", "daysSinceNoncurrentTime", "numNewerVersions")


def compare(type_: str, name: str, old: JsonObject, new: JsonObject) -> Iterator[Detail]:
    """Differences in what is kept, between canonical inputs."""
    for rule in known(type_).retention:
        before, after = (_amount(_at(side, rule.path), rule.absent) for side in (old, new))
        if before == after:
            continue
        text = f"{rule.text}: {_shown(before, rule)} becomes {_shown(after, rule)}"
        yield _detail(name, rule.path, text, rule.reason, shorter=after < before)
    if type_ == BUCKET:
        rules = [side.get("lifecycleRules") or [] for side in (old, new)]
        yield from _lifecycle(name, *rules)
    if lock := known(type_).retention_lock:
        yield from _locked(name, lock, old, new)


def paths(type_: str) -> set[str]:
    """Top-level inputs that are described here."""
    record = known(type_)
    found = {rule.path.split(".")[0] for rule in record.retention}
    if record.retention_lock:
        found.add(record.retention_lock.split(".")[0])
    return found | {"lifecycleRules"} if type_ == BUCKET else found


def _detail(name: str, path: str, text: str, reason: str, *, shorter: bool) -> Detail:
    if not shorter:
        return Detail(path, text)
    return Detail(path, text, Loss.LOSSY, reason, allowance=f"{name}: shorten {path}")


def _lifecycle(name: str, old: list[JsonObject], new: list[JsonObject]) -> Iterator[Detail]:
    before, after = _conditions(old, delete=True), _conditions(new, delete=True)
    if before != after:
        more = [rule for rule in after if not any(_within(rule, earlier) for earlier in before)]
        text = f"lifecycle: {_rules(before)} becomes {_rules(after)}"
        reason = "objects that are kept today will be deleted"
        yield _detail(name, "lifecycleRules", text, reason, shorter=bool(more))
    if _conditions(old, delete=False) != _conditions(new, delete=False):
        yield Detail("lifecycleRules", "storage class of older objects", Loss.REVERSIBLE)


def _conditions(rules: list[JsonObject], *, delete: bool) -> list[JsonObject]:
    """Conditions of the rules that delete, or of the others with what they do."""
    found = []
    for rule in rules:
        action, condition = rule.get("action") or {}, rule.get("condition") or {}
        if (action.get("type") == "Delete") is delete:
            set_ones = {k: v for k, v in condition.items() if v not in (0, "ANY")}
            found.append(set_ones if delete else set_ones | action)
    return found


def _within(rule: JsonObject, other: JsonObject) -> bool:
    """Whether `rule` deletes nothing that `other` does not delete, too."""
    return all(_narrower(key, rule.get(key), value) for key, value in other.items())


def _narrower(key: str, one: Any, other: Any) -> bool:
    if key in _AGES:
        return float(one or 0) >= float(other)
    if key in _LISTS and one:
        return all(any(_LISTS[key](item, entry) for entry in other) for item in one)
    return bool(one == other)


def _locked(name: str, path: str, old: JsonObject, new: JsonObject) -> Iterator[Detail]:
    before, after = bool(_at(old, path)), bool(_at(new, path))
    if before and not after:
        yield Detail(
            path,
            "its retention is unlocked",
            Loss.LOSSY,
            "Google never unlocks it: the update fails",
            allowance=f"{name}: unlock retention",
        )
    if after and not before:
        yield Detail(
            path,
            "its retention is locked",
            Loss.LOSSY,
            "nobody can remove the lock or shorten the retention",
            allowance=f"{name}: lock retention",
        )


def _rules(conditions: list[JsonObject]) -> str:
    if not conditions:
        return "nothing is deleted"
    texts = [", ".join(f"{key} {value}" for key, value in rule.items()) for rule in conditions]
    return "deleted at " + " or at ".join(texts)


def _at(values: Any, path: str) -> Any:
    for key in path.split("."):
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _amount(value: Any, absent: float) -> float:
    """Number of a setting; durations are seconds with an `s`, 0 days of life are none set."""
    if value is None or (value == 0 and math.isinf(absent)):
        return absent
    return float(str(value).removesuffix("s"))


def _shown(amount: float, rule: Retention) -> str:
    if math.isinf(amount):
        return "none"
    return f"{amount / rule.per_day if rule.per_day else amount:g}"
