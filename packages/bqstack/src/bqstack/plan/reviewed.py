"""A plan that somebody has read, against what an update would do now."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bqstack import texts
from bqstack.errors import UserError
from bqstack.guard import Change, compare
from bqstack.plan.sources import Side
from bqstack.plan.whole_plan import digest
from bqstack.unchecked import JsonMapping, JsonObject

_MOST = 10


def check(file: Path, stack: str, old: Side, new: Side, command: str = "plan") -> int:
    """Number of changes, when going from `old` to `new` is what the plan in `file` says.

    `old` is the stack's state, `command` the program's own that writes plans, for the fix. Raises
    UserError for anything that is otherwise: a change that is not in the plan, one that no longer
    comes, or another content of one.
    """
    plan = _read(file, command)
    again = f"{command} --stack {stack} --output FOLDER, and have it reviewed again"
    if plan.get("stack") != stack:
        raise UserError("the plan is for another stack", file=file, value=plan.get("stack"))
    if plan.get("base") != old.label:
        raise UserError("the plan was not made against the stack's state", file=file, fix=again)
    reviewed = {_key(change): change.get("digest") for change in plan["changes"]}
    now = {
        (c.urn, c.action.value): c
        for c in compare(old.resources, new.resources, new.aliases, new.imports)
    }
    differing = [
        *(
            f"{_name(key)}: {key[1]}, which is not in the plan"
            for key in now
            if key not in reviewed
        ),
        *(
            f"{_name(key)}: {key[1]} is in the plan, but no longer happens"
            for key in reviewed
            if key not in now
        ),
        *_others(reviewed, now),
    ]
    if differing:
        listed = "\n".join(f"  {line}" for line in differing[:_MOST])
        more = f"\n  and {len(differing) - _MOST} more" if len(differing) > _MOST else ""
        raise UserError(
            f"the update differs from the reviewed plan; nothing has been changed\n{listed}{more}",
            file=file,
            fix=again,
        )
    return len(now)


def _others(
    reviewed: Mapping[tuple[str, str], Any], now: Mapping[tuple[str, str], Change]
) -> Iterable[str]:
    for key, change in now.items():
        if key in reviewed and reviewed[key] != digest(change):
            yield f"{_name(key)}: {key[1]} to something other than planned"


def _read(file: Path, command: str) -> JsonObject:
    text = texts.read(file, file)
    fix = f"give the STACK.json of: {command} --output FOLDER"
    try:
        plan: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"not JSON: {error.msg}", file=file, line=error.lineno, fix=fix) from None
    changes = plan.get("changes") if isinstance(plan, dict) else None
    if not isinstance(changes, list) or not all(
        isinstance(one, dict) and {"urn", "action", "digest"} <= one.keys() for one in changes
    ):
        raise UserError("this is not a plan, or one from an earlier version", file=file, fix=fix)
    return dict(plan)


def _key(change: JsonMapping) -> tuple[str, str]:
    return str(change["urn"]), str(change["action"])


def _name(key: tuple[str, str]) -> str:
    return key[0].rpartition("::")[2]
