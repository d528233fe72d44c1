"""Functions, table functions and procedures, and who calls them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from bqstack.guard import inputs as inputs_
from bqstack.guard import sqltext, table_changes
from bqstack.guard.change import Detail, Loss, Resource
from bqstack.guard.words import edited
from bqstack.unchecked import JsonMapping, JsonObject
from gcptypes.records import ROUTINE, TRANSFER

TYPE = ROUTINE
_PLACE = ("project", "datasetId", "routineId", "routineType")
_SIGNATURE = ("arguments", "returnType", "returnTableType")
# Types that a number is turned into by itself
# (https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules).
_WIDER = {
    "INT64": {"NUMERIC", "BIGNUMERIC", "FLOAT64"},
    "NUMERIC": {"BIGNUMERIC", "FLOAT64"},
    "BIGNUMERIC": {"FLOAT64"},
}


def compare(old: JsonObject, new: JsonObject) -> tuple[list[Detail], bool]:
    """What differs between canonical inputs, and whether the routine is replaced for it."""
    found = [
        Detail(key, f"{key}: {old.get(key)} becomes {new.get(key)}", Loss.REVERSIBLE)
        for key in _PLACE
        if old.get(key) != new.get(key)
    ]
    replaced = bool(found)
    if signature_changed(old, new):
        text = f"signature {signature(old)} becomes {signature(new)}"
        breaks = breaks_calls(old, new)
        reason = "nothing calls it any more" if breaks else "all existing calls fit"
        found.append(Detail("arguments", text, Loss.REVERSIBLE, reason))
    elif _arguments(old) != _arguments(new):
        found.append(Detail("arguments", f"arguments are named {signature(new)}"))
    if old.get("definitionBody") != new.get("definitionBody"):
        bodies = old.get("definitionBody", ""), new.get("definitionBody", "")
        if sqltext.same(*bodies):
            found.append(Detail("definitionBody", "layout or comments of the body"))
        else:
            text = f"the body: {edited(*bodies)}"
            found.append(Detail("definitionBody", text, Loss.REVERSIBLE, "it behaves differently"))
    covered = {*_PLACE, *_SIGNATURE, "definitionBody"}
    for key in sorted((old.keys() | new.keys()) - covered):
        if old.get(key) != new.get(key):
            loss = Loss.NONE if key == "description" else Loss.REVERSIBLE
            found.append(Detail(key, key, loss))
    return found, replaced


def signature_changed(old: JsonMapping, new: JsonMapping) -> bool:
    """Whether a call that was right may be wrong: names of arguments do not count."""
    return _types(old) != _types(new) or _result(old) != _result(new)


def breaks_calls(old: JsonMapping, new: JsonMapping) -> bool:
    """Whether a call that was right may be wrong: another routine, or arguments that take less."""
    before, after = _types(old), _types(new)
    if _result(old) != _result(new) or len(before) != len(after):
        return True
    # Without a declared result a wider argument may make a wider result.
    keeps_result = bool(_result(new)[0]) or new.get("routineType") == "PROCEDURE"
    return not all(
        one == other or _takes(other, one, numbers=keeps_result)
        for one, other in zip(before, after, strict=True)
    )


def _result(routine: JsonMapping) -> list[Any]:
    """What a call gives: also a procedure's nothing is no table function's unknown rows."""
    return [*(routine.get(key) for key in _SIGNATURE[1:]), routine.get("routineType")]


def _takes(new: tuple[str, str], old: tuple[str, str], *, numbers: bool) -> bool:
    """Whether an argument takes whatever another one took; both are mode and type."""
    if (old[0], new[0]) != ("IN", "IN"):
        return False
    return new[1] == "ANY TYPE" or (numbers and new[1] in _WIDER.get(old[1], ()))


def signature(routine: JsonMapping) -> str:
    """Arguments and result as DDL writes them."""
    arguments = ", ".join(" ".join(part for part in one if part) for one in _arguments(routine))
    result = _type(routine.get("returnType"))
    return f"({arguments})" + (f" returns {result}" if result else "")


def broken_callers(
    routine: JsonMapping, old: Iterable[Resource], new: Iterable[Resource], *, gone: bool
) -> list[str]:
    """Names of resources with a call of the routine that fails.

    Of one that is `gone` each does; otherwise those that some text had before word for word:
    a new one was written for the routine as it is now.
    """
    place = tuple(str(routine.get(key, "")) for key in _PLACE[:3])
    assert len(place) == 3
    before = {call for resource in old for call in _calls(resource, place)}
    return sorted(
        {
            resource.name
            for resource in new
            if _is_not(resource, place)
            and (made := _calls(resource, place))
            and (gone or not before.isdisjoint(made))
        }
    )


def _is_not(resource: Resource, place: tuple[str, ...]) -> bool:
    own = tuple(str(resource.inputs.get(key, "")) for key in _PLACE[:3])
    return resource.type != TYPE or own != place


def _calls(resource: Resource, place: tuple[str, str, str]) -> list[tuple[str, ...]]:
    values = inputs_.canonical(resource.type, resource.inputs)
    match resource.type:
        case t if t == TYPE:
            text = values.get("definitionBody", "")
        case t if t == table_changes.TYPE:
            text = (values.get("view") or values.get("materializedView") or {}).get("query", "")
        case t if t == TRANSFER:
            text = (values.get("params") or {}).get("query", "")
        case _:
            return []
    return sqltext.calls(text, place) if place[-1] in text else []


def _arguments(routine: JsonMapping) -> list[tuple[str, ...]]:
    return [
        (argument.get("mode", ""), argument.get("name", ""), _argument_type(argument))
        for argument in routine.get("arguments") or []
    ]


def _types(routine: JsonMapping) -> list[tuple[str, str]]:
    """Mode and type of each argument; a missing mode is IN."""
    return [(mode or "IN", kind) for mode, _, kind in _arguments(routine)]


def _argument_type(argument: JsonMapping) -> str:
    if argument.get("argumentKind") == "ANY_TYPE":
        return "ANY TYPE"
    if "tableType" in argument:
        return f"TABLE {json.dumps(argument['tableType'], sort_keys=True)}"
    return _type(argument.get("dataType"))


def _type(data_type: Any) -> str:
    """A StandardSqlDataType as DDL writes it."""
    if not isinstance(data_type, dict):
        return str(data_type or "")
    match data_type.get("typeKind"):
        case "ARRAY":
            return f"ARRAY<{_type(data_type.get('arrayElementType'))}>"
        case "STRUCT":
            fields = (data_type.get("structType") or {}).get("fields") or []
            inner = ", ".join(f"{f.get('name', '')} {_type(f.get('type'))}".strip() for f in fields)
            return f"STRUCT<{inner}>"
        case name:
            return str(name or "")
