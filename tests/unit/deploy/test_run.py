"""The runner of a deployment: order, exit codes, journal, going on after an interruption."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from google.api_core.exceptions import BadRequest

from bqstack.errors import UserError
from eros.operations.deploy import ExitCode, begin, run, steps, undo, unfinished
from eros.operations.deploy.deployment import StepFailed
from tests.unit.deploy.deployments import Fake, never


def test_a_good_deployment_makes_every_step_and_ends_with_0(make):
    made = make()
    order: list[str] = []
    fakes = [Fake(name, made=order) for name in ("preflight", "up", "validate")]
    outcome = run(made.deployment, fakes, decide=never, roll_back=never)
    assert outcome.code is ExitCode.SUCCESS
    assert order == ["preflight", "up", "validate"]
    assert made.deployment.journal.status == "SUCCESS"
    assert unfinished("staging") is None


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("lock", ExitCode.PREREQUISITES),
        ("preflight", ExitCode.PREREQUISITES),
        ("backup", ExitCode.BACKUP),
        ("confirm", ExitCode.PREREQUISITES),
    ],
)
@pytest.mark.parametrize("error", [UserError("no"), BadRequest("no")])
def test_a_failure_before_the_update_ends_with_its_code_and_no_rollback(make, step, code, error):
    made = make()
    order: list[str] = []
    fakes = [Fake(step, code, error=error, made=order), Fake("up", made=order)]
    outcome = run(made.deployment, fakes, decide=never, roll_back=never)
    assert (outcome.code, order) == (code, [step])
    assert "no" in outcome.message
    assert unfinished("staging") is None, "nothing is left to resume"


AUTOMATIC = undo.Decision(True, 7, "restored the definitions of update 7")
BY_A_PERSON = undo.Decision(False, 7, "a person decides: eros rollback --to 7")
NOTHING = undo.Decision(False, None, "the deployment changed nothing")


@pytest.mark.parametrize(
    ("step", "code", "decision", "expected"),
    [
        ("up", ExitCode.DEPLOYMENT, AUTOMATIC, ExitCode.DEPLOYMENT),
        ("up", ExitCode.DEPLOYMENT, BY_A_PERSON, ExitCode.DEPLOYMENT),
        ("up", ExitCode.DEPLOYMENT, NOTHING, ExitCode.DEPLOYMENT),
        ("validate", ExitCode.VALIDATION, AUTOMATIC, ExitCode.VALIDATION),
        ("validate", ExitCode.VALIDATION, BY_A_PERSON, ExitCode.ROLLBACK),
        ("validate", ExitCode.VALIDATION, NOTHING, ExitCode.VALIDATION),
        ("compare", ExitCode.VALIDATION, AUTOMATIC, ExitCode.VALIDATION),
        ("compare", ExitCode.VALIDATION, BY_A_PERSON, ExitCode.ROLLBACK),
    ],
)
def test_after_the_update_the_code_says_what_is_left_to_do(make, step, code, decision, expected):
    made = make()
    back: list[int] = []
    outcome = run(
        made.deployment,
        [Fake(step, code, error=StepFailed("bad"))],
        decide=lambda deployment: decision,
        roll_back=lambda deployment, version: back.append(version),
    )
    assert outcome.code is expected
    assert back == ([7] if decision.now else [])
    assert decision.text in outcome.message
    assert outcome.content["rolledBackTo"] == (7 if decision.now else None)


def test_a_failed_rollback_ends_with_5(make):
    def fail(deployment, version):
        raise UserError("the engine is locked", fix="pulumi cancel")

    outcome = run(
        make().deployment,
        [Fake("validate", ExitCode.VALIDATION, error=StepFailed("bad"))],
        decide=lambda deployment: AUTOMATIC,
        roll_back=fail,
    )
    assert outcome.code is ExitCode.ROLLBACK
    assert "pulumi cancel" in outcome.message


def test_an_engine_that_failed_half_way_can_be_resumed(make):
    made = make()
    outcome = run(
        made.deployment,
        [Fake("up", ExitCode.DEPLOYMENT, error=UserError("no"))],
        decide=lambda deployment: BY_A_PERSON,
        roll_back=never,
    )
    assert "eros deploy --resume --stack staging" in outcome.message
    assert unfinished("staging").id == made.deployment.journal.id


def test_what_stops_engine_and_backend_leaves_a_deployment_to_resume(make):
    def expired(deployment):
        raise UserError("the credentials have expired")

    made = make()
    fails = [Fake("up", ExitCode.DEPLOYMENT, error=UserError("no"))]
    outcome = run(made.deployment, fails, decide=expired, roll_back=never)
    assert outcome.code is ExitCode.DEPLOYMENT
    assert "the rollback failed" not in outcome.message
    assert "eros deploy --resume --stack staging" in outcome.message
    assert unfinished("staging").id == made.deployment.journal.id


def test_an_interruption_leaves_a_journal_that_keeps_what_was_done(make):
    made = make()
    order: list[str] = []
    first = [
        Fake("preflight", made=order),
        Fake("baseline", once=True, made=order),
        Fake("backup", ExitCode.BACKUP, error=KeyboardInterrupt(), once=True, made=order),
    ]
    outcome = run(made.deployment, first, decide=never, roll_back=never)
    assert outcome.code is ExitCode.BACKUP
    assert "eros deploy --resume --stack staging" in outcome.message

    with pytest.raises(UserError, match="is not finished"):
        begin("staging", "c0ffee", resume=False, fresh=False, dry_run=False)
    journal = begin("staging", "c0ffee", resume=True, fresh=False, dry_run=False)
    second = [replace(fake, error=None) for fake in first]
    outcome = run(make(journal=journal).deployment, second, decide=never, roll_back=never)
    assert outcome.code is ExitCode.SUCCESS
    assert order == ["preflight", "baseline", "backup", "preflight", "backup"]
    assert outcome.content["deployment"] == made.deployment.journal.id


def test_a_resumed_deployment_is_of_the_commit_that_mended_it(make):
    make()
    begin("staging", "fa11ed", resume=True, fresh=False, dry_run=False)
    assert unfinished("staging").commit == "fa11ed"


def test_an_unfinished_deployment_can_be_given_up(make):
    older = make().deployment.journal
    begin("staging", "c0ffee", resume=False, fresh=True, dry_run=False).close("SUCCESS")
    assert unfinished("staging") is None
    assert json.loads((older.folder / "journal.json").read_text())["status"] == "SUPERSEDED"


def test_there_is_nothing_to_resume_after_a_good_end():
    with pytest.raises(UserError, match="no interrupted deployment"):
        begin("staging", "", resume=True, fresh=False, dry_run=False)


def test_a_dry_run_makes_its_steps_only_and_hides_no_unfinished_deployment(make):
    older = make().deployment.journal
    journal = begin("staging", "", resume=False, fresh=False, dry_run=True)
    made = make(journal=journal, dry_run=True)
    order: list[str] = []
    fakes = [
        Fake("lock", in_dry_run=False, made=order),
        Fake("preview", made=order),
        Fake("up", in_dry_run=False, made=order),
    ]
    outcome = run(made.deployment, fakes, decide=never, roll_back=never)
    assert (outcome.code, order) == (ExitCode.SUCCESS, ["preview"])
    assert unfinished("staging").id == older.id


def test_a_damaged_journal_is_named(make):
    journal = make().deployment.journal
    (journal.folder / "journal.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match=r"journal\.json"):
        unfinished("staging")


def test_the_steps_stand_in_the_order_of_the_specification():
    names = [step.name for step in steps.standard()]
    assert names == [
        "lock",
        "preflight",
        "baseline",
        "backup",
        "preview",
        "confirm",
        "notify",
        "up",
        "validate",
        "compare",
        "score",
    ]
    codes = {step.name: step.code for step in steps.standard()}
    assert codes["backup"] is ExitCode.BACKUP
    assert codes["up"] is ExitCode.DEPLOYMENT
    assert codes["validate"] is codes["compare"] is ExitCode.VALIDATION


def test_a_deployment_that_is_resumed_mends_the_state_first():
    names = [step.name for step in steps.standard(resume=True)]
    assert names[:3] == ["lock", "repair", "preflight"]
    assert [n for n in names if n != "repair"] == [step.name for step in steps.standard()]


def test_a_dry_run_changes_nothing_by_its_list_of_steps():
    made = [step.name for step in steps.standard() if step.in_dry_run]
    assert made == ["preflight", "baseline", "preview"]


@pytest.mark.parametrize(
    ("step", "code", "ends"),
    [
        ("up", ExitCode.DEPLOYMENT, ExitCode.DEPLOYMENT),
        ("validate", ExitCode.VALIDATION, ExitCode.ROLLBACK),
        ("score", ExitCode.VALIDATION, ExitCode.ROLLBACK),
    ],
)
@pytest.mark.parametrize("signs", [[False, False], [True, False]])
def test_a_broken_lock_stops_what_comes_and_rolls_nothing_back(make, step, code, ends, signs):
    """Whoever broke it works on the stack: before the step, or while it failed."""
    made = make(yes=True)
    left = iter(signs)
    made.deployment.lock = SimpleNamespace(renew=lambda: next(left))
    order: list[str] = []
    fails = Fake(step, code, error=UserError("no"), made=order)
    outcome = run(made.deployment, [fails], decide=never, roll_back=never)
    assert order == ([step] if signs[0] else [])
    assert outcome.code is ends
    assert "has broken the lock" in outcome.message


def test_a_defect_in_a_step_is_a_failure_of_it(make):
    outcome = run(
        make().deployment,
        [Fake("validate", ExitCode.VALIDATION, error=ZeroDivisionError("x"))],
        decide=lambda deployment: BY_A_PERSON,
        roll_back=never,
    )
    assert outcome.code is ExitCode.ROLLBACK
    assert "unexpected ZeroDivisionError" in outcome.message
