"""The steps of a rollback: what stays on disk when one of them fails, and what they restore."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from google.api_core.exceptions import NotFound

from bqstack.errors import UserError
from eros.cli import rollback as command
from eros.operations import machine_lock, stack_lock
from eros.operations import rollback as rollbacks
from eros.operations.backup import Attempt, Backup, Kind, Source, TableCopy
from eros.operations.results import Result
from eros.operations.rollback import (
    RollbackError,
    rollback_journal,
    rollback_steps,
    rolling_back,
    variants,
)
from eros.operations.rollback.rollback_plan import Plan
from eros.operations.rollback.rollback_results import EarlierRows, Verified
from tests.unit.lock_table import LockTable
from tests.unit.rollback.states import START, checkpoint, table, update

HEALTH = Verified({"health_score": 94, "status": "HEALTHY"})
BACKUP = Backup("20261122_050000", Kind.DAILY, START, START, None, (TableCopy("caption_bank"),))


@pytest.fixture
def work(begun) -> rollback_steps.Work:
    """A rollback with rows that has just begun."""
    return rollback_steps.Work(begun, SimpleNamespace(), Path(), lambda _: None, patient=False)


@pytest.fixture
def steps(monkeypatch) -> dict:
    """The steps, which do nothing; a test may put its own in."""
    found = {step.name: lambda work: Result() for step in rollback_steps.STEPS}
    found["verify"] = lambda work: HEALTH
    made = [
        replace(step, run=lambda work, name=step.name: found[name](work))
        for step in rollback_steps.STEPS
    ]
    monkeypatch.setattr(rolling_back, "STEPS", made)
    return found


def offline(*_) -> None:
    raise UserError("no connection")


@pytest.mark.parametrize(
    ("step", "resumable"),
    [("backup", False), ("rows", False), ("pause", True), ("verify", True)],
)
def test_a_failed_step_says_whether_there_is_something_to_resume(
    work, steps, reported, step, resumable
):
    steps[step] = offline
    with pytest.raises(RollbackError) as failure:
        rolling_back.go_on(work)
    assert ("--resume" in failure.value.fix) is resumable
    assert [text for text in reported if "no connection" in text] == reported != []
    assert (rollback_journal.unfinished("local") is not None) is resumable


@pytest.mark.parametrize("trouble", [TimeoutError("read timed out"), KeyboardInterrupt()])
def test_whatever_stops_a_step_is_reported_with_the_way_on(work, steps, trouble):
    def stop(*_) -> None:
        raise trouble

    steps["definitions"] = stop
    with pytest.raises(RollbackError, match="--resume"):
        rolling_back.go_on(work)


@pytest.mark.parametrize(("step", "code"), [("backup", 2), ("rows", 2), ("data", 3)])
def test_the_exit_code_says_whether_there_is_something_to_resume(monkeypatch, step, code):
    def fail(*_, **__) -> None:
        raise RollbackError(step, "no connection", "local")

    monkeypatch.setattr(rollbacks, "resume", fail)
    monkeypatch.setattr(command, "Google", lambda _: None)
    monkeypatch.setattr(command, "load_stack_file", lambda _: None)
    with pytest.raises(typer.Exit) as ended:
        command.rollback(stack="local", resume=True)
    assert ended.value.exit_code == code


def test_a_report_that_cannot_be_written_is_written_by_the_resume(work, steps):
    (work.journal.folder / "report.md").mkdir()
    with pytest.raises(RollbackError, match=r"report\.md: cannot be written") as reported:
        rolling_back.go_on(work)
    assert reported.value.changed
    assert rollback_journal.unfinished("local") is not None
    (work.journal.folder / "report.md").rmdir()
    again = replace(work, journal=rollback_journal.unfinished("local"))
    assert rolling_back.go_on(again).content["status"] == "done"
    assert rollback_journal.unfinished("local") is None


def test_a_journal_that_cannot_be_written_is_reported(begun):
    (begun.folder / ".journal.json").mkdir()
    with pytest.raises(UserError, match=r"journal\.json: cannot be written"):
        begun.save()


@pytest.fixture
def another(monkeypatch) -> Plan:
    """A rollback to another update, not begun."""
    monkeypatch.setattr(rolling_back.state, "history", lambda stack, root: [update(2), update(1)])
    return Plan(
        stack="local",
        root=Path(),
        title="update 1",
        target=update(1),
        file=None,
        history=(update(2), update(1)),
        checkpoint=checkpoint(table()),
        current=checkpoint(table()),
        changes=(),
        steps=(),
        stakes=(),
        data=None,
    )


@pytest.fixture
def google(settings) -> SimpleNamespace:
    """A BigQuery that has the table of the locks only."""
    return SimpleNamespace(settings=settings, bigquery=LockTable())


@pytest.mark.parametrize(
    ("fails", "left"),
    [("health", "older"), ("backup", "older"), ("definitions", "newer"), (None, None)],
)
def test_an_interrupted_rollback_waits_until_another_has_changed_something(
    begun, another, steps, google, monkeypatch, fails, left
):
    begun.folder = begun.folder.rename(begun.folder.with_name("20260101_000000-older"))
    health = SimpleNamespace(contract=lambda: {"health_score": 94})
    monkeypatch.setattr(
        rolling_back.checks, "check", offline if fails == "health" else lambda _: health
    )
    if fails in steps:
        steps[fails] = offline
    with pytest.raises(UserError, match="no connection") if fails else nullcontext():
        rollbacks.start(
            google, another, drop=(), clear_locks=False, take_backup=True, progress=lambda _: None
        )
    found = rollback_journal.unfinished("local")
    assert left == (found and ("older" if found.folder == begun.folder else "newer"))


def test_a_rollback_that_runs_is_neither_begun_again_nor_resumed(begun, another, monkeypatch):
    monkeypatch.setattr(rolling_back.checks, "check", lambda _: pytest.fail("it has begun"))
    options = {"drop": (), "clear_locks": False, "take_backup": True, "progress": print}
    with machine_lock.held(
        rollback_journal.Journal, "local", stack_lock.Holder.of(stack_lock.ROLLBACK)
    ):
        for call in (
            lambda: rollbacks.start(None, another, **options),
            lambda: rollbacks.resume(None, "local", root=Path(), progress=print),
            lambda: command.refuse_a_second("local", None),
        ):
            with pytest.raises(UserError, match="another rollback of stack local is running"):
                call()
    rollbacks.refuse_running("local")


# The lock between machines -------------------------------------------------------------------


@pytest.fixture
def options(monkeypatch) -> dict:
    """Of a rollback on a healthy system."""
    health = SimpleNamespace(contract=lambda: {"health_score": 94})
    monkeypatch.setattr(rolling_back.checks, "check", lambda _: health)
    return {"drop": (), "clear_locks": False, "take_backup": True, "progress": lambda _: None}


def deployed_elsewhere(google) -> stack_lock.TableLock:
    """The lock of a deployment that holds it."""
    lock = stack_lock.TableLock(google, stack_lock.Holder("d1", "ci@runner", 1, ""))
    lock.take(take_over=False)
    return lock


def test_a_rollback_waits_for_a_deployment_on_another_machine(
    begun, another, steps, google, options
):
    elsewhere = deployed_elsewhere(google)
    for call in (
        lambda **more: rollbacks.start(google, another, **options, **more),
        lambda **more: rollbacks.resume(google, "local", root=Path(), progress=print, **more),
    ):
        with pytest.raises(UserError, match="deployment d1 by ci@runner holds the lock") as refusal:
            call()
        assert "--stack local --break-lock" in refusal.value.fix
    assert elsewhere.renew(), "its claim stands"
    rollbacks.start(google, another, **options, break_lock=True)
    assert not elsewhere.renew(), "it learns that it has lost"
    assert google.bigquery.rows == {}, "given back"


def test_a_rollback_holds_the_lock_in_every_step(another, steps, google, options):
    seen = []
    for name in steps:
        steps[name] = lambda work: seen.append(list(google.bigquery.rows)) or HEALTH
    rollbacks.start(google, another, **options)
    assert len(seen) >= 2
    assert all("/rollback/" in name for names in seen for name in names)
    assert all(seen)


def test_a_rollback_that_has_lost_the_lock_stops_before_its_next_step(
    another, steps, google, options
):
    def lose(work):
        stack_lock.TableLock(google, stack_lock.Holder("d2", "ci@runner", 1, "")).take(
            take_over=True
        )
        return Result()

    steps["pause"] = lose
    steps["definitions"] = lambda *_: pytest.fail("two work on the stack")
    with pytest.raises(RollbackError, match="deployment d2 by ci@runner holds the lock"):
        rollbacks.start(google, another, **options)


def test_a_rollback_of_a_deployment_uses_its_lock(another, steps, google, options):
    held = deployed_elsewhere(google)
    rollbacks.start(google, another, **options, held=held)
    assert held.renew()


def test_a_plan_that_somebody_has_overtaken_is_refused(another, google, options, monkeypatch):
    history = [update(3), update(2), update(1)]
    monkeypatch.setattr(rolling_back.state, "history", lambda stack, root: history)
    with pytest.raises(UserError, match="changed since this was planned, by update 3"):
        rollbacks.start(google, another, **options)


def test_before_the_first_update_there_is_no_lock(another, steps, google, options, monkeypatch):
    def missing(name):
        raise NotFound("gone")

    monkeypatch.setattr(google.bigquery, "get_table", missing)
    assert rollbacks.start(google, another, **options).content["status"] == "done"


def test_claims_that_come_back_with_the_rows_end(work, restored, google, monkeypatch):
    lock = stack_lock.TableLock(google, stack_lock.Holder.of(stack_lock.ROLLBACK))
    lock.take(take_over=False)
    work.journal.tables.append("automation_locks")

    def restore(*_, **__):
        google.bigquery.rows = {"deployment/holder/d1/ci@runner": START}
        return SimpleNamespace(equal=True)

    monkeypatch.setattr(rollback_steps.backup, "restore", restore)
    bring_back(replace(work, google=google, lock=lock))
    assert lock.renew()
    lock.release()
    assert google.bigquery.rows == {}


# Rows --------------------------------------------------------------------------------------


@pytest.fixture
def restored(monkeypatch) -> list[dict]:
    """What restores were asked for; `resume` where an earlier one is ended."""
    asked: list[dict] = []

    def restore(google, backup, **options):
        asked.append(options)
        return SimpleNamespace(equal=True)

    def resume(google, attempt, **_):
        asked.append({"resume": attempt})
        return SimpleNamespace(equal=True)

    monkeypatch.setattr(rollback_steps.activity, "wait", lambda *_: None)
    monkeypatch.setattr(rollback_steps.backup, "restore", restore)
    monkeypatch.setattr(rollback_steps.backup, "resume", resume)
    monkeypatch.setattr(rollback_steps.backup, "find", lambda *_: BACKUP)
    monkeypatch.setattr(rollback_steps.backup, "unfinished", lambda _: None)
    return asked


def test_the_backup_before_holds_what_goes_and_what_is_replaced(work, monkeypatch):
    """Neither today's nor yesterday's tables need to be in the current files."""
    work.journal.tables = ["caption_bank", "of_then"]
    present = checkpoint(table("of_now"), table("captions"))
    asked, reported = [], []

    def create(google, **how):
        asked.append(how)
        return replace(BACKUP, warnings=("v is in no backup",))

    monkeypatch.setattr(rollback_steps.backup, "is_deployed", lambda _: True)
    monkeypatch.setattr(rollback_steps.backup, "create", create)
    monkeypatch.setattr(rollback_steps.state, "current", lambda stack, root: present)
    monkeypatch.setattr(
        rollback_steps.rollback_plan,
        "with_rows",
        lambda google, found: variants.tables(found, "brain"),
    )
    found = rollback_steps.secure_rows(replace(work, progress=reported.append))
    (how,) = asked
    assert "tables" not in how, "those of today's files come, too"
    assert set(how["also"]) == {"caption_bank", "of_then", "of_now", "captions"}
    assert "warning: v is in no backup" in reported
    assert found.warnings == ["v is in no backup"]


def bring_back(work: rollback_steps.Work) -> None:
    with work.journal.step("rows") as record:
        record.facts = EarlierRows(BACKUP.id).document()
    rollback_steps.bring_rows_back(work)


@pytest.mark.parametrize(
    ("has_snapshots", "source"), [(True, Source.SNAPSHOT), (False, Source.EXPORT)]
)
def test_rows_come_from_the_copy_that_is_left(work, restored, monkeypatch, has_snapshots, source):
    left = replace(BACKUP, has_snapshots=has_snapshots, exported=True)
    monkeypatch.setattr(rollback_steps.backup, "find", lambda *_: left)
    bring_back(work)
    assert [one["source"] for one in restored] == [source]


@pytest.mark.parametrize(
    ("source", "tables", "is_ours"),
    [
        (BACKUP.id, ("caption_bank",), True),
        (BACKUP.id, ("captions",), False),
        ("20261101_000000", ("caption_bank",), False),
    ],
)
def test_only_the_rollbacks_own_restore_is_resumed(
    work, restored, monkeypatch, source, tables, is_ours
):
    attempt = Attempt("1", START, source, Source.SNAPSHOT, tables, None)
    monkeypatch.setattr(rollback_steps.backup, "unfinished", lambda _: attempt)
    bring_back(work)
    assert [one.get("resume") for one in restored] == [attempt if is_ours else None]


def test_a_backup_that_has_gone_since_the_plan_is_missed_before_anything_changes(work, monkeypatch):
    monkeypatch.setattr(rollback_steps.backup, "find", offline)
    work.journal.data_backup = BACKUP.id
    with pytest.raises(UserError):
        rollback_steps.secure_earlier_rows(work)
