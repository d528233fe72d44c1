"""Deployment: the runner and its exit codes, locks, checks, verdict and report."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, NotFound
from googleapiclient.errors import HttpError

from eros.backup import State
from eros.cli import deploy as command
from eros.deploy import (
    Deployment,
    ExitCode,
    Finding,
    Journal,
    Level,
    Options,
    Site,
    begin,
    lock,
    preflight,
    program,
    quota,
    report,
    run,
    steps,
    undo,
    unfinished,
    validation,
    verdict,
)
from eros.deploy.figures import Figures
from eros.deploy.model import StepFailed
from eros.deploy.verdict import Cause
from eros.errors import UserError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Journals and locks of one test."""
    monkeypatch.setenv("EROS_LOG_DIR", str(tmp_path))
    return tmp_path


@dataclass
class Made:
    """A deployment whose progress and questions can be read."""

    deployment: Deployment
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def make(settings):
    """Function that makes a deployment; `answers` are given to its questions."""

    def build(*, answers: tuple[str, ...] = (), journal=None, google=None, **options: Any) -> Made:
        left = list(answers)
        site = Site("staging", google or SimpleNamespace(settings=settings, is_local=False))
        made = Made(None)  # type: ignore[arg-type]

        def ask(question: str) -> str:
            made.asked.append(question)
            return left.pop(0)

        made.deployment = Deployment(
            site,
            Options(**options),
            journal or Journal.begin("staging", "c0ffee"),
            made.said.append,
            ask,
            now=lambda: NOW,
        )
        return made

    return build


@dataclass(frozen=True)
class Fake:
    """A step that does what the test says."""

    name: str
    code: ExitCode = ExitCode.PREREQUISITES
    once: bool = False
    in_dry_run: bool = True
    error: BaseException | None = None
    made: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.name

    def run(self, deployment: Deployment) -> dict[str, Any]:
        self.made.append(self.name)
        if self.error is not None:
            raise self.error
        return {"by": self.name}


def never(*_: Any) -> Any:
    """A rollback that must not happen."""
    raise AssertionError("nothing may be rolled back")


# --- the runner ---------------------------------------------------------------------------


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


AUTOMATIC = undo.Decision(True, 7, "back to the definitions of update 7")
BY_A_PERSON = undo.Decision(False, 7, "a person decides: eros rollback --to 7")
NOTHING = undo.Decision(False, None, "the deployment has changed nothing")


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


def test_an_unfinished_deployment_can_be_given_up(make):
    older = make().deployment.journal
    begin("staging", "c0ffee", resume=False, fresh=True, dry_run=False).close("SUCCESS")
    assert unfinished("staging") is None
    assert json.loads((older.folder / "journal.json").read_text())["status"] == "SUPERSEDED"


def test_there_is_nothing_to_resume_after_a_good_end():
    with pytest.raises(UserError, match="was interrupted"):
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
        "up",
        "validate",
        "compare",
        "score",
    ]
    codes = {step.name: step.code for step in steps.standard()}
    assert codes["backup"] is ExitCode.BACKUP
    assert codes["up"] is ExitCode.DEPLOYMENT
    assert codes["validate"] is codes["compare"] is ExitCode.VALIDATION


def test_a_dry_run_changes_nothing_by_its_list_of_steps():
    made = [step.name for step in steps.standard() if step.in_dry_run]
    assert made == ["preflight", "baseline", "preview"]


# --- single steps -------------------------------------------------------------------------


def test_a_failed_prerequisite_stops_with_what_to_do(make):
    bad = Finding("git", Level.FAILED, "not committed: a.py", "commit first")
    step = steps.Preflight(check=lambda site: [bad])
    with pytest.raises(StepFailed, match="commit first"):
        step.run(make().deployment)
    assert step.run(make(allow_dirty=True).deployment)["findings"] == [bad.document()]


def preview(*touched: str, tables: tuple[str, ...] = ()) -> program.Preview:
    """A preview that touches these objects."""
    return program.Preview({"update": len(touched)}, (), touched, tables)


def previewed(made: Made, found: program.Preview) -> Deployment:
    """The deployment after its preview."""
    with made.deployment.journal.step("preview") as record:
        record.facts = steps.Preview(ask=lambda stack, root: found).run(made.deployment)
    return made.deployment


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


# --- going back ---------------------------------------------------------------------------


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
    assert decided(yes=True, history=updates(7)).version is None
    assert decided(yes=True, history=updates(7, 8, changed=0)).version is None


def test_a_first_deployment_has_nothing_to_go_back_to(decided):
    decision = decided(yes=True, version=None)
    assert (decision.now, decision.version) == (False, None)


# --- the verdict --------------------------------------------------------------------------


def figures(**values: Any) -> Figures:
    """Two hours of an ordinary day."""
    ordinary = {
        "start": NOW.isoformat(),
        "stop": (NOW + timedelta(hours=2)).isoformat(),
        "queries": 100,
        "plain_queries": 50,
        "error_rate_pct": 0.5,
        "mean_seconds": 1.0,
        "cost_usd": 1.0,
        "rows": {"caption_bank": 10},
    }
    return Figures(**ordinary | values)


def causes(after: Figures, before: Figures | None = None, cost: float | None = 1.0) -> set[Cause]:
    """Causes to roll back."""
    found = verdict.compare(before or figures(), after, cost)
    return {trigger.cause for trigger in found.triggers}


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"error_rate_pct": 10.0}, None),
        ({"error_rate_pct": 10.1}, Cause.FAILURES),
        ({"error_rate_pct": 50.0, "queries": 19}, None),
        ({"mean_seconds": 1.5}, None),
        ({"mean_seconds": 1.51}, Cause.SLOWNESS),
        ({"mean_seconds": 9.0, "plain_queries": 19}, None),
        ({"cost_usd": 1.25}, None),
        ({"cost_usd": 1.26}, Cause.COST),
        ({"cost_usd": 9.0, "stop": (NOW + timedelta(minutes=29)).isoformat()}, None),
        ({"corrupt_rows": 1}, Cause.CORRUPTION),
        ({"integrity_violations": 1}, Cause.CORRUPTION),
        ({"rows": {"caption_bank": 0}}, Cause.CORRUPTION),
        ({"rows": {"caption_bank": 9}}, None),
        ({"public": ["allUsers: READER"]}, Cause.SECURITY),
    ],
)
def test_each_trigger_is_met_just_above_its_limit(values, cause):
    assert causes(figures(**values)) == ({cause} if cause else set())


def test_what_was_bad_before_is_no_trigger():
    before = figures(corrupt_rows=3, public=["allUsers: READER"])
    assert causes(figures(corrupt_rows=3, public=["allUsers: READER"]), before) == set()


def test_what_cannot_be_judged_is_named():
    found = verdict.compare(None, figures(queries=3), None)
    assert found.missing == ("query failure rate", "query time", "cost")
    assert found.triggers == ()


# --- locks --------------------------------------------------------------------------------


def test_two_deployments_on_one_machine_exclude_each_other(tmp_path):
    holder = lock.Holder.of("first")
    with lock.held_file(tmp_path, holder), pytest.raises(UserError, match="first by "):
        lock.refuse_running(tmp_path)
    lock.refuse_running(tmp_path)


def test_a_running_deployment_is_not_offered_for_resumption(make):
    journal = make().deployment.journal
    with (
        lock.held_file(lock_folder(journal), lock.Holder.of(journal.id)),
        pytest.raises(UserError, match=journal.id),
    ):
        begin("staging", "", resume=True, fresh=False, dry_run=False)


def lock_folder(journal: Journal):
    """Where the lock of a journal's stack is."""
    return journal.folder.parent


class LockTable:
    """The table automation_locks, as far as the lock uses it."""

    def __init__(self) -> None:
        self.rows: dict[str, datetime] = {}
        self.conflicts = 0

    def get_table(self, name):
        return name

    def query_and_wait(self, sql, job_config, job_retry):
        p = {q.name: q.value for q in job_config.query_parameters}
        if "BEGIN TRANSACTION" in sql:
            if self.conflicts:
                self.conflicts -= 1
                raise BadRequest("Transaction is aborted due to concurrent update")
            if p["force"]:
                self.rows = {n: t for n, t in self.rows.items() if n == p["row"]}
            if not self.rows:
                self.rows[p["row"]] = datetime.now(UTC)
        elif sql.startswith("SELECT"):
            return [
                SimpleNamespace(lock_name=name, locked_at=seen)
                for name, seen in self.rows.items()
                if name != p["row"]
            ]
        elif sql.startswith("DELETE"):
            self.rows.pop(p["row"], None)
        elif sql.startswith("UPDATE"):
            known = p["row"] in self.rows
            if known:
                self.rows[p["row"]] = datetime.now(UTC)
            return SimpleNamespace(num_dml_affected_rows=int(known))
        return []


@pytest.fixture
def table():
    """An empty lock table."""
    return LockTable()


def table_lock(settings, table, deployment: str) -> lock.TableLock:
    """The lock of one deployment."""
    google = SimpleNamespace(settings=settings, bigquery=table)
    return lock.TableLock(google, lock.Holder.of(deployment))


def test_two_machines_exclude_each_other(settings, table):
    with lock.held_table(table_lock(settings, table, "one"), take_over=False):
        with pytest.raises(UserError, match=r"deployment one by .* holds the lock") as refusal:
            table_lock(settings, table, "two").take(take_over=False)
        assert "wait for its end" in refusal.value.fix
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


@pytest.mark.parametrize(
    ("step", "code", "ran"),
    [("up", ExitCode.DEPLOYMENT, False), ("validate", ExitCode.VALIDATION, True)],
)
def test_a_broken_lock_stops_the_update_and_nothing_later(make, step, code, ran):
    made = make()
    made.deployment.lock = SimpleNamespace(renew=lambda: False)
    order: list[str] = []
    run(
        made.deployment,
        [Fake(step, code, made=order)],
        decide=lambda deployment: NOTHING,
        roll_back=never,
    )
    assert bool(order) is ran


def test_a_defect_in_a_step_is_a_failure_of_it(make):
    outcome = run(
        make().deployment,
        [Fake("validate", ExitCode.VALIDATION, error=ZeroDivisionError("x"))],
        decide=lambda deployment: BY_A_PERSON,
        roll_back=never,
    )
    assert outcome.code is ExitCode.ROLLBACK
    assert "unexpected ZeroDivisionError" in outcome.message


def test_a_conflict_of_transactions_is_tried_again(settings, table, monkeypatch):
    monkeypatch.setattr(lock.time, "sleep", lambda seconds: None)
    table.conflicts = 2
    table_lock(settings, table, "one").take(take_over=False)
    table.conflicts = 9
    with pytest.raises(BadRequest):
        table_lock(settings, table, "one").take(take_over=False)


def test_before_the_first_up_there_is_no_table_to_lock(settings):
    def missing(name):
        raise NotFound("no dataset")

    google = SimpleNamespace(settings=settings, bigquery=SimpleNamespace(get_table=missing))
    assert not lock.TableLock(google, lock.Holder.of("x")).is_possible()


# --- preflight ----------------------------------------------------------------------------


class Api:
    """A Google API: `answers` by the name of the method, exceptions are raised."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers
        self.asked: list[tuple[str, dict]] = []

    def __getattr__(self, name):
        def call(**arguments):
            if name not in self._answers:
                return self
            self.asked.append((name, arguments))
            answer = self._answers[name]
            return SimpleNamespace(execute=lambda: _given(answer, arguments))

        return call

    def list_next(self, request, answer):
        return None


def _given(answer: Any, arguments: dict) -> Any:
    if isinstance(answer, BaseException):
        raise answer
    return answer(arguments) if callable(answer) else answer


def site(settings, *, is_local: bool = False, bigquery=None, **apis: Api) -> Site:
    """A site whose APIs are fakes."""
    google = SimpleNamespace(
        settings=settings, is_local=is_local, bigquery=bigquery, api=lambda name: apis[name]
    )
    return Site("staging", google)


def http_error(status: int, message: str = "no") -> HttpError:
    """What the library raises."""
    response = SimpleNamespace(status=status, reason="no")
    return HttpError(response, json.dumps({"error": {"message": message}}).encode())


def enabled(*missing: str) -> dict:
    """Answer of serviceusage without some services."""
    return {
        "services": [
            {
                "name": f"projects/1/services/{name}",
                "state": "DISABLED" if name in missing else "ENABLED",
            }
            for name in preflight.SERVICES
        ]
    }


def granting(*missing: str):
    """testIamPermissions that grants what is asked but for some."""

    def answer(arguments):
        wanted = arguments["body"]["permissions"]
        return {"permissions": [name for name in wanted if name not in missing]}

    return answer


def levels(findings: list[Finding]) -> list[Level]:
    """Levels in order."""
    return [finding.level for finding in findings]


@pytest.mark.parametrize(
    ("missing", "denied", "level"),
    [
        ((), (), Level.OK),
        (("pubsub.googleapis.com",), (), Level.OK),
        (("pubsub.googleapis.com",), ("serviceusage.services.enable",), Level.FAILED),
        (("serviceusage.googleapis.com",), (), Level.FAILED),
    ],
)
def test_services_are_enabled_or_can_be(settings, missing, denied, level):
    place = site(
        settings,
        serviceusage=Api(batchGet=enabled(*missing)),
        cloudresourcemanager=Api(testIamPermissions=granting(*denied)),
    )
    (finding,) = preflight.apis(place)
    assert finding.level is level
    if level is Level.FAILED:
        assert f"gcloud services enable {missing[0]}" in finding.fix


def test_missing_rights_are_named(settings):
    api = Api(testIamPermissions=granting("bigquery.tables.export"))
    (finding,) = preflight.rights(site(settings, cloudresourcemanager=api))
    assert (finding.level, finding.text) == (Level.FAILED, "missing: bigquery.tables.export")
    assert all(len(a["body"]["permissions"]) <= 100 for _, a in api.asked)


def test_a_permission_that_cannot_be_tested_on_a_project_is_left_out(settings):
    odd = "bigquery.tables.restoreSnapshot"

    def answer(arguments):
        wanted = arguments["body"]["permissions"]
        if odd in wanted:
            raise http_error(400, f"Permission {odd} is not valid for this resource.")
        return {"permissions": wanted}

    api = Api(testIamPermissions=answer)
    (finding,) = preflight.rights(site(settings, cloudresourcemanager=api))
    assert finding.level is Level.WARNING
    assert finding.text.endswith(odd)


AGENT = "serviceAccount:service-42@gcp-sa-bigquerydatatransfer.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("answer", "level", "text"),
    [
        (
            {"bindings": [{"role": "roles/iam.serviceAccountTokenCreator", "members": [AGENT]}]},
            Level.OK,
            "may make tokens",
        ),
        ({}, Level.WARNING, "this deployment grants it"),
        (http_error(404), Level.OK, "is made by this deployment"),
    ],
)
def test_the_transfer_agent_may_act_for_the_runner(settings, answer, level, text):
    place = site(
        settings,
        cloudresourcemanager=Api(get={"projectNumber": "42", "lifecycleState": "ACTIVE"}),
        iam=Api(getIamPolicy=answer),
    )
    (finding,) = preflight.transfer_agent(place)
    assert finding.level is level
    assert text in finding.text


def test_live_columns_that_are_read_must_be_there_with_their_types():
    declared = (
        {"name": "a", "type": "INT64"},
        {"name": "b", "type": "STRING", "mode": "REPEATED"},
        {"name": "c", "type": "RECORD", "fields": [{"name": "d", "type": "DATE"}]},
    )
    live = [
        {"name": "A", "type": "INTEGER", "mode": "REQUIRED"},
        {"name": "b", "type": "STRING", "mode": "REPEATED"},
        {"name": "c", "type": "STRUCT", "fields": [{"name": "d", "type": "DATE"}]},
        {"name": "more", "type": "JSON"},
    ]
    assert preflight.differences(declared, live) == []
    live[1]["mode"] = "NULLABLE"
    live[2]["fields"] = []
    assert preflight.differences(declared, live[1:]) == [
        "no column a",
        "b is STRING, read as repeated STRING",
        "no column c.d",
    ]


def test_an_adopted_table_that_is_missing_stops_the_deployment(settings):
    def missing(name):
        raise NotFound(name)

    adopting = settings.model_copy(update={"external_tables": "adopt"})
    findings = preflight.external_schemas(
        site(adopting, bigquery=SimpleNamespace(get_table=missing))
    )
    assert set(levels(findings)) == {Level.FAILED}
    assert "caption_bank does not exist" in [f.text for f in findings]


@pytest.mark.parametrize(("is_local", "level"), [(True, Level.WARNING), (False, Level.FAILED)])
def test_a_tree_that_is_not_committed_stops_a_shared_stack(settings, monkeypatch, is_local, level):
    answer = SimpleNamespace(returncode=0, stdout=" M eros/x.py\n?? y\n")
    monkeypatch.setattr(preflight.subprocess, "run", lambda *a, **k: answer)
    (finding,) = preflight.git_tree(site(settings, is_local=is_local))
    assert (finding.level, finding.text) == (level, "not committed: eros/x.py, y")


@pytest.mark.parametrize(
    ("hours", "level"), [(3, Level.OK), (49, Level.WARNING), (None, Level.WARNING)]
)
def test_an_old_backup_is_a_warning(settings, monkeypatch, hours, level):
    found = [SimpleNamespace(id="x", state=State.INCOMPLETE, time=datetime.now(UTC))]
    if hours is not None:
        made = datetime.now(UTC) - timedelta(hours=hours)
        found.append(SimpleNamespace(id="y", state=State.COMPLETE, time=made))
    monkeypatch.setattr(preflight.backup, "is_deployed", lambda google: True)
    monkeypatch.setattr(preflight.backup, "listing", lambda google: found)
    assert levels(preflight.backups(site(settings))) == [level]


def test_work_that_was_interrupted_comes_first(settings, monkeypatch):
    monkeypatch.setattr(preflight.backup, "is_deployed", lambda google: True)
    attempt = SimpleNamespace(backup="20260101_000000")
    monkeypatch.setattr(preflight.backup, "unfinished", lambda google: attempt)
    going_back = SimpleNamespace(target="update 3")
    monkeypatch.setattr(preflight.rollback, "interrupted", lambda stack, root: going_back)
    findings = preflight.interrupted(site(settings))
    assert levels(findings) == [Level.FAILED, Level.FAILED]
    assert "eros rollback --resume" in findings[0].fix
    assert "eros backup restore --resume" in findings[1].fix


def test_without_credentials_nothing_else_of_the_cloud_is_asked(settings, monkeypatch):
    asked = []

    def fail(place):
        raise UserError("there are no Google credentials", fix="log in")

    checks = (("credentials", True, fail), ("APIs", True, lambda place: asked.append(place)))
    monkeypatch.setattr(preflight, "CHECKS", checks)
    (finding,) = preflight.check(site(settings))
    assert (finding.level, finding.fix) == (Level.FAILED, "log in")
    assert not asked


def series(metric: str, *values: int, name: str = "", service: str = "bigquery") -> dict:
    """A time series of a quota metric, newest point first."""
    return {
        "resource": {"labels": {"service": f"{service}.googleapis.com"}},
        "metric": {"labels": {"quota_metric": metric, "limit_name": name}},
        "points": [{"value": {"int64Value": str(value)}} for value in values],
    }


def test_quotas_compare_what_is_held_or_used_in_a_day_with_its_limit(settings):
    def answer(arguments):
        by_metric = {
            "limit": [
                series("policies", 100, name="PerProject", service="monitoring"),
                series("query/usage", 1000, name="QueryUsagePerDay"),
                series("requests", 60, name="PerMinute"),
                series("unlimited", -1, name="PerDay"),
            ],
            "allocation/usage": [series("policies", 95, 90, service="monitoring")],
            "rate/net_usage": [
                series("query/usage", 100, 200),
                series("requests", 999),
                series("unlimited", 5),
                series("foreign", 1, service="compute"),
            ],
        }
        for metric, found in by_metric.items():
            if f"quota/{metric}" in arguments["filter"]:
                return {"timeSeries": found}
        raise AssertionError(arguments)

    def listing(**arguments):
        return SimpleNamespace(execute=lambda: answer(arguments))

    resource = SimpleNamespace(list=listing, list_next=lambda request, answer: None)
    google = SimpleNamespace(
        settings=settings,
        api=lambda name: SimpleNamespace(
            projects=lambda: SimpleNamespace(timeSeries=lambda: resource)
        ),
    )
    found = {use.name: use.share for use in quota.uses(google, NOW)}
    assert found == {"policies": 0.95, "query/usage": 0.3}


@pytest.mark.parametrize(
    ("share", "level"), [(0.5, Level.OK), (0.95, Level.WARNING), (1.0, Level.FAILED)]
)
def test_a_tight_quota_is_told(settings, monkeypatch, share, level):
    monkeypatch.setattr(quota, "uses", lambda google, now: [quota.Use("m", share * 10, 10)])
    assert levels(preflight.quotas(site(settings))) == [level]


# --- engine, validation, report -----------------------------------------------------------


def step(op: str, kind: str, name: str, old: dict | None, new: dict | None) -> dict:
    """A step of a preview in JSON."""
    urn = f"urn:pulumi:staging::eros::{kind}::{name}"

    def state(inputs):
        return {"urn": urn, "type": kind, "custom": True, "inputs": inputs}

    return {
        "op": op,
        "urn": urn,
        **({"oldState": state(old)} if old is not None else {}),
        **({"newState": state(new)} if new is not None else {}),
    }


TABLE = "gcp:bigquery/table:Table"
ROUTINE = "gcp:bigquery/routine:Routine"
VIEW = {"tableId": "v", "view": {"query": "SELECT 1", "useLegacySql": False}}


def test_a_preview_tells_changes_and_the_tables_among_them():
    found = program.read(
        {
            "steps": [
                step("same", TABLE, "still", {"tableId": "still"}, {"tableId": "still"}),
                step("update", TABLE, "t", {"description": "a"}, {"description": "b"}),
                step("create", ROUTINE, "r", None, {"routineId": "r"}),
                step("update", TABLE, "v", VIEW, VIEW | {"description": "b"}),
            ],
            "changeSummary": {"same": 1, "update": 2, "create": 1},
        }
    )
    assert found.touched == ("update t", "create r", "update v")
    assert found.tables == ("t",), "a view is no table"
    assert {change.name for change in found.changes} == {"t", "r", "v"}
    assert not found.is_empty


def test_a_preview_that_fails_says_what_the_program_says(monkeypatch):
    document = {
        "diagnostics": [
            {"severity": "error", "message": "this update would lose something"},
            {"severity": "warning", "message": "old"},
        ]
    }
    answer = SimpleNamespace(returncode=255, stdout=json.dumps(document), stderr="frame")
    monkeypatch.setattr(program.subprocess, "run", lambda *a, **k: answer)
    monkeypatch.setattr(program.engine, "executable", lambda: "pulumi")
    with pytest.raises(UserError, match="this update would lose something") as refusal:
        program.preview("staging", None)
    assert "old" not in str(refusal.value)


def test_a_check_that_cannot_be_made_has_failed(settings, monkeypatch):
    def broken(place, declared):
        raise BadRequest("no such view")

    monkeypatch.setattr(validation.catalogue, "load", lambda settings, root: None)
    monkeypatch.setattr(validation, "CHECKS", (("views", broken),))
    (finding,) = validation.check(site(settings))
    assert finding.level is Level.FAILED
    assert "no such view" in finding.text


def test_the_report_tells_everything_in_both_forms(make):
    made = make()
    with made.deployment.journal.step("baseline") as record:
        record.facts = {"figures": figures(health_score=94).document(), "version": 7}
    previewed(made, preview("update row_counts"))
    content = report.write(made.deployment, ExitCode.SUCCESS, "deployed")
    folder = made.deployment.journal.folder
    assert json.loads((folder / "report.json").read_text()) == content
    assert content["exitCode"] == 0
    text = (folder / "report.md").read_text()
    assert "| health score | 94 |" in text
    assert "- update row_counts" in text
    assert "| rows of caption_bank | 10 |" in text


def test_no_secret_reaches_journal_or_report(make):
    made = make()
    secret = "xoxb" + "-12345-abcdefgh"
    run(
        made.deployment,
        [Fake("preflight", error=UserError(f"refused: {secret}"))],
        decide=never,
        roll_back=never,
    )
    for file in made.deployment.journal.folder.iterdir():
        assert secret not in file.read_text(), file.name


# --- the command --------------------------------------------------------------------------


def test_without_a_terminal_the_command_wants_yes(monkeypatch, settings):
    monkeypatch.setattr(command, "load_stack_file", lambda stack: settings)
    monkeypatch.setattr(command, "Google", lambda settings: SimpleNamespace(settings=settings))
    monkeypatch.setattr(command.sys, "stdin", SimpleNamespace(isatty=lambda: False))
    with pytest.raises(UserError, match="nobody is there"):
        command.deploy(stack="staging", yes=False, dry_run=False)
