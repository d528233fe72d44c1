"""Everything that is no table and no routine: schedules, alerts, access, storage."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bqstack.amounts import counted
from bqstack.guard import inputs, retention, sqltext
from bqstack.guard.change import Detail, Loss
from bqstack.guard.words import becomes, edited, shown
from bqstack.unchecked import JsonObject
from gcptypes import is_grant, known
from gcptypes.records import ALERT, CHANNEL, DASHBOARD, TRANSFER

# A threshold that moves by this factor is worth a look.
_FAR = 10
_CALL = re.compile(r"\bCALL\s+(?:`[^`]*`\s*\.\s*|\w+\.)*`?(\w+)`?\s*\(", re.IGNORECASE)
_NO_CODE = re.compile(
    r"--[^\n]*|#[^\n]*|/\*.*?\*/|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL
)
# Texts for people; nothing works otherwise for them.
_TEXTS = frozenset(
    {"annotations", "description", "displayName", "documentation", "friendlyName", "labels"}
    | {"userLabels"}
)


def holds_something(type_: str) -> bool:
    """Whether deleting an object of the type may lose what a new one does not have."""
    return known(type_).holds


def contents(type_: str, values: JsonObject) -> str:
    """An object in a few words, where there are any."""
    if is_grant(type_):
        return f"{values.get('role')} for {values.get('member', values.get('members'))}"
    if type_ == TRANSFER:
        paused = ", paused" if values.get("disabled") else ""
        statement = _statement(str((values.get("params") or {}).get("query", "")))
        return f"it runs {values.get('schedule', 'on demand')} (UTC){paused}: {statement}"
    if type_ == ALERT:
        conditions = [str(c.get("displayName")) for c in values.get("conditions") or []]
        parts = [f"severity {values['severity']}"] if "severity" in values else []
        parts += [", ".join(conditions)] if conditions else []
        channels = [_last(channel) for channel in values.get("notificationChannels") or []]
        return "; ".join([*parts, *([f"notifies {', '.join(channels)}"] if channels else [])])
    return ""


def compare(type_: str, name: str, old: JsonObject, new: JsonObject) -> tuple[list[Detail], bool]:
    """What differs between canonical inputs, and whether the object is replaced for it."""
    found = list(retention.compare(type_, name, old, new))
    covered = retention.paths(type_)
    replaced = False
    for key in sorted((old.keys() | new.keys()) - covered):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        replaced = replaced or _forces_new(type_, key)
        found += _input(type_, key, before, after)
    return found, replaced


def _forces_new(type_: str, key: str) -> bool:
    if is_grant(type_) or key == "project":
        return True
    return key in known(type_).replaces


def _input(type_: str, key: str, old: Any, new: Any) -> list[Detail]:
    special = _SPECIAL.get((type_, key))
    if special is not None:
        return special(old, new)
    if key in _TEXTS:
        return [Detail(key, _words(key))]
    reason = known(type_).weaker.get(key, "") if _weakens(key, old, new) else ""
    loss = Loss.WARNING if reason else Loss.REVERSIBLE
    return [
        Detail(path, f"{_words(path)}: {becomes(before, after)}", loss, reason)
        for path, before, after in inputs.differences(old, new, key)
    ]


def _weakens(key: str, old: Any, new: Any) -> bool:
    """Whether a protection goes: what is kept of old versions, or a destroy that keeps all."""
    if key == "versioning":
        return bool((old or {}).get("enabled")) and not (new or {}).get("enabled")
    return bool(new)


def _query(old: Any, new: Any) -> list[Detail]:
    before, after = (dict(side or {}) for side in (old, new))
    texts = [str(side.pop("query", "")) for side in (before, after)]
    details = []
    if texts[0] != texts[1]:
        if sqltext.same(*texts):
            details.append(Detail("params.query", "layout or comments of its statement"))
        else:
            statements = [_statement(text) for text in texts]
            text = f"it runs {statements[1]} instead of {statements[0]}"
            if statements[0] == statements[1]:
                text = f"around {_called(texts[1]) or 'its statement'}: {edited(*texts)}"
            lost = _called(texts[0]) if not _called(texts[1]) else ""
            reason = f"nothing calls {lost} through this schedule any more" if lost else ""
            loss = Loss.WARNING if lost else Loss.REVERSIBLE
            details.append(Detail("params.query", text, loss, reason))
    if before != after:
        details.append(Detail("params", "parameters of the transfer", Loss.REVERSIBLE))
    return details


def _called(script: str) -> str:
    """The procedures that a scheduled script calls, by their last names."""
    code = _NO_CODE.sub(" ", script)
    return ", ".join(dict.fromkeys(match[1] for match in _CALL.finditer(code)))


def _disabled(_old: Any, new: Any) -> list[Detail]:
    if new:
        reason = "it stays off until it is switched on again"
        return [Detail("disabled", "it no longer runs: paused", Loss.WARNING, reason)]
    return [Detail("disabled", "it runs again: no longer paused", Loss.REVERSIBLE)]


def _schedule(old: Any, new: Any) -> list[Detail]:
    text = f"it runs {new or 'on demand'} (UTC) instead of {old or 'on demand'}"
    return [Detail("schedule", text, Loss.REVERSIBLE)]


def _channels(old: Any, new: Any) -> list[Detail]:
    before, after = ({_last(item) for item in side or []} for side in (old, new))
    parts = [f"no longer notified: {', '.join(sorted(before - after))}"] if before - after else []
    parts += (
        [f"notified from now on: {', '.join(sorted(after - before))}"] if after - before else []
    )
    text = "; ".join(parts) or "order of the channels"
    if before and not after:
        return [Detail("notificationChannels", text, Loss.WARNING, "nobody is notified any longer")]
    return [Detail("notificationChannels", text, Loss.REVERSIBLE)]


def _address(old: Any, new: Any) -> list[Detail]:
    """A channel's labels are its address, which may hold a token: values are not shown."""
    keys = sorted({path for path, *_ in inputs.differences(old or {}, new or {})})
    return [Detail("labels", f"its address: {', '.join(keys)}", Loss.REVERSIBLE)]


def _severity(old: Any, new: Any) -> list[Detail]:
    text = f"severity {old or 'none'} becomes {new or 'none'}"
    if old == "CRITICAL":
        return [Detail("severity", text, Loss.WARNING, "it is routed and escalated as less severe")]
    return [Detail("severity", text, Loss.REVERSIBLE)]


def _enabled(_old: Any, new: Any) -> list[Detail]:
    if new:
        return [Detail("enabled", "switched on", Loss.REVERSIBLE)]
    return [Detail("enabled", "switched off", Loss.WARNING, "nobody is notified while it is off")]


def _conditions(old: Any, new: Any) -> list[Detail]:
    before, after = (_by_name(side or []) for side in (old, new))
    details = [
        Detail("conditions", f"condition {name!r} {verb}", Loss.REVERSIBLE)
        for names, verb in (
            (before.keys() - after.keys(), "goes"),
            (after.keys() - before, "comes"),
        )
        for name in sorted(names)
    ]
    for name in sorted(before.keys() & after.keys()):
        for path, one, other in inputs.differences(before[name], after[name]):
            what = path.partition(".")[2] or path
            text = f"{name}: {_words(what)} {becomes(one, other)}"
            reason = _far(what, one, other)
            loss = Loss.WARNING if reason else Loss.REVERSIBLE
            details.append(Detail(f"conditions.{path}", text, loss, reason))
    return details or [Detail("conditions", "order of the conditions")]


def _far(path: str, old: Any, new: Any) -> str:
    """Why a threshold that is ten times what it was is worth a look, or nothing."""
    if not path.endswith("thresholdValue") or not old or not new:
        return ""
    ratio = float(new) / float(old)
    if 1 / _FAR < ratio < _FAR:
        return ""
    return f"{max(ratio, 1 / ratio) if ratio > 0 else abs(ratio):g} times its old value"


def _by_name(conditions: list[JsonObject]) -> dict[str, JsonObject]:
    """Conditions by name; Monitoring lets several have one, so later ones bear a number."""
    named: dict[str, JsonObject] = {}
    for condition in conditions:
        name = condition.get("displayName", "")
        same = sum(known.get("displayName", "") == name for known in named.values())
        named[f"{name} ({same + 1})" if same else name] = condition
    return named


def _dashboard(old: Any, new: Any) -> list[Detail]:
    before, after = _titles(old), _titles(new)
    parts = [f"without {title!r}" for title in sorted(before - after)]
    parts += [f"with {title!r}" for title in sorted(after - before)]
    if not parts:
        places = sum(1 for _ in inputs.differences(old, new))
        parts = [f"{counted(places, 'place')} of its content"]
    return [Detail("dashboardJson", ", ".join(parts), Loss.REVERSIBLE)]


_SPECIAL: dict[tuple[str, str], Callable[[Any, Any], list[Detail]]] = {
    (TRANSFER, "params"): _query,
    (TRANSFER, "disabled"): _disabled,
    (TRANSFER, "schedule"): _schedule,
    (ALERT, "notificationChannels"): _channels,
    (ALERT, "severity"): _severity,
    (ALERT, "enabled"): _enabled,
    (ALERT, "conditions"): _conditions,
    (CHANNEL, "labels"): _address,
    (DASHBOARD, "dashboardJson"): _dashboard,
}


def _titles(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(_titles, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    own = {value["title"]} if isinstance(value.get("title"), str) else set()
    return own.union(*(_titles(item) for item in value.values()))


def _statement(script: str) -> str:
    """The last line of a scheduled script that does something."""
    lines = [line.strip() for line in script.splitlines() if line.strip()]
    work = [line for line in lines if not line.upper().startswith(("SET ", "IF ", "END"))]
    return shown(work[-1] if work else script)


def _last(path: Any) -> str:
    return str(path).rpartition("/")[2]


def _words(path: str) -> str:
    """`conditionThreshold.thresholdValue` as `threshold value`."""
    key = path.rpartition(".")[2] or path
    return "".join(f" {c.lower()}" if c.isupper() else c for c in key)
