"""Two deployments at once, on one machine and on two."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from google.api_core.exceptions import BadRequest, NotFound

from bqstack.errors import UserError
from eros.operations import machine_lock, stack_lock
from eros.operations.deploy import Journal, begin
from eros.operations.rollback import rollback_journal
from tests.unit.lock_table import LockTable


@pytest.mark.parametrize("kind", [Journal, rollback_journal.Journal])
def test_two_operations_of_a_kind_on_one_machine_exclude_each_other(kind, monkeypatch, tmp_path):
    monkeypatch.setenv("EROS_LOG_DIR", str(tmp_path))
    holder = stack_lock.Holder.of("first")
    refusal = rf"another {kind.KIND} of stack prod is running: first by "
    with (
        machine_lock.held(kind, "prod", holder),
        pytest.raises(UserError, match=refusal),
    ):
        machine_lock.refuse_running(kind, "prod")
    machine_lock.refuse_running(kind, "prod")


def test_a_running_deployment_is_not_offered_for_resumption(make):
    journal = make().deployment.journal
    with (
        machine_lock.held(Journal, journal.stack, stack_lock.Holder.of(journal.id)),
        pytest.raises(UserError, match=journal.id),
    ):
        begin("staging", "", resume=True, fresh=False, dry_run=False)


@pytest.fixture
def table():
    """An empty lock table."""
    return LockTable()


def table_lock(settings, table, deployment: str) -> stack_lock.TableLock:
    """The lock of one deployment."""
    google = SimpleNamespace(settings=settings, bigquery=table)
    return stack_lock.TableLock(google, stack_lock.Holder.of(deployment))


def test_two_machines_exclude_each_other(settings, table):
    with stack_lock.held_table(table_lock(settings, table, "one"), take_over=False):
        with pytest.raises(UserError, match=r"deployment one by .* holds the lock") as refusal:
            table_lock(settings, table, "two").take(take_over=False)
        assert "wait until it finishes" in refusal.value.fix
    assert table.rows == {}


def test_an_interrupted_deployment_takes_its_own_lock_again(settings, table):
    table_lock(settings, table, "one").take(take_over=False)
    table_lock(settings, table, "one").take(take_over=False)
    assert len(table.rows) == 1


def test_a_stale_lock_says_so_and_can_be_broken(settings, table):
    table_lock(settings, table, "dead").take(take_over=False)
    (name,) = table.rows
    table.rows[name] = datetime.now(UTC) - timedelta(hours=3)
    with pytest.raises(UserError) as refusal:
        table_lock(settings, table, "two").take(take_over=False)
    assert refusal.value.fix.startswith("it is stale: eros deploy --break-lock")
    table_lock(settings, table, "two").take(take_over=True)
    assert all("/two/" in name for name in table.rows)


def test_who_was_robbed_of_the_lock_learns_it(settings, table):
    robbed = table_lock(settings, table, "one")
    robbed.take(take_over=False)
    assert robbed.renew()
    table_lock(settings, table, "two").take(take_over=True)
    assert not robbed.renew()


def test_a_sign_of_life_that_fails_stops_nothing(settings, table, monkeypatch):
    held = table_lock(settings, table, "one")
    held.take(take_over=False)

    def fail(*arguments, **options):
        raise BadRequest("busy")

    monkeypatch.setattr(table, "query_and_wait", fail)
    assert held.renew()


def test_a_conflict_of_transactions_is_tried_again(settings, table, monkeypatch):
    monkeypatch.setattr(stack_lock.time, "sleep", lambda seconds: None)
    table.conflicts = 2
    table_lock(settings, table, "one").take(take_over=False)
    table.conflicts = 9
    with pytest.raises(BadRequest):
        table_lock(settings, table, "one").take(take_over=False)


def test_only_the_table_is_needed(settings, table, monkeypatch):
    """A first `up` may have stopped between it and the procedures."""
    asked = []
    query = table.query_and_wait

    def noted(sql, **options):
        asked.append(sql)
        return query(sql, **options)

    monkeypatch.setattr(table, "query_and_wait", noted)
    table_lock(settings, table, "one").take(take_over=False)
    assert not [sql for sql in asked if "CALL " in sql]


def test_a_rollback_is_reported_and_what_a_rollback_may_do(settings, table):
    back = stack_lock.Holder.of(stack_lock.ROLLBACK)
    google = SimpleNamespace(settings=settings, bigquery=table)
    with (
        stack_lock.held_table(stack_lock.TableLock(google, back), take_over=False),
        pytest.raises(UserError, match=r"^a rollback by \S+@\S+ holds the lock"),
    ):
        table_lock(settings, table, "one").take(take_over=False)
    table_lock(settings, table, "one").take(take_over=False)
    with pytest.raises(UserError, match="deployment one by") as refusal:
        stack_lock.TableLock(google, back, "eros rollback").take(take_over=False)
    assert refusal.value.fix.endswith("eros rollback --break-lock")


@pytest.mark.parametrize("trouble", [TimeoutError("read timed out"), KeyboardInterrupt()])
def test_a_lost_answer_leaves_no_row_behind(settings, table, monkeypatch, trouble):
    query = table.query_and_wait

    def lose(sql, **options):
        answer = query(sql, **options)
        if "BEGIN TRANSACTION" in sql:
            raise trouble
        return answer

    monkeypatch.setattr(table, "query_and_wait", lose)
    with (
        pytest.raises(type(trouble)),
        stack_lock.held_table(table_lock(settings, table, "one"), take_over=False),
    ):
        pytest.fail("it is not known to be held")
    assert table.rows == {}


def test_a_connection_that_stays_away_hides_no_reason(settings, monkeypatch):
    def lost(*arguments, **options):
        raise TimeoutError("read timed out")

    table = SimpleNamespace(query_and_wait=lost)
    with (
        pytest.raises(TimeoutError),
        stack_lock.held_table(table_lock(settings, table, "one"), take_over=False),
    ):
        pytest.fail("it is not held")


def test_a_row_that_is_gone_is_written_again_and_another_claim_respected(settings, table):
    held = table_lock(settings, table, "one")
    held.take(take_over=False)
    table.rows.clear()
    held.keep()
    assert held.renew()
    table_lock(settings, table, "two").take(take_over=True)
    with pytest.raises(UserError, match="deployment two by"):
        held.keep()


def test_before_the_first_up_there_is_no_table_to_lock(settings):
    def missing(name):
        raise NotFound("no dataset")

    google = SimpleNamespace(settings=settings, bigquery=SimpleNamespace(get_table=missing))
    assert not stack_lock.TableLock(google, stack_lock.Holder.of("x")).is_possible()
