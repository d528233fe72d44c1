"""Partial updates: field masks of the newer APIs, JSON merge patch of Cloud Storage."""

from __future__ import annotations

import copy
import re
from typing import Any

from .api_errors import invalid
from .discovery import Api


def apply_mask(
    api: Api, schema: dict[str, Any], old: dict[str, Any], new: dict[str, Any], mask: str | None
) -> dict[str, Any]:
    """`old` with the masked fields taken from `new`; absent in `new` means cleared.

    Without a mask, or with `*`, `new` replaces every field that a caller may set
    and keeps the ones the server assigned. Raises 400 for an unknown path.
    """
    if not mask or mask == "*":
        result = dict(new)
        for name, spec in schema.get("properties", {}).items():
            if spec.get("readOnly") and name in old:
                result[name] = old[name]
        return result
    result = copy.deepcopy(old)
    for path in mask.split(","):
        names = [_camel(part) for part in path.strip().split(".")]
        _check(api, schema, names, path)
        _copy(result, new, names)
    return result


def merge_patch(old: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7386: null removes, objects merge, everything else replaces."""
    result = dict(old)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            base = result.get(name)
            result[name] = merge_patch(base if isinstance(base, dict) else {}, value)
        else:
            result[name] = value
    return result


def _check(api: Api, schema: dict[str, Any], names: list[str], path: str) -> None:
    spec = schema
    for name in names:
        if "$ref" in spec:
            spec = api.schemas[spec["$ref"]]
        if "additionalProperties" in spec:
            return
        spec = spec.get("properties", {}).get(name)
        if spec is None:
            raise invalid(f"Invalid field mask: unknown field '{path}'", "update_mask")


def _copy(target: dict[str, Any], source: dict[str, Any], names: list[str]) -> None:
    *parents, last = names
    value: Any = source
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    for name in parents:
        target = target.setdefault(name, {})
    if value is None:
        target.pop(last, None)
    else:
        target[last] = value


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name)
