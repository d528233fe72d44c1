"""What a rollback will do, found out without changing anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from bqstack import amounts, state
from bqstack import guard as changes
from bqstack.amounts import counted
from bqstack.errors import UserError
from bqstack.guard import Action, Change
from bqstack.state import Checkpoint, Update
from eros.cloud import endpoints
from eros.cloud.google import Google
from eros.cloud.local_control import present, shown
from eros.operations import backup
from eros.operations.backup import Backup
from eros.operations.rollback import (
    change_words,
    choice,
    counts,
    lost_rows,
    old_checkpoint,
    variants,
)
from eros.operations.rollback.counts import Count
from eros.operations.rollback.lost_rows import Stake
from eros.operations.rollback.updates import Step, Updates
from eros.project.project import Project

Progress = Callable[[str], None]

# Between the plan and its second step somebody reads it, and a backup is taken.
_SPARE = timedelta(hours=1)


@dataclass(frozen=True)
class Data:
    """Where rows come from: a backup, or by time travel when there is none."""

    time: datetime
    tables: tuple[str, ...]
    end: datetime
    """When the next change began, by the stack's clock; rows written from `time` until then are
    not brought back."""
    now: datetime
    backup: Backup | None = None
    obstacle: str = ""
    """Why it is not time travel."""
    counts: tuple[Count, ...] = ()
    """Rows of each table now, and as they would be."""

    @property
    def words(self) -> list[str]:
        """Source and age, for the one who decides."""
        tables = counted(len(self.tables), "table")
        what = (
            f"Rows of {tables} as of {self.time:%Y-%m-%d %H:%M:%S} UTC, "
            f"{amounts.span(self.now - self.time)} ago, "
        )
        if self.backup is None:
            return [f"{what}by time travel: as they were when the next change began"]
        return [
            f"{what}from the {self.backup.kind} backup {self.backup.id}",
            "  not brought back: what was written in the "
            f"{amounts.span(self.end - self.time)} between the backup and the next change",
            f"  no newer rows are kept: {self.obstacle}",
        ]


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
        lossy = [change_words.change(change) for change in self.changes]
        return lossy + change_words.others(self.steps, self.changes)


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
    _refuse_pending(stack, current)
    target = None
    file = to if isinstance(to, Path) else None
    if isinstance(to, Path):
        checkpoint = state.load_file(to)
    else:
        target = choice.default(history) if to is None else choice.find(history, to, stack)
        checkpoint = old_checkpoint.load(google, stack, target.version, root)
    if not any(resource.custom for resource in checkpoint.resources):
        raise UserError(
            "that state is empty; returning to it would delete the whole system",
            fix="choose a later update",
        )
    source = None
    if data:
        source = source_of_rows(google, target, history, checkpoint)
        progress("counting the rows of both states")
        counted = counts.compare(google, source.tables, source.time, source.backup)
        source = replace(source, counts=counted)
    moved = variants.aliases(checkpoint, current)
    changed = tuple(changes.compare(current.resources, checkpoint.resources, moved))
    progress("counting what would be lost")
    lost = tuple(lost_rows.at_stake(google, changed))
    progress("asking the engine for a preview")
    shown = state.revealed(stack, checkpoint, root)
    if protected := _protected(current, changed):
        shown = variants.held(shown, state.revealed(stack, current, root), protected)
    addresses = endpoints.load(google.settings, root)
    steps = Updates(stack, root).preview(variants.reachable(shown, current, addresses))
    return Plan(
        stack=stack,
        root=root,
        title=f"update {target.version}" if target else f"file {file.name if file else ''}",
        target=target,
        file=file,
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
    warning = "`pulumi up` with the current files would make the change again."
    if made.target is None or not made.history:
        return warning
    to = choice.origin(made.target, made.history)
    now = choice.origin(made.history[0], made.history)
    if not to.commit or to.dirty:
        return f"{warning} No known commit has the earlier files."
    if to.commit == now.commit:
        return (
            f"{warning} The files at commit {change_words.commit(to)} are the earlier ones as well."
        )
    return (
        f"{warning} In git: git revert --no-edit "
        f"{to.commit[:12]}..{now.commit[:12] if now.commit else 'HEAD'}"
    )


def _refuse_pending(stack: str, current: Checkpoint) -> None:
    """Raise UserError when the state does not say what is in the cloud.

    An update of unknown end that is no difference between the two states would be left as it
    is, and what was being created would stay there beside the rest.
    """
    if open_ := (*current.pending, *current.unread):
        names = ", ".join(urn.rpartition("::")[2] for urn in open_)
        raise UserError(
            f"an update that was interrupted, or is still running, left operations open: {names}",
            fix=f"eros repair --stack {stack}, then repeat; an interrupted rollback repairs the "
            f"state itself: eros rollback --resume --stack {stack}",
        )


def _protected(current: Checkpoint, changed: Sequence[Change]) -> tuple[str, ...]:
    going = {c.urn for c in changed if c.action in (Action.DELETE, Action.REPLACE)}
    return tuple(
        r.urn
        for r in current.resources
        if r.urn in going and (r.protect or r.inputs.get("deletionProtection"))
    )


def source_of_rows(
    google: Google, target: Update | None, history: Sequence[Update], checkpoint: Checkpoint
) -> Data:
    """Rows as they were when the next update began.

    Time travel has just these, as long as it reaches. After that, the newest backup of the
    time between is the nearest: the one of a deployment may be old, because a deployment that
    is declined or finds nothing to change leaves its backup, too.
    """
    if target is None:
        raise UserError(
            "a file does not say which time the rows should come from",
            fix="roll back the definitions, then: eros backup restore BACKUP",
        )
    end = choice.end_of_reign(target, history)
    if end is None:
        raise UserError(
            f"nothing has changed since update {target.version}",
            fix="for rows only: eros backup restore BACKUP",
        )
    if not backup.is_deployed(google):
        raise UserError(
            "the stack has no backup dataset, which restoring rows needs",
            fix="roll back without --data",
        )
    if begun := backup.unfinished(google):
        # The rows would be refused only after the definitions have gone back.
        raise UserError(
            f"the restore of {begun.backup} that began at {begun.started:%Y-%m-%d %H:%M:%S} UTC "
            "has not ended",
            fix="eros backup restore --resume",
        )
    tables = with_rows(google, checkpoint)
    now = present(google.settings)
    # The history has this machine's time, rows and backups have the stack's.
    end, begin = shown(google.settings, [end, target.end or target.start])
    obstacle = backup.obstacle(google, tables, end, spare=_SPARE)
    if obstacle is None:
        return Data(end, tables, end, now)
    kept = [
        b
        for b in backup.listing(google)
        if b.state is backup.State.COMPLETE
        and begin <= b.time <= end
        and set(tables) <= {t.name for t in b.tables}
    ]
    if not kept:
        raise UserError(
            f"no rows are kept from the time of update {target.version}: there is no backup of "
            f"it, and {obstacle}",
            fix="roll back without --data",
        )
    newest = max(kept, key=lambda b: (b.time, b.kind is backup.Kind.DEPLOYMENT))
    return Data(newest.time, tables, end, now, newest, obstacle)


def with_rows(google: Google, checkpoint: Checkpoint) -> tuple[str, ...]:
    """Tables of the checkpoint, but for those that today's program keeps out of backups."""
    declared = {table.name for table in Project(google.settings, google.root).sql.tables}
    left_out = declared - set(backup.tables_of(google))
    there = variants.tables(checkpoint, google.settings.dataset)
    return tuple(name for name in there if name not in left_out)
