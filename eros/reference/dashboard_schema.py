"""JSON schema of a file in config/dashboards/, out of Google's discovery document.

It says what `eros.project.dashboards` refuses, as far as a schema can: unknown keys, types, enums,
and values that the API drops because they are its defaults.
"""

from __future__ import annotations

from typing import Any

from eros.project.dashboards import dashboard_rules, google_schema

# A number may be a setting of the stack. To an editor `{{ name }}` is a mapping in a mapping.
_TEMPLATE = {"type": "object", "description": "{{ ... }}: a setting of the stack"}
_MOSAIC = "MosaicLayout"


def json_schema() -> dict[str, Any]:
    """The schema, without its dialect."""
    messages: dict[str, Any] = {}
    waiting = ["Dashboard"]
    while waiting:
        name = waiting.pop()
        if name not in messages:
            messages[name] = _message(name)
            waiting += sorted(_references(messages[name]))
    _add_rules(messages)
    return {
        "description": "A dashboard of Cloud Monitoring, in its own format.",
        "$ref": "#/$defs/Dashboard",
        "$defs": dict(sorted(messages.items())),
    }


def _message(name: str) -> dict[str, Any]:
    fields = google_schema.fields(name)
    if name == "Dashboard":
        others = set(dashboard_rules.LAYOUTS) - {dashboard_rules.LAYOUT}
        fields = {key: field for key, field in fields.items() if key not in others}
    found: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _value(field) for key, field in fields.items()},
    }
    # An empty message is dropped, unless it has no fields and is a choice, such as blankView.
    return {**found, "minProperties": 1} if fields else found


def _value(field: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in field:
        return {"$ref": f"#/$defs/{field['$ref']}"}
    match field["type"]:
        case "array":
            return {"type": "array", "minItems": 1, "items": _value(field["items"])}
        case "object":
            entries = _value(field["additionalProperties"])
            return {"type": "object", "minProperties": 1, "additionalProperties": entries}
        case "boolean":
            return {"const": True}
        case "integer" | "number" as kind:
            return {"anyOf": [{"type": kind, "not": {"const": 0}}, _TEMPLATE]}
    if "enum" in field:
        return {"enum": field["enum"][1:]}
    if pattern := google_schema.PATTERNS.get(field.get("format", "")):
        return {"type": "string", "pattern": f"^{pattern.pattern}$"}
    return {"type": "string", "minLength": 1}


def _references(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(_references, node))
    if not isinstance(node, dict):
        return set()
    if "$ref" in node:
        return {node["$ref"].rpartition("/")[2]}
    return set().union(*map(_references, node.values()))


def _add_rules(messages: dict[str, Any]) -> None:
    """What `eros.project.dashboards.dashboard_rules` asks for beyond the document."""
    messages["Dashboard"]["required"] = ["displayName", dashboard_rules.LAYOUT]
    layout = messages[_MOSAIC]
    layout["required"] = ["columns", "tiles"]
    layout["properties"]["columns"] = {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": dashboard_rules.MAX_COLUMNS},
            _TEMPLATE,
        ]
    }
    messages["Tile"]["required"] = ["width", "height", "widget"]
    for name in ("xPos", "yPos", "width", "height"):
        messages["Tile"]["properties"][name] = {
            "anyOf": [{"type": "integer", "minimum": 1}, _TEMPLATE]
        }
    widget = messages["Widget"]
    widget["required"] = ["title"]
    contents = sorted(set(widget["properties"]) - dashboard_rules.COMMON)
    widget["oneOf"] = [{"required": [name]} for name in contents]
