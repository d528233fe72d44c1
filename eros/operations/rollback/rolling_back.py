"""The steps of a rollback, in their order; each can be made twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bqstack import state
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from bqstack.state import Checkpoint, Update
from eros import logs
from eros.cloud import endpoints
from eros.cloud.google import Google
from eros.operations import backup, repair, stack_lock
from eros.operations.backup import activity
from eros.operations.rollback import (
    caption_locks,
    choice,
    lost_rows,
    old_checkpoint,
    rollback_plan,
    rollback_report,
    variants,
)
from eros.operations.rollback.rollback_journal import Journal, alone, unfinished
from eros.operations.rollback.rollback_plan import Plan, Progress
from eros.operations.rollback.updates import Updates
from eros.operations.stack_lock import Holder, TableLock
from eros.watch import health as checks

# Step of the journal and what a person calls it.
STEPS = {
    "operations": "interrupted operations",
    "backup": "backup of the present rows",
    "rows": "rows of the earlier time",
    "pause": "schedules paused",
    "definitions": "definitions",
    "data": "rows",
    "locks": "caption locks",
    "schedules": "schedules as before",
    "verify": "verification",
}


# Steps that change nothing but add backups.
_BEFORE_CHANGES = ("backup", "rows")
_LOG = logs.Log("rollback")


class RollbackError(UserError):
    """A step that failed; what was done before stays done, and `eros rollback --resume` goes on."""

    def __init__(self, step: str, reason: str, stack: str) -> None:
        self.step = step
        self.changed = step not in _BEFORE_CHANGES
        again = f"eros rollback --resume --stack {stack}"
        super().__init__(
            f"the rollback stopped at the step {step!r} ({STEPS[step]}): {reason}",
            fix=again if self.changed else "nothing was changed yet; mend it and start again",
        )


@dataclass(frozen=True)
class Work:
    """What every step needs."""

    journal: Journal
    google: Google
    root: Path
    progress: Progress
    patient: bool
    """Whether to wait for an update that an interrupted process has left running."""
    lock: TableLock | None = None
    """The lock between machines; None when there is no table for it."""

    @property
    def parts(self) -> int:
        """Number of updates in the stack's history."""
        return 3 if self.keeps_paused else 2

    @property
    def keeps_paused(self) -> bool:
        """Whether rows are worked on after the definitions, with schedules off."""
        return bool(self.journal.tables) or self.journal.clear_locks

    @property
    def updates(self) -> Updates:
        """The engine."""
        return Updates(self.journal.stack, self.root, patient=self.patient)

    def apply(self, checkpoint: Checkpoint, part: int, what: str) -> int:
        """One update of the stack; the number of resources it touched."""
        message = choice.message(self.journal.target, part, self.parts, what)
        # Late, as in `updates`: Pulumi's libraries take their time.
        from eros.operations.rollback import recreated_metrics

        ready = recreated_metrics.waiter(self.google, checkpoint, self.progress)
        return len(self.updates.apply(checkpoint, message, ready))

    def target(self) -> Checkpoint:
        """The state to go back to, secrets open, with a provider that works today."""
        return self.ready(self.stored())

    def stored(self) -> Checkpoint:
        """The state to go back to, as the backend keeps it."""
        journal = self.journal
        if journal.file:
            found = state.load_file(Path(journal.file))
        else:
            assert journal.version is not None
            found = old_checkpoint.load(self.google, journal.stack, journal.version, self.root)
        if str(found.time) != journal.target_time:
            raise UserError(
                f"{journal.target} is not the state any more that the rollback began with",
                file=journal.folder,
                fix=f"eros rollback --stack {journal.stack} --to N starts over",
            )
        return found

    def ready(self, checkpoint: Checkpoint) -> Checkpoint:
        """A checkpoint as the engine can take it now."""
        current = state.current(self.journal.stack, self.root)
        opened = state.revealed(self.journal.stack, checkpoint, self.root)
        addresses = endpoints.load(self.google.settings, self.root)
        return variants.reachable(opened, current, addresses)


def start(
    google: Google,
    made: Plan,
    *,
    drop: tuple[str, ...],
    clear_locks: bool,
    take_backup: bool,
    break_lock: bool = False,
    held: TableLock | None = None,
    progress: Progress,
) -> rollback_report.Report:
    """Carry out a plan. Raises UserError before anything changes, RollbackError after.

    `break_lock` releases anybody's lock on the stack; `held` is the lock between machines
    of a caller that has it.
    """
    lost_rows.refuse(made.stakes, drop)
    with (
        alone(made.stack),
        nullcontext(held) if held else _held(google, made.stack, "", break_lock) as lock,
    ):
        _refuse_stale(made)
        return _begin(google, made, lock, drop, clear_locks, take_backup, progress)


@contextmanager
def _held(google: Google, stack: str, option: str, break_lock: bool) -> Iterator[TableLock | None]:
    """Hold the lock between machines, unless there is no table for it."""
    command = f"eros rollback{option} --stack {stack}"
    lock = TableLock(google, Holder.of(stack_lock.ROLLBACK), command)
    if not lock.is_possible():
        yield None
        return
    with stack_lock.held_table(lock, take_over=break_lock):
        if break_lock:
            _LOG.audit("deployment lock broken", result="succeeded", by=Holder.of("").who)
        yield lock


def _refuse_stale(made: Plan) -> None:
    """Raise UserError when somebody has changed the stack while the plan was read."""
    known = {update.version for update in made.history}
    new = [u for u in state.history(made.stack, made.root) if u.version not in known]
    if new:
        raise UserError(
            f"the stack has changed since this was planned, by update {new[0].version}",
            fix=f"look once more: eros rollback --stack {made.stack}",
        )


def _begin(
    google: Google,
    made: Plan,
    lock: TableLock | None,
    drop: tuple[str, ...],
    clear_locks: bool,
    take_backup: bool,
    progress: Progress,
) -> rollback_report.Report:
    progress("health before")
    health = checks.check(google).contract()
    journal = Journal.begin(
        stack=made.stack,
        target=made.title,
        version=made.target.version if made.target else None,
        file=str(made.file.resolve()) if made.file else None,
        target_time=str(made.checkpoint.time),
        drop=list(drop),
        lift=list(made.lift),
        tables=list(made.data.tables) if made.data else [],
        data_time=made.data.time.isoformat() if made.data else "",
        data_backup=made.data.backup.id if made.data and made.data.backup else "",
        clear_locks=clear_locks,
        backup=take_backup,
        words=made.words,
        hint=rollback_plan.hint(made),
        health_before=health,
    )
    return go_on(Work(journal, google, made.root, progress, patient=False, lock=lock))


def interrupted(stack: str, root: Path) -> Journal | None:
    """The rollback of the stack that has not ended; one that an update overtook has."""
    journal = unfinished(stack)
    if journal is None:
        return None
    began = datetime.fromisoformat(journal.began)
    if choice.others_since(state.history(stack, root), began):
        journal.close("superseded")
        return None
    return journal


def left_half_way(stack: str, root: Path) -> tuple[Update, str] | None:
    """A step of a rollback that is the stack's newest update, though not its last one, and what
    it goes back to: "update N" or "file NAME". Another machine may have begun it."""
    step = choice.half_way(state.history(stack, root))
    return (step, choice.goal(step)) if step else None


def resume(
    google: Google, stack: str, *, break_lock: bool = False, root: Path, progress: Progress
) -> rollback_report.Report:
    """Go on with the rollback that was interrupted; raises UserError when there is none."""
    with alone(stack):
        journal = interrupted(stack, root)
        if journal is None:
            raise UserError(f"no rollback of stack {stack} waits for its end")
        with _held(google, stack, " --resume", break_lock) as lock:
            progress(f"going on with the rollback to {journal.target}")
            work = Work(journal, google, root, progress, patient=True, lock=lock)
            with _told("operations", stack):
                _operations(work)
            return go_on(work)


def _operations(work: Work) -> None:
    """Find out how operations ended that a dead engine had begun."""
    journal = work.journal
    message = choice.message(journal.target, 0, work.parts, STEPS["operations"])
    settled = repair.settle(
        work.google,
        journal.stack,
        work.root,
        message,
        patient=work.patient,
        taken=journal.taken,
        remember=journal.remember,
    )
    if settled.all:
        journal.remember(())
    for name in settled.all:
        work.progress(f"found out how it ended with {name}")


def go_on(work: Work) -> rollback_report.Report:
    """Make the steps that are not done; raises RollbackError."""
    for name, make in MAKERS.items():
        if work.journal.facts(name) is not None or not _applies(work, name):
            continue
        work.progress(STEPS[name])
        try:
            with _told(name, work.journal.stack), work.journal.step(name) as record:
                if work.lock is not None:
                    work.lock.keep()
                make(work, record.facts)
        except RollbackError as error:
            if not error.changed:
                work.journal.close("failed")
            raise
    with _told("verify", work.journal.stack):
        # The report first: a rollback that is closed cannot be resumed to write it.
        written = rollback_report.write(work.journal, status="done")
        work.journal.close("done")
    return written


@contextmanager
def _told(name: str, stack: str) -> Iterator[None]:
    """What ends a step, as a RollbackError of it."""
    try:
        yield
    except UserError as error:
        raise RollbackError(name, str(error), stack) from None
    except (*FAILURES, OSError) as error:
        raise RollbackError(name, explained(error), stack) from None
    except KeyboardInterrupt:
        raise RollbackError(name, "interrupted", stack) from None


def _applies(work: Work, name: str) -> bool:
    journal = work.journal
    match name:
        case "backup":
            return journal.backup
        case "rows" | "data":
            return bool(journal.tables)
        case "locks" | "schedules":
            return work.keeps_paused
    return True


def secure_rows(work: Work, facts: dict[str, Any]) -> None:
    """The rows as they are now, whatever comes."""
    if not backup.is_deployed(work.google):
        facts["skipped"] = "the stack has no place for backups"
        return
    # Definitions may delete tables, and --data empty ones, of which today's files know nothing.
    present = state.current(work.journal.stack, work.root)
    taken = backup.create(
        work.google,
        kind=backup.Kind.SAFETY,
        also=[*work.journal.tables, *rollback_plan.with_rows(work.google, present)],
        progress=work.progress,
    )
    for warning in taken.warnings:
        work.progress(f"warning: {warning}")
    facts.update(
        backup=taken.id,
        tables=len(taken.tables),
        rows=taken.rows,
        warnings=list(taken.warnings),
    )


def secure_earlier_rows(work: Work, facts: dict[str, Any]) -> None:
    """Rows of time travel are secured first: definitions that change may put them out of reach."""
    journal = work.journal
    if journal.data_backup:
        # It may have gone since the plan; while nothing is changed, that is no harm.
        facts["backup"] = backup.find(work.google, journal.data_backup).id
        return
    moment = datetime.fromisoformat(journal.data_time)
    taken = backup.create(
        work.google,
        kind=backup.Kind.TRAVEL,
        tables=journal.tables,
        at=moment,
        progress=work.progress,
    )
    facts.update(backup=taken.id, rows=taken.rows)


def _pause(work: Work, facts: dict[str, Any]) -> None:
    """Schedules off, and protection lifted where something is to be deleted: one update.

    Runs that have begun go on; the step that replaces rows waits for them.
    """
    current = state.current(work.journal.stack, work.root)
    lift = [urn for urn in work.journal.lift if urn in current.by_urn]
    if not variants.needs_pause(current) and not lift:
        facts["skipped"] = "no schedule is enabled"
        return
    now = variants.lifted(variants.paused(work.ready(current)), lift)
    facts["changed"] = work.apply(now, 1, STEPS["pause"])


def _definitions(work: Work, facts: dict[str, Any]) -> None:
    target = work.target()
    if work.keeps_paused:
        target = variants.paused(target)
    facts["changed"] = work.apply(target, 2, STEPS["definitions"])


def bring_rows_back(work: Work, facts: dict[str, Any]) -> None:
    """Restore the rows, or go on with a restore of this rollback."""
    found = backup.find(work.google, (work.journal.facts("rows") or {})["backup"])
    begun = backup.unfinished(work.google)
    if begun is not None and _is_ours(begun, found.id, work.journal.tables):
        restored = backup.resume(work.google, begun, progress=work.progress)
    else:
        activity.wait(work.google, work.progress)
        # A backup of what is there now was the first step.
        restored = backup.restore(
            work.google,
            found,
            tables=work.journal.tables,
            source=backup.Source.SNAPSHOT if found.has_snapshots else backup.Source.EXPORT,
            safety=not work.journal.backup,
            progress=work.progress,
        )
    _take_again(work)
    if not restored.equal:
        raise UserError(f"the tables differ from backup {found.id}")
    facts.update(backup=found.id, tables=work.journal.tables, rows=found.rows)


def _take_again(work: Work) -> None:
    """Claims of the earlier time came back with the rows of the locks' table, and ours went."""
    if work.lock is not None and stack_lock.TABLE in work.journal.tables:
        work.lock.take(take_over=True)


def _is_ours(begun: backup.Attempt, source: str, tables: list[str]) -> bool:
    """Whether a restore that has not ended is the one of this rollback, not of some tables."""
    return begun.backup == source and sorted(begun.tables) == sorted(tables)


def _locks(work: Work, facts: dict[str, Any]) -> None:
    """Restored locks whose time has passed are swept; all go only on request (C-66)."""
    if work.journal.clear_locks:
        facts["cleared"] = caption_locks.clear(work.google)
    if work.journal.tables:
        facts["swept"] = caption_locks.sweep(work.google, work.target())


def _schedules(work: Work, facts: dict[str, Any]) -> None:
    facts["changed"] = work.apply(work.target(), 3, STEPS["schedules"])


def _verify(work: Work, facts: dict[str, Any]) -> None:
    left = work.updates.preview(work.target())
    if left:
        names = ", ".join(sorted({step.name for step in left}))
        raise UserError(f"the stack is not as {work.journal.target} left it: {names}")
    facts["health"] = checks.check(work.google).contract()


MAKERS: dict[str, Callable[[Work, dict[str, Any]], None]] = {
    "backup": secure_rows,
    "rows": secure_earlier_rows,
    "pause": _pause,
    "definitions": _definitions,
    "data": bring_rows_back,
    "locks": _locks,
    "schedules": _schedules,
    "verify": _verify,
}
