"""Carrying out a rollback: locks, the order of the steps, and what a failure means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path

from bqstack import state
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from bqstack.state import Update
from eros import logs
from eros.cloud.google import Google
from eros.operations import machine_lock, remote_records, repair, runner, stack_lock
from eros.operations.results import Result
from eros.operations.rollback import (
    choice,
    lost_rows,
    rollback_notices,
    rollback_plan,
    rollback_report,
)
from eros.operations.rollback.rollback_journal import Journal, unfinished
from eros.operations.rollback.rollback_plan import Plan, Progress
from eros.operations.rollback.rollback_steps import STEPS, TITLES, Step, Work
from eros.operations.stack_lock import Holder, TableLock
from eros.watch import health as checks

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
            f"the rollback stopped at the step {step!r} ({TITLES[step]}): {reason}",
            fix=again if self.changed else "nothing was changed yet; fix it and start again",
        )


def start(
    google: Google,
    made: Plan,
    *,
    drop: tuple[str, ...],
    clear_locks: bool,
    take_backup: bool,
    break_lock: bool = False,
    held: TableLock | None = None,
    why: str = "",
    progress: Progress,
) -> rollback_report.Report:
    """Carry out a plan. Raises UserError before anything changes, RollbackError after.

    `why` is the reason that notices give; without it, who decided.
    `break_lock` releases anybody's lock on the stack; `held` is the lock between machines
    of a caller that has it.
    """
    lost_rows.refuse(made.stakes, drop)
    with (
        machine_lock.held(Journal, made.stack, Holder.of(stack_lock.ROLLBACK)),
        nullcontext(held) if held else _held(google, made.stack, "", break_lock) as lock,
    ):
        _refuse_stale(made)
        return _begin(google, made, lock, drop, clear_locks, take_backup, why, progress)


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
            fix=f"look at the new plan: eros rollback --stack {made.stack}",
        )


def _begin(
    google: Google,
    made: Plan,
    lock: TableLock | None,
    drop: tuple[str, ...],
    clear_locks: bool,
    take_backup: bool,
    why: str,
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
        why=why or f"{Holder.of(stack_lock.ROLLBACK).who} decided it and gave no reason",
    )
    rollback_notices.tell_start(google, journal, progress)
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
    with machine_lock.held(Journal, stack, Holder.of(stack_lock.ROLLBACK)):
        if unfinished(stack) is None:
            remote_records.recover(google, Journal, stack, progress)
        journal = interrupted(stack, root)
        if journal is None:
            raise UserError(f"stack {stack} has no interrupted rollback")
        with _held(google, stack, " --resume", break_lock) as lock:
            progress(f"continuing the rollback to {journal.target}")
            work = Work(journal, google, root, progress, patient=True, lock=lock)
            with _as_rollback_error("operations", stack):
                _operations(work)
            return go_on(work)


def _operations(work: Work) -> None:
    """Find out how operations ended that a dead engine had begun."""
    journal = work.journal
    message = choice.message(journal.target, 0, work.parts, TITLES["operations"])
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
        work.progress(f"checked what became of {name}")


def go_on(work: Work) -> rollback_report.Report:
    """Make the steps that are not done; raises RollbackError."""
    for step in STEPS:
        if work.journal.facts(step.name) is not None or not step.applies(work):
            continue
        try:
            with _as_rollback_error(step.name, work.journal.stack):
                runner.make(
                    work.journal,
                    step,
                    partial(_run, step, work),
                    progress=work.progress,
                    log=_LOG,
                )
        except RollbackError as error:
            if not error.changed:
                work.journal.close("failed")
            rollback_notices.tell_end(
                work.google, work.journal, work.progress, failure=error.message
            )
            raise
    with _as_rollback_error("verify", work.journal.stack):
        # The report first: a rollback that is closed cannot be resumed to write it.
        written = rollback_report.write(work.journal, status="done")
        work.journal.close("done")
    rollback_notices.tell_end(work.google, work.journal, work.progress)
    return written


def _run(step: Step, work: Work) -> Result:
    if work.lock is not None:
        work.lock.keep()
    return step.run(work)


@contextmanager
def _as_rollback_error(name: str, stack: str) -> Iterator[None]:
    """What ends a step, as a RollbackError of it."""
    try:
        yield
    except UserError as error:
        raise RollbackError(name, str(error), stack) from None
    except (*FAILURES, OSError) as error:
        raise RollbackError(name, explained(error), stack) from None
    except KeyboardInterrupt:
        raise RollbackError(name, "interrupted", stack) from None
