"""What a rollback will do, found out without changing anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from eros import backup, catalogue, changes, endpoints, state
from eros.changes import Action, Change
from eros.control import present
from eros.errors import UserError
from eros.google import Google
from eros.rollback import choice, stakes, variants, words
from eros.rollback.stakes import Stake
from eros.rollback.updates import Step, Updates
from eros.state import Checkpoint, Update

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Data:
    """Where rows come from: a backup, or by time travel when that is empty."""

    time: datetime
    backup: str
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A rollback that could be made; nothing has been changed yet."""

    stack: str
    root: Path
    title: str
    """ "update N", or "file NAME"."""
    target: Update | None
    """None for a file."""
    file: Path | None
    history: tuple[Update, ...]
    checkpoint: Checkpoint
    """The state to go back to, secrets closed."""
    current: Checkpoint
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    """What the engine would do, in its own words."""
    stakes: tuple[Stake, ...]
    data: Data | None

    @property
    def lift(self) -> tuple[str, ...]:
        """Urns of protected resources that would go."""
        return _protected(self.current, self.changes)

    @property
    def words(self) -> list[str]:
        """What would change, a line for each object."""
        return [words.change(c) for c in self.changes] + words.others(self.steps, self.changes)


def plan(
    google: Google,
    stack: str,
    *,
    to: int | Path | None,
    data: bool,
    root: Path,
    progress: Progress,
) -> Plan:
    """Compare the present state with that of update `to` (the default: before the last change).

    Raises UserError when there is no such state, or no rows of its time.
    """
    progress("reading the history of the stack")
    history = state.history(stack, root)
    current = state.current(stack, root)
    target = None
    if isinstance(to, Path):
        checkpoint = state.load_file(to)
    else:
        target = choice.default(history) if to is None else choice.find(history, to, stack)
        checkpoint = state.load(stack, target.version, root)
    if not any(resource.custom for resource in checkpoint.resources):
        raise UserError(
            "that state holds nothing; to go back to it would delete the whole system",
            fix="choose a later update",
        )
    source = _data(google, target, history, checkpoint, current) if data else None
    moved = variants.aliases(checkpoint, current)
    changed = tuple(changes.compare(current.resources, checkpoint.resources, moved))
    progress("counting what would be lost")
    lost = tuple(stakes.at_stake(google, changed))
    progress("asking the engine for a preview")
    shown = state.revealed(stack, checkpoint, root)
    if protected := _protected(current, changed):
        shown = variants.held(shown, state.revealed(stack, current, root), protected)
    addresses = endpoints.load(google.settings, root)
    steps = Updates(stack, root).preview(variants.reachable(shown, current, addresses))
    return Plan(
        stack=stack,
        root=root,
        title=f"update {target.version}" if target else f"file {Path(to or '').name}",
        target=target,
        file=to if isinstance(to, Path) else None,
        history=tuple(history),
        checkpoint=checkpoint,
        current=current,
        changes=changed,
        steps=tuple(steps),
        stakes=lost,
        data=source,
    )


def hint(made: Plan) -> str:
    """How git is brought to where the stack then is."""
    warning = "`pulumi up` from the files as they are now would make the change again."
    if made.target is None or not made.history:
        return warning
    to = choice.origin(made.target, made.history)
    now = choice.origin(made.history[0], made.history)
    if not to.commit or to.dirty:
        return f"{warning} No commit is known that has the earlier files."
    if to.commit == now.commit:
        return f"{warning} The files at commit {words.commit(to)} are the earlier ones, too."
    return (
        f"{warning} In git: git revert --no-edit "
        f"{to.commit[:12]}..{now.commit[:12] if now.commit else 'HEAD'}"
    )


def _protected(current: Checkpoint, changed: Sequence[Change]) -> tuple[str, ...]:
    going = {c.urn for c in changed if c.action in (Action.DELETE, Action.REPLACE)}
    return tuple(
        r.urn
        for r in current.resources
        if r.urn in going and (r.protect or r.inputs.get("deletionProtection"))
    )


def _data(
    google: Google,
    target: Update | None,
    history: Sequence[Update],
    checkpoint: Checkpoint,
    current: Checkpoint,
) -> Data:
    """Rows as they were when the next update began.

    The backup that a deployment takes is of that moment; time travel reaches it for some days;
    after that any backup of the time between is better than none.
    """
    if target is None:
        raise UserError(
            "a file does not say of which time the rows should be",
            fix="roll back the definitions, then: eros backup restore BACKUP",
        )
    end = choice.end_of_reign(target, history)
    if end is None:
        raise UserError(
            f"nothing has changed since update {target.version}",
            fix="for rows only: eros backup restore BACKUP",
        )
    tables = _tables(google, checkpoint)
    begin = target.end or target.start
    known = backup.listing(google) if backup.is_deployed(google) else []
    kept = [
        b
        for b in known
        if b.state is backup.State.COMPLETE
        and begin <= b.time <= end
        and set(tables) <= {t.name for t in b.tables}
    ]
    kept.sort(key=lambda b: (b.kind is backup.Kind.DEPLOYMENT, b.time), reverse=True)
    if kept and kept[0].kind is backup.Kind.DEPLOYMENT:
        return Data(kept[0].time, kept[0].id, tables)
    window = timedelta(hours=google.settings.retention.time_travel_hours)
    gone = sorted(set(tables) - set(variants.tables(current, google.settings.dataset)))
    if not gone and end > present(google.settings) - window:
        return Data(end, "", tables)
    if kept:
        return Data(kept[0].time, kept[0].id, tables)
    reason = (
        f"time travel does not reach {', '.join(gone)}, which has been deleted"
        if gone
        else f"time travel reaches back {window.days} days"
    )
    raise UserError(
        f"no rows are kept of the time of update {target.version}: there is no backup of it, "
        f"and {reason}",
        fix="go back without --data",
    )


def _tables(google: Google, checkpoint: Checkpoint) -> tuple[str, ...]:
    """Tables of the checkpoint, but for those that today's program keeps out of backups."""
    declared = {table.name for table in catalogue.load(google.settings, google.root).tables}
    left_out = declared - set(backup.tables_of(google))
    there = variants.tables(checkpoint, google.settings.dataset)
    return tuple(name for name in there if name not in left_out)
