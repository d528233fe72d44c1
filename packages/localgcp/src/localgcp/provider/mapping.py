"""Values between Pulumi's inputs and the JSON bodies of Google's APIs.

A place is the dotted path of a Pulumi property without list indices. int64 values are
strings in Google's JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .declared_inputs import Declarations, Type


def join(path: str, key: str) -> str:
    """The dotted path of a property inside the property at `path`."""
    return f"{path}.{key}" if path else key


def is_zero(value: Any) -> bool:
    """Whether Google's APIs treat the value like an absent one."""
    return value is None or value is False or value == "" or value == 0 or value in ([], {})


@dataclass(frozen=True)
class Dialect:
    """Where an API's bodies differ from Pulumi's inputs, by place.

    `renames` gives the API's key for a property, `json_texts` the properties that are
    JSON text in Pulumi and plain JSON in the body.
    """

    renames: Mapping[str, str] = field(default_factory=dict)
    json_texts: frozenset[str] = frozenset()

    def key(self, place: str) -> str:
        """The API's key for the property at a place."""
        return self.renames.get(place, place.rsplit(".", 1)[-1])


def to_api(value: Any, dialect: Dialect, place: str = "") -> Any:
    """A request body for a property value, without empty strings, lists and objects."""
    if isinstance(value, dict):
        return {
            dialect.key(join(place, key)): to_api(item, dialect, join(place, key))
            for key, item in value.items()
            if item is not None and item not in ("", [], {})
        }
    if isinstance(value, list):
        return [to_api(item, dialect, place) for item in value]
    return json.loads(value) if place in dialect.json_texts else value


def from_api(
    value: Any, kind: Type, declarations: Declarations, dialect: Dialect, place: str = ""
) -> Any:
    """A property value from an answer: declared properties only, in the declared types."""
    if place in dialect.json_texts:
        return canonical_json(value)
    declared = declarations.object(kind)
    if declared is not None:
        return from_api_object(value, declared["properties"], declarations, dialect, place)
    if isinstance(kind, dict) and "list" in kind:
        return [from_api(item, kind["list"], declarations, dialect, place) for item in value]
    if isinstance(kind, dict) and "map" in kind:
        return {
            key: from_api(item, kind["map"], declarations, dialect) for key, item in value.items()
        }
    return _scalar(value, kind)


def _scalar(value: Any, kind: Type) -> Any:
    if kind == "integer" and isinstance(value, str):
        return int(value)
    if kind == "number" and isinstance(value, str):
        return float(value)
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    if kind == "string" and isinstance(value, int | float):
        return str(value)
    return value


def from_api_object(
    body: Mapping[str, Any],
    properties: Mapping[str, Type],
    declarations: Declarations,
    dialect: Dialect,
    place: str = "",
) -> dict[str, Any]:
    """The declared properties that an answer's object has."""
    found = {}
    for key, kind in properties.items():
        here = join(place, key)
        value = body.get(dialect.key(here))
        if value is not None:
            found[key] = from_api(value, kind, declarations, dialect, here)
    return found


def completed(value: Any, kind: Type, declarations: Declarations) -> Any:
    """A property value as the real plugin stores it.

    Of a block inside a resource it keeps every attribute, those that nobody set with the zero
    of their type: Terraform's SDK reads blocks like that (helper/schema, readObjectField). Of the
    resource itself it keeps what is set.
    """
    declared = declarations.object(kind)
    if declared is not None and isinstance(value, dict):
        zeros = {
            key: zero
            for key, one in declared["properties"].items()
            if key not in value and (zero := _zero(one)) is not None
        }
        return zeros | {
            key: completed(item, declared["properties"].get(key, "any"), declarations)
            for key, item in value.items()
        }
    if isinstance(kind, dict) and "list" in kind and isinstance(value, list):
        return [completed(item, kind["list"], declarations) for item in value]
    return value


def _zero(kind: Type) -> Any:
    """What stands for an attribute that is not set; None for a block, which is then left out."""
    if isinstance(kind, str):
        return {"string": "", "boolean": False, "integer": 0, "number": 0}.get(kind)
    if "list" in kind:
        return []
    return {} if "map" in kind else None


def canonical_json(value: Any) -> str:
    """JSON text that is equal for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def same_json(one: Any, other: Any) -> bool:
    """Whether two JSON texts hold the same value; text that is not JSON never does."""
    try:
        return json.loads(one) == json.loads(other)
    except (TypeError, ValueError):
        return False


def value_at(value: Any, place: str) -> Any:
    """The value at a place, the first one where lists are on the way; None if absent."""
    for key in place.split("."):
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def with_defaults(value: Any, defaults: Mapping[str, Any]) -> Any:
    """Inputs with the provider's defaults filled in where the enclosing object is given."""
    for path, default in defaults.items():
        value = _with_default(value, path.split("."), default)
    return value


def _with_default(value: Any, path: list[str], default: Any) -> Any:
    if isinstance(value, list):
        return [_with_default(item, path, default) for item in value]
    if not isinstance(value, dict):
        return value
    key, rest = path[0], path[1:]
    if rest:
        return {**value, key: _with_default(value[key], rest, default)} if key in value else value
    return {key: default, **value}
