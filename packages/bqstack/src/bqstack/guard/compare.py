"""Two sets of resources, and what the engine would do to get from the one to the other."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bqstack.guard import inputs, plain, risks, routine_changes, table_changes
from bqstack.guard.change import Action, Change, Detail, Loss, Resource
from bqstack.unchecked import JsonMapping, JsonObject
from gcptypes import known
from gcptypes.records import ALERT, CHANNEL, TRANSFER


def compare(
    old: Iterable[Resource],
    new: Iterable[Resource],
    aliases: Mapping[str, Sequence[str]] | None = None,
    imports: frozenset[str] = frozenset(),
    policies: Mapping[str, Sequence[str]] | None = None,
) -> list[Change]:
    """What differs, by type and name; what stays as it is, is left out.

    `aliases` are former urns of new resources, `imports` urns of those that take over an
    object which exists, `policies` the row access policies of tables by urn. Components and
    providers hold nothing and are left out.
    """
    before = {resource.urn: resource for resource in old if _counts(resource)}
    after = [resource for resource in new if _counts(resource)]
    gone = dict(before)
    changes = []
    for resource in after:
        urns = [resource.urn, *(aliases or {}).get(resource.urn, ())]
        known = next((gone.pop(urn) for urn in urns if urn in gone), None)
        if known is not None:
            changes += _changed(known, resource, (policies or {}).get(resource.urn, ()))
        else:
            imported = resource.urn in imports
            changes.append(_created(resource, imported=imported))
    changes += [_deleted(resource) for resource in gone.values()]
    new_tables = _tables(after) - _tables(before.values())
    complete = [
        _with_dangers(_with_callers(change, before.values(), after), new_tables)
        for change in changes
    ]
    names = _channel_names([*before.values(), *after])
    complete = [_named(change.because(*risks.risks(change, after)), names) for change in complete]
    complete = _with_new_names(complete)
    return sorted(complete, key=lambda change: (change.type, change.name, change.urn))


def _with_new_names(changes: list[Change]) -> list[Change]:
    """Deleted tables, with the new ones of the same columns: to the engine another name is both."""
    created: dict[Any, list[str]] = {}
    for change in changes:
        if change.type == table_changes.TYPE and change.action is Action.CREATE:
            created.setdefault(table_changes.columns_of(change.new), []).append(change.name)
    return [_with_new_name(change, created) for change in changes]


def _with_new_name(change: Change, created: Mapping[Any, list[str]]) -> Change:
    if change.type != table_changes.TYPE or change.action is not Action.DELETE or not change.lossy:
        return change
    alike = created.get(table_changes.columns_of(change.old))
    if not alike:
        return change
    names = " and ".join(alike)
    details = tuple(
        dataclasses.replace(
            d, reason=f"{d.reason}; they are not moved to {names}, which has the same columns"
        )
        if d in change.lossy
        else d
        for d in change.details
    )
    return dataclasses.replace(change, details=details)


def _channel_names(resources: Iterable[Resource]) -> dict[str, str]:
    """Titles of notification channels by the last part of their ids, which are numbers."""
    return {
        str(id_).rpartition("/")[2]: str(resource.inputs["displayName"])
        for resource in resources
        if resource.type == CHANNEL and resource.inputs.get("displayName")
        if (id_ := getattr(resource, "id", ""))
    }


def _named(change: Change, names: Mapping[str, str]) -> Change:
    """An alert's change with channels by their titles instead of their numbers."""
    if change.type != ALERT or not names:
        return change
    known = re.compile("|".join(rf"\b{re.escape(number)}\b" for number in names))
    details = tuple(
        dataclasses.replace(d, text=known.sub(lambda found: names[found[0]], d.text))
        if d.path in ("", "notificationChannels")
        else d
        for d in change.details
    )
    return dataclasses.replace(change, details=details)


def dropping(changes: Iterable[Change]) -> list[Change]:
    """Tables that stay and lose a column of the first level."""
    return [
        change
        for change in changes
        if change.type == table_changes.TYPE
        and change.action is Action.UPDATE
        and table_changes.holds_rows(dict(change.old))
        and table_changes.dropped(change.old, change.new)
    ]


def _counts(resource: Resource) -> bool:
    return resource.custom and not resource.type.startswith("pulumi:")


def _created(resource: Resource, *, imported: bool) -> Change:
    values = inputs.canonical(resource.type, resource.inputs)
    action, text = (Action.IMPORT, "taken over") if imported else (Action.CREATE, "created")
    inside = _contents(resource.type, values)
    return _change(
        resource, action, [Detail("", f"{text}: {inside}" if inside else text)], {}, values
    )


def _deleted(resource: Resource) -> Change:
    values = inputs.canonical(resource.type, resource.inputs)
    return _change(resource, Action.DELETE, [_going(resource, values, "delete")], values, {})


def _changed(old: Resource, new: Resource, policies: Sequence[str] = ()) -> list[Change]:
    before = inputs.canonical(old.type, old.inputs)
    after = inputs.canonical(new.type, new.inputs)
    match new.type:
        case table_changes.TYPE:
            details, replaced = table_changes.compare(new.name, before, after, policies)
        case routine_changes.TYPE:
            details, replaced = routine_changes.compare(before, after)
        case _:
            details, replaced = plain.compare(new.type, new.name, before, after)
    if old.protect and not new.protect:
        reason = "the engine would let it be deleted"
        details.append(
            Detail("protect", "no longer protected by the engine", Loss.REVERSIBLE, reason)
        )
    if not details:
        return []
    if new.type == table_changes.TYPE and not table_changes.holds_rows(before):
        details = [_harmless(detail) for detail in details]
    if replaced:
        going = _going(old, before, "replace")
        # Everything that is lost is lost by the replacement: one allowance, not many.
        details = [
            dataclasses.replace(d, allowance=going.allowance) if d.loss is Loss.LOSSY else d
            for d in details
        ]
        details.append(going)
    action = Action.REPLACE if replaced else Action.UPDATE
    return [_change(new, action, details, before, after)]


def _going(resource: Resource, values: JsonMapping, verb: str) -> Detail:
    """What deleting or replacing an object means."""
    text = {"delete": "deleted", "replace": "deleted and recreated"}[verb]
    if not _holds(resource.type, dict(values)):
        if verb == "delete" and (inside := _contents(resource.type, dict(values))):
            text = f"{text}: {inside}"
        reason = "" if verb == "replace" else "the earlier program can recreate it"
        return Detail("", text, Loss.REVERSIBLE, reason)
    lost = known(resource.type).lost
    return Detail("", text, Loss.LOSSY, lost, allowance=f"{resource.name}: {verb}")


def _contents(type_: str, values: JsonObject) -> str:
    """An object in a few words."""
    match type_:
        case table_changes.TYPE:
            return table_changes.contents(values)
        case routine_changes.TYPE:
            return routine_changes.signature(values)
        case _:
            return plain.contents(type_, values)


def _holds(type_: str, values: JsonObject) -> bool:
    return (
        table_changes.holds_rows(values)
        if type_ == table_changes.TYPE
        else plain.holds_something(type_)
    )


def _harmless(detail: Detail) -> Detail:
    """The detail of an object that holds no rows."""
    if detail.loss is not Loss.LOSSY:
        return detail
    return dataclasses.replace(detail, loss=Loss.REVERSIBLE, reason="", allowance="")


def _with_callers(change: Change, old: Iterable[Resource], new: list[Resource]) -> Change:
    """A routine's change, with the calls that it breaks."""
    if change.type != routine_changes.TYPE or not change.old:
        return change
    gone = change.action is Action.DELETE
    if not gone and not routine_changes.breaks_calls(change.old, change.new):
        return change
    callers = routine_changes.broken_callers(change.old, old, new, gone=gone)
    if not callers:
        return change
    shown = ", ".join(callers[:5]) + (f" and {len(callers) - 5} more" if len(callers) > 5 else "")
    verb = "delete" if gone else "change signature"
    breaks = Detail(
        path="arguments",
        text=f"still called{'' if gone else ' as before'} by {shown}",
        loss=Loss.LOSSY,
        reason="these calls fail",
        allowance=f"{change.name}: {verb}",
    )
    details = [
        dataclasses.replace(d, reason="") if d.path == "arguments" else d for d in change.details
    ]
    return dataclasses.replace(change, details=(*details, breaks))


def _tables(resources: Iterable[Resource]) -> set[str]:
    """Names of tables, in lower case."""
    return {
        str(resource.inputs.get("tableId", "")).lower()
        for resource in resources
        if resource.type == table_changes.TYPE
    }


def _with_dangers(change: Change, new_tables: set[str]) -> Change:
    """A procedure's or a schedule's change, with what it newly destroys by running.

    A table that the same change creates holds nothing that could be lost.
    """
    texts = [_script(change.type, side) for side in (change.old, change.new)]
    if texts[0] == texts[1]:
        return change
    # It loads a parser, which most updates do not need.
    from bqstack.guard import running

    found = [d for d in running.added(*texts) if d.target.lower() not in new_tables]
    details = [
        Detail(
            path="params.query" if change.type == TRANSFER else "definitionBody",
            text=f"it newly runs: {danger}",
            loss=Loss.LOSSY,
            reason=f"it {danger.verb} existing rows when it runs",
            allowance=f"{change.name}: run {danger}",
        )
        for danger in found
    ]
    return change.because(*details) if details else change


def _script(type_: str, values: JsonMapping) -> str:
    """What an object runs; empty for what runs nothing by itself."""
    if type_ == TRANSFER:
        return str((values.get("params") or {}).get("query", ""))
    is_procedure = type_ == routine_changes.TYPE and values.get("routineType") == "PROCEDURE"
    return str(values.get("definitionBody", "")) if is_procedure else ""


def _change(
    resource: Resource,
    action: Action,
    details: list[Detail],
    old: JsonObject,
    new: JsonObject,
) -> Change:
    return Change(resource.urn, resource.type, resource.name, action, tuple(details), old, new)
