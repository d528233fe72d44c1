"""Changes and updates in words, one line each."""

from __future__ import annotations

from collections.abc import Sequence

from bqstack.guard import Action, Change
from bqstack.guard.table_changes import TYPE as TABLE
from bqstack.guard.table_changes import kind as table_kind
from bqstack.state import Update
from eros.operations.rollback.updates import Step
from gcptypes import known

__all__ = ["change", "commit", "counts", "others"]

_ACTIONS = {
    Action.CREATE: "made again",
    Action.IMPORT: "taken over",
    Action.UPDATE: "changed back",
    Action.REPLACE: "deleted and recreated",
    Action.DELETE: "deleted",
}
_SHORT_COMMIT = 9


def kind(change: Change) -> str:
    """What people call such an object."""
    if change.type == TABLE:
        return table_kind(dict(change.old or change.new))
    return known(change.type).title


def change(one: Change) -> str:
    """One object: what happens to it and why."""
    details = [detail.text for detail in one.details if detail.path]
    text = f"{kind(one)} {one.name}: {_ACTIONS[one.action]}"
    return f"{text}: {'; '.join(details)}" if details else text


def others(steps: Sequence[Step], changes: Sequence[Change]) -> list[str]:
    """What the engine does beside the changes: it knows more, such as a moved endpoint."""
    described = {one.urn for one in changes}
    return [
        f"{step.name}: {step.operation}" + (f" ({', '.join(step.differs)})" if step.differs else "")
        for step in steps
        if step.urn not in described and "::pulumi:pulumi:Stack::" not in step.urn
    ]


def commit(update: Update) -> str:
    """The commit that was deployed, shortened; with a mark when files differed from it."""
    if not update.commit:
        return "-"
    return update.commit[:_SHORT_COMMIT] + ("+" if update.dirty else "")


def counts(update: Update) -> str:
    """How many resources an update touched."""
    names = {"create": "created", "update": "changed", "delete": "deleted", "replace": "replaced"}
    found = [f"{n} {names[k]}" for k, n in sorted(update.changes.items()) if k in names and n]
    return ", ".join(found) or "nothing"
