"""The JSON schema of a BigQuery table: when two mean the same, and what a change needs.

The rules are the real plugin's (terraform-provider-google, bigquery_table).
"""

import json
from typing import Any

_TYPE_NAMES = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}

Field = dict[str, Any]


def parse(text: Any) -> list[Field] | None:
    """The fields of a schema text, None if it is not a list of objects with names."""
    try:
        fields = json.loads(text) if text else []
    except (TypeError, ValueError):
        return None
    if fields is None:
        return []
    is_schema = isinstance(fields, list) and all(
        isinstance(item, dict) and isinstance(item.get("name"), str) for item in fields
    )
    return fields if is_schema else None


def same(old: Any, new: Any) -> bool:
    """Whether two schema texts mean the same table, up to the order of columns."""
    old_fields, new_fields = parse(old), parse(new)
    if old_fields is None or new_fields is None:
        return False
    return _canonical(old_fields) == _canonical(new_fields)


def can_change_in_place(old: Any, new: Any, *, is_external: bool) -> bool:
    """Whether a table with the old schema can be given the new one without a new table."""
    old_fields, new_fields = parse(old), parse(new)
    if old_fields is None or new_fields is None:
        return False
    old_names, new_names = _by_name(old_fields), _by_name(new_fields)
    removed, added = old_names.keys() - new_names.keys(), new_names.keys() - old_names.keys()
    if removed and (added or is_external):
        # A column that goes while another comes may be a renamed one.
        return False
    return _fields_can_change(old_fields, new_fields, may_drop=True)


def removed_columns(old: list[Field], new: list[Field]) -> list[str]:
    """The top-level columns that the new fields lack, in the old order."""
    kept = _by_name(new)
    return [item["name"] for item in old if item["name"] not in kept]


def has_required(fields: list[Field]) -> bool:
    """Whether any top-level column is REQUIRED."""
    return any(_mode(item) == "REQUIRED" for item in fields)


def _fields_can_change(old: list[Field], new: list[Field], *, may_drop: bool) -> bool:
    old_names, new_names = _by_name(old), _by_name(new)
    if any(_mode(new_names[name]) == "REQUIRED" for name in new_names.keys() - old_names.keys()):
        return False
    if old_names.keys() - new_names.keys() and not may_drop:
        return False
    return all(
        _field_can_change(old_names[name], new_names[name])
        for name in old_names.keys() & new_names.keys()
    )


def _field_can_change(old: Field, new: Field) -> bool:
    if _type(old) != _type(new):
        return False
    if _mode(old) != _mode(new) and (_mode(old), _mode(new)) != ("REQUIRED", "NULLABLE"):
        return False
    return _fields_can_change(old.get("fields", []), new.get("fields", []), may_drop=False)


def _canonical(fields: list[Field]) -> list[Field]:
    return sorted((_canonical_field(item) for item in fields), key=lambda item: item["name"])


def _canonical_field(item: Field) -> Field:
    canonical = {key: value for key, value in item.items() if value not in (None, "", [], {})}
    if canonical.get("policyTags") == {"names": []}:
        del canonical["policyTags"]
    if "fields" in canonical:
        canonical["fields"] = _canonical(item["fields"])
    return canonical | {"type": _type(item), "mode": _mode(item)}


def _type(item: Field) -> str:
    name = str(item.get("type", "")).upper()
    return _TYPE_NAMES.get(name, name)


def _mode(item: Field) -> str:
    return item.get("mode") or "NULLABLE"


def _by_name(fields: list[Field]) -> dict[str, Field]:
    return {item["name"]: item for item in fields}
