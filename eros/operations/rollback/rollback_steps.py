"""The steps of a rollback, in their order; each can be made twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bqstack import state
from bqstack.errors import UserError
from bqstack.state import Checkpoint
from eros.cloud import endpoints
from eros.cloud.google import Google
from eros.operations import backup, stack_lock
from eros.operations.backup import activity
from eros.operations.results import Result
from eros.operations.rollback import (
    caption_locks,
    choice,
    old_checkpoint,
    rollback_plan,
    variants,
)
from eros.operations.rollback.rollback_journal import Journal
from eros.operations.rollback.rollback_plan import Progress
from eros.operations.rollback.rollback_results import (
    Defined,
    EarlierRows,
    Locks,
    Paused,
    Restored,
    SafetyBackup,
    Scheduled,
    Verified,
)
from eros.operations.rollback.updates import Updates
from eros.operations.stack_lock import TableLock
from eros.watch import health as checks

# Step of the journal and what a person calls it.
TITLES = {
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
                f"{journal.target} is no longer the state that the rollback began with",
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


@dataclass(frozen=True)
class Step:
    """One step: `run` returns what the journal keeps."""

    name: str
    run: Callable[[Work], Result]

    @property
    def title(self) -> str:
        """What a person calls it."""
        return TITLES[self.name]

    def applies(self, work: Work) -> bool:
        """Whether this rollback has something to do in it."""
        journal = work.journal
        match self.name:
            case "backup":
                return journal.backup
            case "rows" | "data":
                return bool(journal.tables)
            case "locks" | "schedules":
                return work.keeps_paused
        return True


def secure_rows(work: Work) -> SafetyBackup:
    """The rows as they are now, whatever comes."""
    if not backup.is_deployed(work.google):
        return SafetyBackup(skipped="the stack has no backup dataset")
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
    return SafetyBackup(taken.id, len(taken.tables), taken.rows, list(taken.warnings))


def secure_earlier_rows(work: Work) -> EarlierRows:
    """Rows of time travel are secured first: definitions that change may put them out of reach."""
    journal = work.journal
    if journal.data_backup:
        # It may have gone since the plan; while nothing is changed, that is no harm.
        return EarlierRows(backup.find(work.google, journal.data_backup).id)
    moment = datetime.fromisoformat(journal.data_time)
    taken = backup.create(
        work.google,
        kind=backup.Kind.TRAVEL,
        tables=journal.tables,
        at=moment,
        progress=work.progress,
    )
    return EarlierRows(taken.id, taken.rows)


def _pause(work: Work) -> Paused:
    """Schedules off, and protection lifted where something is to be deleted: one update.

    Runs that have begun go on; the step that replaces rows waits for them.
    """
    current = state.current(work.journal.stack, work.root)
    lift = [urn for urn in work.journal.lift if urn in current.by_urn]
    if not variants.needs_pause(current) and not lift:
        return Paused(skipped="no schedules are enabled")
    now = variants.lifted(variants.paused(work.ready(current)), lift)
    return Paused(work.apply(now, 1, TITLES["pause"]))


def _definitions(work: Work) -> Defined:
    target = work.target()
    if work.keeps_paused:
        target = variants.paused(target)
    return Defined(work.apply(target, 2, TITLES["definitions"]))


def bring_rows_back(work: Work) -> Restored:
    """Restore the rows, or go on with a restore of this rollback."""
    found = backup.find(work.google, work.journal.found(EarlierRows).backup)
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
    return Restored(found.id, work.journal.tables, found.rows)


def _take_again(work: Work) -> None:
    """Claims of the earlier time came back with the rows of the locks' table, and ours went."""
    if work.lock is not None and stack_lock.TABLE in work.journal.tables:
        work.lock.take(take_over=True)


def _is_ours(begun: backup.Attempt, source: str, tables: list[str]) -> bool:
    """Whether a restore that has not ended is the one of this rollback, not of some tables."""
    return begun.backup == source and sorted(begun.tables) == sorted(tables)


def _locks(work: Work) -> Locks:
    """Restored locks whose time has passed are swept; all go only on request (C-66)."""
    cleared = caption_locks.clear(work.google) if work.journal.clear_locks else None
    swept = caption_locks.sweep(work.google, work.target()) if work.journal.tables else None
    return Locks(cleared, swept)


def _schedules(work: Work) -> Scheduled:
    return Scheduled(work.apply(work.target(), 3, TITLES["schedules"]))


def _verify(work: Work) -> Verified:
    left = work.updates.preview(work.target())
    if left:
        names = ", ".join(sorted({step.name for step in left}))
        raise UserError(f"the stack is not as {work.journal.target} left it: {names}")
    return Verified(checks.check(work.google).contract())


STEPS = (
    Step("backup", secure_rows),
    Step("rows", secure_earlier_rows),
    Step("pause", _pause),
    Step("definitions", _definitions),
    Step("data", bring_rows_back),
    Step("locks", _locks),
    Step("schedules", _schedules),
    Step("verify", _verify),
)
