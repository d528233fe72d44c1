"""Whether a bad deployment goes back by itself."""

from contextlib import suppress
from types import SimpleNamespace

import pytest

from bqstack.errors import UserError
from eros.operations.deploy import undo
from tests.unit.deploy.deployments import preview, previewed


def updates(*versions: int, changed: int = 1) -> list[SimpleNamespace]:
    """A history, newest first."""
    return [SimpleNamespace(version=v, changed=changed) for v in sorted(versions, reverse=True)]


@pytest.fixture
def decided(make, monkeypatch):
    """Function that decides after a deployment from update 7, which made update 8."""

    def decide(*, history=None, version=7, tables=(), **options):
        made = make(**options)
        with made.deployment.journal.step("baseline") as record:
            record.facts = {"version": version, "newest": 7}
        previewed(made, preview("update x", tables=tables))
        known = updates(7, 8) if history is None else history
        monkeypatch.setattr(undo.state, "history", lambda stack, root: known)
        return undo.decide(made.deployment)

    return decide


def test_definitions_go_back_by_themselves_in_ci(decided):
    decision = decided(yes=True)
    assert (decision.now, decision.version) == (True, 7)


@pytest.mark.parametrize(("answer", "now"), [("y", True), ("", False)])
def test_a_person_is_asked(decided, answer, now):
    decision = decided(answers=(answer,))
    assert decision.now is now
    assert now or "eros rollback --stack staging --to 7" in decision.text


def test_a_touched_table_is_a_person_s_decision(decided):
    decision = decided(yes=True, tables=("caption_bank",))
    assert decision.now is False
    assert "caption_bank" in decision.text
    assert "eros rollback --stack staging --to 7" in decision.text


def test_nothing_goes_back_when_nothing_was_changed(decided):
    decision = decided(yes=True, history=updates(7, 8, changed=0))
    assert (decision.version, decision.text) == (None, "the deployment changed nothing")


def test_an_engine_that_died_may_have_changed_something(decided):
    decision = decided(yes=True, history=updates(7))
    assert decision.version is None
    assert "died halfway" in decision.text


def test_a_first_deployment_has_nothing_to_go_back_to(decided):
    decision = decided(yes=True, version=None)
    assert (decision.now, decision.version) == (False, None)


def test_a_rollback_of_the_deployment_s_own_keeps_its_lock(make, monkeypatch):
    made = make()
    made.deployment.lock = SimpleNamespace()
    asked = {}

    def rollback(google, stack, **options):
        asked.update(options)
        return SimpleNamespace(health_kept=True)

    monkeypatch.setattr(undo.rollback, "rollback", rollback)
    with suppress(UserError), made.deployment.journal.step("compare"):
        raise UserError("the system is worse than before:\n  23% of 40 queries fail")
    undo.roll_back(made.deployment, 7)
    assert asked["held"] is made.deployment.lock
    assert asked["why"] == (
        f"deployment {made.deployment.journal.id}:"
        " the system is worse than before: 23% of 40 queries fail"
    )
