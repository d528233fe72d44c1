"""Single steps of a deployment."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from eros.deploy import (
    Finding,
    Level,
    steps,
)
from eros.deploy.figures import Figures
from eros.deploy.model import StepFailed
from eros.errors import UserError
from tests.unit.deploy.deployments import NOW, never, preview, previewed


def test_a_failed_prerequisite_stops_with_what_to_do(make):
    bad = Finding("git", Level.FAILED, "not committed: a.py", "commit first")
    step = steps.Preflight(check=lambda site: [bad])
    with pytest.raises(StepFailed, match="commit first"):
        step.run(make().deployment)
    assert step.run(make(allow_dirty=True).deployment)["findings"] == [bad.document()]


@pytest.mark.parametrize(
    ("environment", "answer", "good"),
    [
        ("staging", "y", True),
        ("staging", "", False),
        ("staging", "no", False),
        ("prod", "y", False),
        ("prod", "staging", True),
    ],
)
def test_production_wants_its_stack_typed(make, settings, environment, answer, good):
    google = SimpleNamespace(
        settings=settings.model_copy(update={"environment": environment}), is_local=False
    )
    made = make(answers=(answer,), google=google)
    deployment = previewed(made, preview("update row_counts"))
    if good:
        steps.Confirm().run(deployment)
    else:
        with pytest.raises(UserError, match="nothing was changed"):
            steps.Confirm().run(deployment)
    assert len(made.asked) == 1


def test_nobody_is_asked_in_ci_or_when_nothing_changes(make):
    steps.Confirm().run(previewed(make(yes=True), preview("update row_counts")))
    steps.Confirm().run(previewed(make(), preview()))


def test_the_engine_is_left_alone_when_nothing_changes(make):
    facts = steps.Up(update=never).run(previewed(make(), preview()))
    assert facts["changed"] is False


def test_the_update_names_its_deployment(make):
    called = []
    deployment = previewed(make(), preview("update row_counts"))
    steps.Up(update=lambda *arguments: called.append(arguments)).run(deployment)
    ((stack, _, message),) = called
    assert stack == "staging"
    assert message == f"eros deploy {deployment.journal.id}"


def test_watching_gives_signs_of_life_until_its_end(make, monkeypatch):
    made = make(observe_minutes=2)
    clock = [NOW]
    made.deployment.now = lambda: clock[0]
    renewed = []
    made.deployment.lock = SimpleNamespace(renew=lambda: renewed.append(clock[0]))
    with made.deployment.journal.step("up") as record:
        record.facts = {"ended": NOW.isoformat()}
    spans = []

    def measure(google, start, stop):
        spans.append((start, stop))
        return Figures(start.isoformat(), stop.isoformat())

    monkeypatch.setattr(steps.figures, "measure", measure)
    monkeypatch.setattr(steps.figures, "cost", lambda google, start, stop: 1.0)

    def sleep(seconds):
        clock[0] += timedelta(seconds=seconds)

    facts = steps.Compare(sleep=sleep).run(made.deployment)
    assert spans == [(NOW, NOW + timedelta(minutes=2))]
    assert len(renewed) == 2
    assert "query time" in facts["missing"]


def test_a_system_that_is_worse_fails_the_comparison(make, monkeypatch):
    made = make()
    with made.deployment.journal.step("up") as record:
        record.facts = {"ended": NOW.isoformat()}
    after = Figures(NOW.isoformat(), NOW.isoformat(), corrupt_rows=3)
    monkeypatch.setattr(steps.figures, "measure", lambda *span: after)
    monkeypatch.setattr(steps.figures, "cost", lambda *span: 1.0)
    with pytest.raises(StepFailed, match="3 corrupt rows, 0 before"):
        steps.Compare().run(made.deployment)
