"""What Cloud Monitoring takes as a dashboard, out of Google's discovery document.

The document ships with google-api-python-client. Beside unknown keys, types and enums this
refuses what the API drops (null, zero, empty, false, an enum's default): a key that does not
come back differs in every preview.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from googleapiclient.discovery_cache import get_static_doc

# Filled in by the API, or by this program.
_OUTPUT = {"Dashboard": frozenset({"name", "etag"})}
# Texts that stand for something else, by the document's word for it.
PATTERNS = {
    "google-duration": re.compile(r"\d+(\.\d{1,9})?s"),
    "int64": re.compile(r"-?\d+"),
}
_SAID = {
    "google-duration": ("must be a duration in seconds", "for example: 300s"),
    "int64": ("must be a whole number in quotes", None),
}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, at `key` (`mosaicLayout.tiles.0.width`)."""

    key: str
    message: str
    value: Any = None
    fix: str | None = None


def check(dashboard: Any) -> list[Problem]:
    """Everything that the API would refuse or drop in a dashboard, in the order of the file."""
    return list(_check_message(dashboard, "Dashboard", ""))


@cache
def _schemas() -> dict[str, Any]:
    text: str = get_static_doc("monitoring", "v1")
    schemas: dict[str, Any] = json.loads(text)["schemas"]
    return schemas


def fields(name: str) -> dict[str, Any]:
    """Fields of a message that a file may set, as the document describes each."""
    output = _OUTPUT.get(name, frozenset())
    return {key: field for key, field in _fields(name).items() if key not in output}


def _fields(name: str) -> dict[str, Any]:
    found: dict[str, Any] = _schemas()[name].get("properties", {})
    return found


def _check_message(value: Any, name: str, key: str) -> Iterator[Problem]:
    fields = _fields(name)
    if not isinstance(value, dict):
        yield Problem(key, f"{name} must be a mapping", value)
        return
    # An empty message without fields is a choice (blankView), any other is dropped.
    if not value and fields:
        yield _dropped(key, value)
    for field, content in value.items():
        path = f"{key}.{field}" if key else str(field)
        if field not in fields:
            yield Problem(path, "unknown key", fix=_hint(str(field), fields))
        elif field in _OUTPUT.get(name, ()):
            yield Problem(path, "Cloud Monitoring sets this key", fix="remove the key")
        else:
            yield from _check_value(content, fields[field], path)


def _check_value(value: Any, schema: dict[str, Any], key: str) -> Iterator[Problem]:
    if value is None:
        yield _dropped(key, value)
    elif "$ref" in schema:
        yield from _check_message(value, schema["$ref"], key)
    elif schema["type"] == "array":
        yield from _check_list(value, schema["items"], key)
    elif schema["type"] == "object":
        yield from _check_map(value, schema["additionalProperties"], key)
    else:
        yield from _check_scalar(value, schema, key)


def _check_list(value: Any, items: dict[str, Any], key: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem(key, "must be a list", value)
    elif not value:
        yield _dropped(key, value)
    else:
        for place, item in enumerate(value):
            yield from _check_value(item, items, f"{key}.{place}")


def _check_map(value: Any, entries: dict[str, Any], key: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(key, "must be a mapping", value)
    elif not value:
        yield _dropped(key, value)
    else:
        for name, item in value.items():
            yield from _check_value(item, entries, f"{key}.{name}")


def _check_scalar(value: Any, schema: dict[str, Any], key: str) -> Iterator[Problem]:
    kind = schema["type"]
    if isinstance(value, bool) != (kind == "boolean") or not isinstance(value, _TYPES[kind]):
        yield Problem(key, f"must be {_article(kind)}", value, _quoting(value, kind))
        return
    choices = schema.get("enum")
    if choices and value not in choices:
        yield Problem(key, "no such value", value, _hint(value, choices[1:]))
        return
    # The first value of an enum is its zero.
    if not value or (choices and value == choices[0]):
        yield _dropped(key, value)
        return
    form = schema.get("format", "")
    if form in PATTERNS and not PATTERNS[form].fullmatch(str(value)):
        message, fix = _SAID[form]
        yield Problem(key, message, value, fix)


def _dropped(key: str, value: Any) -> Problem:
    shown = "null" if value is None else json.dumps(value)
    return Problem(
        key,
        f"Cloud Monitoring drops {shown}, so that every preview would show a change",
        fix="remove the key",
    )


def _hint(name: Any, known: Any) -> str:
    close = get_close_matches(str(name), list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"


def _article(kind: str) -> str:
    return f"{'an' if kind == 'integer' else 'a'} {kind}"


def _quoting(value: Any, kind: str) -> str | None:
    if kind == "string" and isinstance(value, int | float):
        return "put the value in quotes"
    return "write it without quotes" if kind != "string" and isinstance(value, str) else None
