"""Inputs of a resource in one form, whoever wrote them.

The state holds what the program gave plus what the provider filled in (the real one lists
those keys under `__defaults`), and secrets as ciphertext. Neither is a change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import gcptypes
from bqstack.state import state_files
from bqstack.unchecked import JsonMapping, JsonObject, JsonValue

SECRET = "[secret]"
# Inputs that are JSON in a text.
_JSON = frozenset(
    {"dashboardJson", "dataType", "policyData", "returnTableType", "returnType", "schema"}
)
# A list that is a set to Google.
_UNORDERED = frozenset({"accesses", "notificationChannels", "members"})


def canonical(type_: str, inputs: JsonMapping) -> JsonObject:
    """The inputs without what says nothing: empty values, markers; with what is implied."""
    values = _without_markers(inputs)
    record = gcptypes.known(type_)
    for place, default in {**record.defaults, **record.zeros}.items():
        _fill(values, place.split("."), default)
    return _pruned(values) or {}


def differences(
    old: JsonValue, new: JsonValue, path: str = ""
) -> Iterator[tuple[str, JsonValue, JsonValue]]:
    """Path, old and new value of everything that differs between canonical inputs."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif _are_objects(old) and _are_objects(new):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from differences(before, after, f"{path}[{index}]")
    else:
        yield path, old, new


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _without_markers(value: Any) -> Any:
    if isinstance(value, Mapping):
        if state_files.SIGNATURE in value:
            return SECRET
        filled_in = set(value.get("__defaults") or ())
        return {
            key: _without_markers(item)
            for key, item in value.items()
            if not key.startswith("__") and key not in filled_in
        }
    return [_without_markers(item) for item in value] if isinstance(value, list) else value


def _fill(value: Any, path: list[str], default: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _fill(item, path, default)
    elif isinstance(value, dict):
        if len(path) == 1:
            value.setdefault(path[0], default)
        elif path[0] in value:
            _fill(value[path[0]], path[1:], default)


def _pruned(value: Any, key: str = "") -> Any:
    """The value without empty parts, numbers and booleans as such, JSON texts read."""
    if key in _JSON and isinstance(value, str):
        try:
            return _pruned(json.loads(value))
        except json.JSONDecodeError:
            return value
    if isinstance(value, dict):
        pruned = {name: _pruned(item, name) for name, item in sorted(value.items())}
        return {name: item for name, item in pruned.items() if not _empty(item)} or None
    if isinstance(value, list):
        items = [_pruned(item) for item in value]
        if key in _UNORDERED:
            items.sort(key=lambda item: json.dumps(item, sort_keys=True))
        return items or None
    if key == "location" and isinstance(value, str):
        return value.upper()  # Google's answer has it in either case
    if isinstance(value, float) and value.is_integer():
        return int(value)  # the engine knows one kind of number
    return value


def _empty(value: Any) -> bool:
    return value is None or value is False or value in ("", [], {})
