"""Checks requests against Google's schemas and brings bodies into one canonical form.

Canonical means lowerCamelCase names, enum names instead of numbers, integers of
64 bits as text, no output-only fields and no nulls: what the services store.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from .api_errors import ApiError, Violation
from .clock import parse_rfc3339
from .discovery import Method

_DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
_INTEGER = re.compile(r"-?\d+")
_LIMITS = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
# Google's own Python clients send enums as numbers. Numbers follow the order of
# the names except in these enums, where the protos leave numbers out.
_ENUM_NUMBERS = {
    ("TRANSFER_STATE_UNSPECIFIED", "PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"): (
        0, 2, 3, 4, 5, 6,
    ),
    (
        "DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY",
    ): (0, 100, 200, 300, 400, 500, 600, 700, 800),
}  # fmt: skip
# Scalars with presence in the proto (wrapper types): false and 0 are kept.
_KEEP_DEFAULTS = {("AlertPolicy", "enabled"), ("NotificationChannel", "enabled")}
# Described as required, but filled from elsewhere in the request or defaulted.
_NOT_REQUIRED = {
    ("Topic", "name"),
    ("Subscription", "name"),
    ("LogEntry", "logName"),
    ("LogEntry", "resource"),
    ("MetricThreshold", "duration"),
    ("MetricAbsence", "duration"),
}


def check_query(method: Method, items: list[tuple[str, str]]) -> dict[str, Any]:
    """Query parameters by name, converted to their types; repeated ones as lists.

    Raises ApiError 400 for an unknown name or a value that does not fit.
    """
    values: dict[str, Any] = {}
    violations: list[Violation] = []
    for raw_name, text in items:
        name = raw_name if raw_name in method.query else _camel(raw_name)
        spec = method.query.get(name)
        if spec is None:
            violations.append(_unknown(raw_name, "", bound="query parameter"))
            continue
        value = _query_value(spec, text)
        if value is None:
            violations.append(_wrong(_snake(name), spec, text))
        elif spec.get("repeated"):
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    _raise(violations)
    return values


def check_body(
    method: Method, body: Any, *, complete: bool, keep_nulls: bool = False
) -> dict[str, Any]:
    """The request body in canonical form.

    complete: the body is a whole resource, so its required fields must be there.
    keep_nulls: JSON merge patch (Cloud Storage), where null removes a field.
    Raises ApiError 400 with one violation per wrong field.
    """
    schema = method.request_schema
    if schema is None:
        if body:
            first = next(iter(body)) if isinstance(body, dict) else str(body)
            _raise([_unknown(str(first), "")])
        return {}
    root = "" if _is_message_root(method, schema) else _snake(schema)
    checker = _Checker(method.api.schemas, keep_nulls, drop_defaults=method.api.name != "storage")
    if not isinstance(body, dict):
        raise ApiError("INVALID_ARGUMENT", "Invalid JSON payload received. Expected an object.")
    result = checker.message(schema, body, root, complete=complete)
    _raise(checker.violations)
    return result


def _is_message_root(method: Method, schema: str) -> bool:
    """Whether the body is the whole request (`body: "*"`), not one field of it."""
    return schema.endswith("Request") or method.api.name in ("pubsub", "storage")


def _raise(violations: list[Violation]) -> None:
    if violations:
        message = "\n".join(item.description for item in violations)
        raise ApiError("INVALID_ARGUMENT", message, violations)


class _Checker:
    """Walks one body along its schema and collects what is wrong."""

    def __init__(self, schemas: dict[str, Any], keep_nulls: bool, drop_defaults: bool) -> None:
        self._schemas = schemas
        self._keep_nulls = keep_nulls
        self._drop_defaults = drop_defaults
        self.violations: list[Violation] = []

    def message(self, schema: str, body: Any, path: str, *, complete: bool = True) -> Any:
        spec = self._schemas[schema]
        if "properties" not in spec:
            return self._value(spec, body, path)
        return self._fields(schema, spec["properties"], body, path, complete)

    def _fields(
        self, schema: str, properties: dict[str, Any], body: Any, path: str, complete: bool
    ) -> Any:
        if not isinstance(body, dict):
            return self._reject(path, {"type": "object"}, body)
        result: dict[str, Any] = {}
        for key, value in body.items():
            name = key if key in properties else _camel(key)
            spec = properties.get(name)
            if spec is None:
                self.violations.append(_unknown(key, path))
                continue
            if spec.get("readOnly"):
                continue
            if value is None:
                if self._keep_nulls:
                    result[name] = None
                continue
            clean = self._value(spec, value, _join(path, _snake(name)))
            if (
                self._drop_defaults
                and (schema, name) not in _KEEP_DEFAULTS
                and _is_default(spec, clean)
            ):
                continue
            result[name] = clean
        if complete:
            self._require(schema, properties, result, path)
        return result

    def _require(
        self, schema: str, properties: dict[str, Any], result: dict[str, Any], path: str
    ) -> None:
        for name, spec in properties.items():
            # Numbers, booleans, enums and maps are never missing: they have a default.
            absent = (
                name not in result
                and spec.get("description", "").startswith("Required. ")
                and ("$ref" in spec or spec["type"] in ("string", "array"))
                and "enum" not in spec
                and (schema, name) not in _NOT_REQUIRED
            )
            if absent:
                field = _join(path, _snake(name))
                self.violations.append(
                    Violation(field, f"The field '{field}' is required and must not be empty.")
                )

    def _value(self, spec: dict[str, Any], value: Any, path: str) -> Any:
        if "$ref" in spec:
            return self.message(spec["$ref"], value, path)
        kind = spec["type"]
        if kind == "any":
            return value
        if kind == "array":
            if not isinstance(value, list):
                return self._reject(path, spec, value)
            return [
                self._value(spec["items"], item, f"{path}[{index}]")
                for index, item in enumerate(value)
            ]
        if kind == "object":
            return self._object(spec, value, path)
        return self._scalar(spec, value, path)

    def _object(self, spec: dict[str, Any], value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            return self._reject(path, spec, value)
        if "properties" in spec:
            return self._fields("", spec["properties"], value, path, complete=True)
        items = spec.get("additionalProperties")
        if items is None:
            return value
        return {
            key: None
            if item is None and self._keep_nulls
            else self._value(items, item, _join(path, key))
            for key, item in value.items()
        }

    def _scalar(self, spec: dict[str, Any], value: Any, path: str) -> Any:
        clean = _scalar_value(spec, value)
        return self._reject(path, spec, value) if clean is None else clean

    def _reject(self, path: str, spec: dict[str, Any], value: Any) -> None:
        self.violations.append(_wrong(path, spec, value))


def _scalar_value(spec: dict[str, Any], value: Any) -> Any:
    """`value` in canonical form, or None when it does not fit."""
    kind, form = spec["type"], spec.get("format")
    if "enum" in spec:
        return _enum_value(spec["enum"], value)
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool):
        return None
    if kind == "integer" or form in ("int64", "uint64"):
        number = _integer(value, _LIMITS[form or "int64"])
        return number if kind == "integer" or number is None else str(number)
    if kind == "number":
        return _number(value)
    if not isinstance(value, str):
        return None
    return value if _fits_format(form, value) else None


def _enum_value(names: list[str], value: Any) -> str | None:
    if isinstance(value, str):
        return value if value in names else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    numbers = _ENUM_NUMBERS.get(tuple(names), tuple(range(len(names))))
    return names[numbers.index(value)] if value in numbers else None


def _integer(value: Any, limits: tuple[int, int]) -> int | None:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int):
        return None
    return value if limits[0] <= value <= limits[1] else None


def _number(value: Any) -> float | int | str | None:
    if isinstance(value, (int, float)):
        return value
    if value in ("NaN", "Infinity", "-Infinity"):
        return value
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _fits_format(form: str | None, text: str) -> bool:
    try:
        if form in ("google-datetime", "date-time"):
            parse_rfc3339(text)
        elif form == "byte":
            # Both alphabets are accepted, with or without padding.
            plain = text.replace("-", "+").replace("_", "/").rstrip("=")
            base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        elif form == "google-duration":
            return bool(_DURATION.fullmatch(text))
    except (ValueError, binascii.Error):
        return False
    return True


def _query_value(spec: dict[str, Any], text: str) -> Any:
    if spec["type"] == "boolean":
        return {"true": True, "false": False}.get(text.lower())
    if "enum" in spec and _INTEGER.fullmatch(text):
        return _enum_value(spec["enum"], int(text))
    # `alt` and its like are listed with fewer values than Google really takes.
    if "enum" in spec and spec["location"] == "query" and text.split(";")[0] in spec["enum"]:
        return text
    return _scalar_value(spec, text)


def _is_default(spec: dict[str, Any], value: Any) -> bool:
    """Whether proto JSON would leave the field out of an answer."""
    if "$ref" in spec or spec["type"] == "any":
        return False
    if value == "0":
        return spec.get("format") in ("int64", "uint64")
    if value in ("", [], {}, False, 0):
        return True
    return "enum" in spec and value == spec["enum"][0] and value.endswith("_UNSPECIFIED")


def _unknown(name: str, path: str, bound: str = "") -> Violation:
    if bound:
        text = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind {bound}.'
        text += f" Field '{name}' could not be found in request message."
    else:
        where = f" at '{path}'" if path else ""
        text = f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
    return Violation(path, text)


def _wrong(path: str, spec: dict[str, Any], value: Any) -> Violation:
    if "enum" in spec:
        kind = "TYPE_ENUM"
    elif spec["type"] in ("array", "object"):
        kind = {"array": "list", "object": "message"}[spec["type"]]
    else:
        kind = _TYPE_NAMES.get(spec.get("format", ""), _TYPE_NAMES[spec["type"]])
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    text = f"Invalid value at '{path}' ({kind}), {shown}"
    if "enum" in spec:
        text += f"; one of {', '.join(spec['enum'])} is expected"
    return Violation(path, text)


_TYPE_NAMES = {
    "boolean": "TYPE_BOOL",
    "string": "TYPE_STRING",
    "integer": "TYPE_INT32",
    "number": "TYPE_DOUBLE",
    "int32": "TYPE_INT32",
    "uint32": "TYPE_UINT32",
    "int64": "TYPE_INT64",
    "uint64": "TYPE_UINT64",
    "double": "TYPE_DOUBLE",
    "float": "TYPE_FLOAT",
    "byte": "TYPE_BYTES",
    "google-datetime": "type.googleapis.com/google.protobuf.Timestamp",
    "date-time": "type.googleapis.com/google.protobuf.Timestamp",
    "google-duration": "type.googleapis.com/google.protobuf.Duration",
    "google-fieldmask": "type.googleapis.com/google.protobuf.FieldMask",
}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)
