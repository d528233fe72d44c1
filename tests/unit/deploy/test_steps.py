"""Single steps of a deployment."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from google.api_core.exceptions import ServiceUnavailable

from bqstack.errors import UserError
from eros.operations.deploy import ExitCode, Finding, Level, run, step_results, steps
from eros.operations.deploy.before_after import Figures
from eros.operations.deploy.deploy_journal import Journal
from eros.operations.deploy.deployment import StepFailed
from eros.operations.deploy.undo import Decision
from tests.unit.deploy.deployments import NOW, never, preview, previewed


def test_a_failed_prerequisite_stops_with_what_to_do(make):
    bad = Finding("git", Level.FAILED, "not committed: a.py", "commit first")
    step = steps.Preflight(check=lambda site: [bad])
    with pytest.raises(StepFailed, match="commit first"):
        step.run(make().deployment)
    assert step.run(make(allow_dirty=True).deployment).findings == [bad.document()]


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
    found = steps.Up(update=never).run(previewed(make(), preview()))
    assert found.changed is False


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
    made.deployment.lock = SimpleNamespace(renew=lambda: renewed.append(clock[0]) is None)
    with made.deployment.journal.step("up") as record:
        record.facts = {"ended": NOW.isoformat()}
    spans = []

    def measure(google, start, stop):
        spans.append((start, stop))
        return Figures(start.isoformat(), stop.isoformat())

    monkeypatch.setattr(steps.before_after, "measure", measure)
    monkeypatch.setattr(steps.before_after, "cost", lambda google, start, stop: 1.0)

    def sleep(seconds):
        clock[0] += timedelta(seconds=seconds)

    found = steps.Compare(sleep=sleep).run(made.deployment)
    assert spans == [(NOW, NOW + timedelta(minutes=2))]
    assert len(renewed) == 2
    assert "query time" in found.missing


def test_who_loses_the_lock_while_watching_judges_nothing(make, monkeypatch):
    """An operator rolls back from a laptop: neither a success nor a second rollback."""
    made = make(observe_minutes=120, yes=True)
    with made.deployment.journal.step("up") as record:
        record.facts = {"ended": NOW.isoformat()}
    signs = iter([True, True, False])
    made.deployment.lock = SimpleNamespace(renew=lambda: next(signs))
    monkeypatch.setattr(steps.before_after, "measure", never)
    watching = steps.Compare(sleep=lambda seconds: None)
    outcome = run(made.deployment, [watching], decide=never, roll_back=never)
    assert outcome.code is ExitCode.ROLLBACK
    assert "somebody has broken the lock" in outcome.message


def test_a_system_that_is_worse_fails_the_comparison(make, monkeypatch):
    made = make()
    with made.deployment.journal.step("up") as record:
        record.facts = {"ended": NOW.isoformat()}
    after = Figures(NOW.isoformat(), NOW.isoformat(), corrupt_rows=3)
    monkeypatch.setattr(steps.before_after, "measure", lambda *span: after)
    monkeypatch.setattr(steps.before_after, "cost", lambda *span: 1.0)
    outcome = run(
        made.deployment,
        [steps.Compare()],
        decide=lambda deployment: Decision(False, None, "nothing to return to"),
        roll_back=never,
    )
    assert "3 corrupt rows, 0 before" in outcome.message
    # What it was judged by is in the report, and in the journal that another machine reads.
    assert outcome.content["figures"]["after"]["corrupt_rows"] == 3
    kept = next(Journal.newest_first(made.deployment.site.stack))
    [trigger] = kept.last(step_results.Compared).triggers
    assert trigger == "data are corrupted: 3 corrupt rows, 0 before"


def test_findings_of_a_failed_check_are_in_the_report(make):
    made = make()
    bad = Finding("dataset", Level.FAILED, "is not there")
    outcome = run(
        made.deployment,
        [steps.Validate(check=lambda site: [bad])],
        decide=lambda deployment: Decision(False, None, "nothing to return to"),
        roll_back=never,
    )
    assert outcome.content["findings"]["validate"] == [bad.document()]


def unreadable(*_):
    raise ServiceUnavailable("busy\nreally")


@pytest.fixture
def updated(make):
    """Function that makes a deployment whose update has ended."""

    def build():
        made = make(yes=True)
        with made.deployment.journal.step("up") as record:
            record.facts = {"ended": NOW.isoformat()}
        return made

    return build


@pytest.mark.parametrize("error", [ServiceUnavailable("busy"), TimeoutError(), UserError("busy")])
def test_figures_that_cannot_be_read_are_no_reason_to_go_back_and_reported(
    updated, monkeypatch, error
):
    def fail(*_):
        raise error

    monkeypatch.setattr(steps.before_after, "measure", fail)
    made = updated()
    outcome = run(made.deployment, [steps.Compare()], decide=never, roll_back=never)
    assert outcome.code is ExitCode.SUCCESS
    assert outcome.message.startswith("deployed, but nothing was compared with the baseline: ")
    assert outcome.content["notRead"]
    report = (made.deployment.journal.folder / "report.md").read_text()
    assert "**Not judged**, the figures cannot be read: nothing was compared" in report


def test_yesterday_s_cost_that_cannot_be_read_leaves_the_other_reasons(updated, monkeypatch):
    after = [Figures(NOW.isoformat(), NOW.isoformat())]
    monkeypatch.setattr(steps.before_after, "measure", lambda *span: after[0])
    monkeypatch.setattr(steps.before_after, "cost", unreadable)
    found = steps.Compare().run(updated().deployment)
    assert found.unread == "the cost was not compared with yesterday's: busy"
    assert "cost" not in found.missing, "that is for lack of queries"
    after[0] = Figures(NOW.isoformat(), NOW.isoformat(), corrupt_rows=3)
    with pytest.raises(StepFailed, match="3 corrupt rows"):
        steps.Compare().run(updated().deployment)


def test_what_the_backup_warns_of_is_shown_and_reported(make, monkeypatch):
    warned = SimpleNamespace(id="b", tables=(), rows=0, warnings=("v is in no backup",))
    monkeypatch.setattr(steps.backup, "is_deployed", lambda _: True)
    monkeypatch.setattr(steps.backup, "create", lambda *_, **__: warned)
    made = make()
    outcome = run(made.deployment, [steps.Backup()], decide=never, roll_back=never)
    assert "  warning: v is in no backup" in made.said
    assert outcome.content["backupWarnings"] == ["v is in no backup"]
    assert (
        "warning: v is in no backup" in (made.deployment.journal.folder / "report.md").read_text()
    )
