"""Which update to go back to.

A rollback leaves several updates in the history: schedules paused, definitions, schedules as
before. Only its last one is a state to return to, and it stands for the update that it brought
back, so that a second `eros rollback` goes further back and not forth again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from bqstack.errors import UserError
from bqstack.state import Update

_BEGIN = "eros rollback to "
_MESSAGE = re.compile(_BEGIN + r"(?:update (\d+)|file .+) \((\d+) of (\d+)\): ")
# A destroyed stack is nothing to go back to, and a rename changes no resource.
_KINDS = ("update", "refresh", "import", "resource-import")
# These change what the engine knows, and nothing in the cloud.
_REPAIRS = ("refresh", "import", "rename")


def message(target: str, part: int, parts: int, what: str) -> str:
    """Text of an update that a rollback makes; `target` is "update N" or "file NAME"."""
    return f"{_BEGIN}{target} ({part} of {parts}): {what}"


def target_version(update: Update) -> int | None:
    """The update that a rollback goes back to, where this is one of its updates."""
    step = _MESSAGE.match(update.message)
    return int(step[1]) if step and step[1] else None


def can_be_chosen(update: Update) -> bool:
    """Whether the update left a state that somebody meant to keep."""
    step = _MESSAGE.match(update.message)
    return update.succeeded and update.kind in _KINDS and (step is None or step[2] == step[3])


def origin(update: Update, history: Sequence[Update]) -> Update:
    """The update whose state this one is: another one for a rollback."""
    known = {entry.version: entry for entry in history}
    while (step := _MESSAGE.match(update.message)) and step[1]:
        earlier = known.get(int(step[1]))
        if earlier is None or earlier.version >= update.version:
            break
        update = earlier
    return update


def default(history: Sequence[Update]) -> Update:
    """The state before the last change; `history` is newest first.

    An update that failed is the last change itself, one that changed nothing is none. Raises
    UserError when there is nothing to go back to, or only a person knows.
    """
    states = [update for update in history if can_be_chosen(update)]
    if history and states and not can_be_chosen(history[0]) and _step_or_failure(history[0]):
        return states[0]
    last = next((update for update in states if update.changed), None)
    if last is not None:
        stands_for = origin(last, history)
        step = _MESSAGE.match(stands_for.message)
        if step and not step[1]:
            raise UserError(
                f"update {stands_for.version} went back to a file, so it is unknown which update "
                "was before it",
                fix="name one: eros rollback --list, then --to UPDATE",
            )
        version = stands_for.version
        earlier = [update for update in states if update.version < version]
        if earlier:
            return earlier[0]
    raise UserError("the stack has no earlier state to return to")


def find(history: Sequence[Update], version: int, stack: str) -> Update:
    """The update of this number; raises UserError when it is not to be chosen."""
    for update in history:
        if update.version == version:
            if can_be_chosen(update):
                return update
            reason = "is a step of a rollback" if update.succeeded else f"has {update.result}"
            if update.kind not in _KINDS:
                reason = f"is a {update.kind}"
            raise UserError(
                f"update {version} of stack {stack} {reason}; it is not a state to return to",
                fix=f"eros rollback --stack {stack} lists the updates to choose from",
            )
    raise UserError(
        f"stack {stack} has no update {version}",
        fix=f"eros rollback --list --stack {stack} lists the updates",
    )


def others_since(history: Sequence[Update], moment: datetime) -> list[Update]:
    """Updates that began after a moment, changed the cloud and were no step of a rollback.

    A refresh or an imported state fixes what an interruption has left, also our own import,
    which Pulumi's cloud keeps as an update without a message.
    """
    return [
        u
        for u in history
        if u.start > moment and u.kind not in _REPAIRS and not _MESSAGE.match(u.message)
    ]


def half_way(history: Sequence[Update]) -> Update | None:
    """The newest update, when it is a step of a rollback that has not come to its last one.

    It may run at this moment. A refresh, or an imported state, brings none to its end.
    """
    newest = next((update for update in history if update.kind not in _REPAIRS), None)
    step = _MESSAGE.match(newest.message) if newest else None
    if newest is None or step is None or (newest.succeeded and step[2] == step[3]):
        return None
    return newest


def goal(step: Update) -> str:
    """What a step of a rollback goes back to: "update N" or "file NAME"."""
    return step.message.removeprefix(_BEGIN).rpartition(" (")[0]


def end_of_reign(target: Update, history: Sequence[Update]) -> datetime | None:
    """When the first later update that changed something began; None when there is none.

    Until then rows were written under the definitions of `target`, so this is the moment
    whose data belong to it.
    """
    later = [u for u in history if u.version > target.version and (u.changed or not u.succeeded)]
    return min((update.start for update in later), default=None)


def _step_or_failure(update: Update) -> bool:
    return not update.succeeded or _MESSAGE.match(update.message) is not None
