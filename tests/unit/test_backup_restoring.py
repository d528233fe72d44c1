"""What an operator sees of a restore whose transaction nobody saw end."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Forbidden, NotFound, RetryError, Unauthorized
from requests.exceptions import ConnectionError as RequestsConnectionError

from bqstack.errors import UserError
from eros.cli import backup as command
from eros.operations.backup import bucket, ledger, restoring, scratch
from eros.operations.backup.names import Source
from eros.operations.backup.restore_plan import Plan
from eros.project.stack_file import parse
from tests.unit.conftest import VALUES
from tests.unit.lock_table import LockTable

MOMENT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
LOST = RequestsConnectionError("the connection was reset")
ERROR = {"reason": "invalidQuery", "message": "division by zero: 1 / 0"}


@dataclass
class Cloud:
    """A BigQuery with at most one job, and the steps of the restores.

    `ends` is what waiting for the job does: an error is raised, anything else happens.
    """

    refusal: Exception | None = None
    trouble: Exception | None = None
    state: str = "RUNNING"
    error_result: dict[str, str] | None = None
    applied: bool = False
    unreachable: Exception | None = None
    """What asking for the job ends with."""
    arrives: bool = True
    """Whether a request to begin the job arrives."""
    begun: int = 0
    steps: list[str] = field(default_factory=list)

    settings = parse(VALUES, "f")

    @property
    def bigquery(self) -> Cloud:
        """The client."""
        return self

    def query(self, sql: str, *, job_id: str, **_: Any) -> Cloud:
        assert job_id.startswith("eros_restore_")
        if self.refusal:
            self.begun += self.arrives
            raise self.refusal
        self.begun += 1
        return self

    def get_job(self, job_id: str, **_: Any) -> Cloud:
        if self.unreachable:
            raise self.unreachable
        if not self.begun:
            raise NotFound(f"no job {job_id}")
        return self

    def result(self) -> None:
        if self.trouble:
            raise self.trouble
        self.state, self.applied = "DONE", True


@pytest.fixture
def cloud(monkeypatch) -> Cloud:
    """A cloud; restores in it replace no table and compare nothing."""
    made = Cloud()
    empty = Plan(SimpleNamespace(id="20261121_050000"), Source.SNAPSHOT, ())

    @contextmanager
    def plan(*_: Any, **__: Any):
        yield empty

    monkeypatch.setattr(restoring, "plan", plan)
    monkeypatch.setattr(restoring, "compare", lambda *_: [])
    monkeypatch.setattr(restoring.inventory, "find", lambda *_: empty.backup)
    monkeypatch.setattr(restoring.activity, "refuse", lambda _: None)
    monkeypatch.setattr(restoring.backup_jobs, "now", lambda _: MOMENT)
    monkeypatch.setattr(ledger, "has_applied", lambda google, _: google.applied)
    monkeypatch.setattr(ledger, "unfinished", unfinished)
    monkeypatch.setattr(ledger, "step", lambda google, _, name, __: google.steps.append(name))
    return made


def unfinished(google: Cloud) -> ledger.Attempt | None:
    if not google.steps or google.steps[-1] in ledger.ENDED:
        return None
    return unfinished_attempt(applied=google.applied)


def unfinished_attempt(*, applied: bool = False) -> ledger.Attempt:
    return ledger.Attempt(
        id="1",
        started=MOMENT,
        backup="20261121_050000",
        source=Source.SNAPSHOT,
        tables=(),
        safety=None,
        applied=applied,
    )


def restored(cloud: Cloud, **options: bool) -> restoring.Restore:
    with restoring.plan(cloud) as planned:  # type: ignore[call-arg]
        return restoring.execute(cloud, planned, safety=False, **options)


def resumed(cloud: Cloud) -> restoring.Restore:
    attempt = ledger.unfinished(cloud)
    assert attempt is not None
    return restoring.resume(cloud, attempt)


@pytest.mark.parametrize(
    "trouble",
    [
        LOST,
        RetryError("timeout of 600 s exceeded", cause=None),
        Unauthorized("the token has expired"),
        Forbidden("no right to get the job"),
        TimeoutError(),
    ],
)
def test_a_lost_connection_does_not_end_a_restore_whose_job_runs_on(cloud, trouble):
    cloud.trouble = trouble
    with pytest.raises(UserError, match="it is not known yet") as reported:
        restored(cloud)
    assert "no table was changed" not in str(reported.value)
    assert "the job eros_restore_2026" in str(reported.value)
    assert "--resume" in reported.value.fix
    assert cloud.steps == ["STARTED"]
    with pytest.raises(UserError, match="has not ended"):
        restored(cloud)


def test_a_restore_is_open_while_nobody_can_ask_for_its_job(cloud):
    cloud.trouble = cloud.unreachable = LOST
    cloud.state, cloud.error_result = "DONE", ERROR
    with pytest.raises(UserError, match="it is not known yet"):
        restored(cloud)
    assert cloud.steps == ["STARTED"]


@pytest.mark.parametrize("error_result", [None, {"reason": "stopped", "message": "cancelled"}])
def test_a_job_that_has_committed_unseen_is_a_restore(cloud, error_result):
    cloud.trouble, cloud.state, cloud.applied = LOST, "DONE", True
    cloud.error_result = error_result
    assert restored(cloud).equal
    assert cloud.steps == ["STARTED", "VERIFIED"]


def test_a_job_that_ended_in_an_error_has_changed_nothing(cloud):
    cloud.trouble, cloud.state, cloud.error_result = LOST, "DONE", ERROR
    with pytest.raises(UserError, match=r"no table was changed: division by zero") as reported:
        restored(cloud)
    assert "--resume" not in reported.value.fix
    assert cloud.steps == ["STARTED", "FAILED"]


def test_a_failure_that_cannot_be_recorded_is_left_to_the_resume(cloud, monkeypatch):
    cloud.trouble, cloud.state, cloud.error_result = LOST, "DONE", ERROR
    write = ledger.step

    def offline(google: Cloud, restore_id: str, name: str, details: dict) -> None:
        if name == "FAILED":
            raise LOST
        write(google, restore_id, name, details)

    monkeypatch.setattr(ledger, "step", offline)
    with pytest.raises(UserError, match=r"no table was changed.*reset"):
        restored(cloud)
    monkeypatch.setattr(ledger, "step", write)
    with pytest.raises(UserError, match="no table was changed"):
        resumed(cloud)
    assert cloud.steps == ["STARTED", "FAILED"]


def test_a_transaction_that_bigquery_refuses_to_begin_is_over(cloud):
    cloud.refusal, cloud.arrives = BadRequest("Syntax error"), False
    with pytest.raises(UserError, match=r"no table was changed: Syntax error"):
        restored(cloud)
    assert cloud.steps == ["STARTED", "FAILED"]


@pytest.mark.parametrize("arrives", [True, False])
def test_a_lost_request_may_have_begun_the_transaction(cloud, arrives):
    cloud.refusal, cloud.arrives = LOST, arrives
    with pytest.raises(UserError, match="it is not known yet"):
        restored(cloud)
    cloud.refusal = None
    assert resumed(cloud).equal
    assert cloud.begun == 1
    assert cloud.steps == ["STARTED", "VERIFIED"]


def test_a_resume_waits_for_the_job_before_it_asks_for_anything_else(cloud, monkeypatch):
    cloud.trouble = LOST
    with pytest.raises(UserError):
        restored(cloud)
    cloud.trouble = None

    def find(google: Cloud, _: str) -> SimpleNamespace:
        assert google.state == "DONE"
        return SimpleNamespace(id="20261121_050000")

    monkeypatch.setattr(restoring.inventory, "find", find)
    monkeypatch.setattr(restoring.activity, "refuse", lambda _: pytest.fail("nothing is begun"))
    assert resumed(cloud).equal
    assert cloud.begun == 1


def test_no_restore_begins_beside_one_that_is_open(cloud):
    cloud.trouble = LOST
    with pytest.raises(UserError, match="it is not known yet"):
        restored(cloud)
    with pytest.raises(UserError, match="has not ended"):
        restored(cloud, force=True)
    assert cloud.begun == 1


def test_of_two_operators_who_save_the_rows_at_once_one_restores(cloud, monkeypatch):
    def save(google: Cloud, **_: Any) -> SimpleNamespace:
        google.steps.append("STARTED")  # The other one was faster.
        return SimpleNamespace(id="20261122_050000")

    monkeypatch.setattr(restoring.creation, "create", save)
    with (
        restoring.plan(cloud) as planned,
        pytest.raises(UserError, match="has not ended"),
    ):
        restoring.execute(cloud, planned)
    assert cloud.begun == 0


@pytest.mark.parametrize(
    ("arrives", "step", "reported"),
    [(False, "FAILED", "no table was changed"), (True, "DIFFERENT", "the rows are replaced")],
)
def test_a_restore_whose_backup_is_gone_does_not_stay_open(
    cloud, monkeypatch, arrives, step, reported
):
    cloud.refusal, cloud.arrives = LOST, arrives
    with pytest.raises(UserError, match="it is not known yet"):
        restored(cloud)

    def gone(*_: Any) -> None:
        raise UserError("there is no backup with this name")

    monkeypatch.setattr(restoring.inventory, "find", gone)
    with pytest.raises(UserError, match=f"{reported}.*no backup with this name"):
        resumed(cloud)
    assert cloud.steps == ["STARTED", step]


def test_a_resume_that_may_not_look_is_no_end(cloud, monkeypatch):
    cloud.refusal, cloud.arrives = LOST, False
    with pytest.raises(UserError, match="it is not known yet"):
        restored(cloud)

    def forbidden(*_: Any) -> None:
        raise UserError("no right to list") from Forbidden("no right to list")

    monkeypatch.setattr(restoring.inventory, "find", forbidden)
    with pytest.raises(UserError, match="no right"):
        resumed(cloud)
    assert cloud.steps == ["STARTED"]


def test_a_resume_that_loses_the_connection_can_be_resumed_again(cloud):
    cloud.trouble = LOST
    for call in (restored, resumed):
        with pytest.raises(UserError, match="it is not known yet"):
            call(cloud)
    assert cloud.steps == ["STARTED"]


def test_rows_that_were_replaced_and_not_compared_are_reported(cloud, monkeypatch):
    def compare(*_: Any) -> None:
        raise LOST

    monkeypatch.setattr(restoring, "compare", compare)
    with pytest.raises(UserError, match="rows are replaced, but could not be compared") as reported:
        restored(cloud)
    assert "--resume" in reported.value.fix
    assert cloud.steps == ["STARTED"]


# The tables that an export was loaded into --------------------------------------------------


class Datasets:
    """A BigQuery whose datasets are all that matters."""

    settings = parse(VALUES, "f")

    def __init__(self, trouble: Exception | None = None) -> None:
        self.bigquery = self
        self.trouble = trouble
        self.names: list[str] = []

    def create_dataset(self, dataset) -> None:
        self.names.append(dataset.dataset_id)

    def delete_dataset(self, dataset_id: str, **_: Any) -> None:
        if self.trouble:
            raise self.trouble
        self.names.remove(dataset_id)


@pytest.mark.parametrize(
    ("ending", "is_kept"),
    [
        (None, False),
        (UserError("the restore failed"), False),
        (ledger.OpenError("nobody knows yet"), True),
        (KeyboardInterrupt(), True),
    ],
)
def test_a_job_that_may_still_run_keeps_what_it_reads(monkeypatch, ending, is_kept):
    monkeypatch.setattr(scratch.backup_jobs, "now", lambda _: MOMENT)
    google = Datasets()
    with (
        pytest.raises(type(ending)) if ending else nullcontext(),
        scratch.dataset(google) as name,
    ):
        assert google.names == [name]
        if ending:
            raise ending
    assert bool(google.names) is is_kept


@pytest.mark.parametrize("ending", [None, UserError("the restore failed")])
def test_a_scratch_dataset_that_stays_does_not_hide_how_the_restore_ended(monkeypatch, ending):
    monkeypatch.setattr(scratch.backup_jobs, "now", lambda _: MOMENT)
    with (
        pytest.raises(UserError, match="restore failed") if ending else nullcontext(),
        scratch.dataset(Datasets(LOST)),
    ):
        if ending:
            raise ending


@pytest.mark.parametrize("content", [b"no json", b"[]", b'{"backup": "20261121_050000"}'])
def test_metadata_that_somebody_changed_are_reported(settings, content):
    request = SimpleNamespace(execute=lambda **_: content)
    objects = SimpleNamespace(get_media=lambda **_: request)
    service = SimpleNamespace(objects=lambda: objects)
    google = SimpleNamespace(settings=settings, api=lambda _: service)
    with pytest.raises(UserError, match=r"bucket/20261121_050000/metadata\.json: not the metadata"):
        bucket.read(google, "20261121_050000")


def test_claims_on_the_stack_that_come_back_with_the_rows_end(cloud, monkeypatch):
    """A backup before a deployment has the lock that the deployment held."""
    now = MOMENT + timedelta(minutes=1)
    table = LockTable()
    table.rows = {"deployment/holder/then/a@b": MOMENT - timedelta(days=1), "now/a@b": now}
    google = SimpleNamespace(settings=cloud.settings, bigquery=table)
    attempt = replace(unfinished_attempt(), tables=("automation_locks",))
    planned = Plan(SimpleNamespace(id=attempt.backup), Source.SNAPSHOT, ())
    monkeypatch.setattr(ledger, "step", lambda *_: None)
    restoring.compare_rows(google, attempt, planned, lambda _: None)
    assert table.rows == {"now/a@b": now}

    def fail(*_, **__):
        raise LOST

    said: list[str] = []
    monkeypatch.setattr(table, "query_and_wait", fail)
    assert restoring.compare_rows(google, attempt, planned, said.append).equal, "the rows are back"
    assert "stale deployment locks" in said[-1]


def test_only_tables_that_differ_can_be_restored(cloud, monkeypatch):
    tables = tuple(SimpleNamespace(name=name) for name in ("captions", "caption_bank", "locks"))
    planned = Plan(SimpleNamespace(id="20261121_050000"), Source.SNAPSHOT, tables)
    found = [
        SimpleNamespace(table=name, equal=equal)
        for name, equal in (("captions", True), ("caption_bank", False), ("locks", True))
    ]
    cloud.settings = SimpleNamespace(dataset="brain")
    monkeypatch.setattr(restoring, "compare", lambda google, dataset, given: found)
    left = restoring.differing(cloud, planned)
    assert left.names == ["caption_bank"]
    assert (left.backup, left.source) == (planned.backup, planned.source)


def warned(monkeypatch, capsys, *, running: list[str], on: int, fault: Exception | None = None):
    def read(google, timeout):
        if fault:
            raise fault
        return SimpleNamespace(deployed=on, paused=())

    monkeypatch.setattr(command.activity, "running", lambda google: running)
    monkeypatch.setattr(command.pauses, "read", read)
    command.warn_of_schedules(None)
    return " ".join(capsys.readouterr().err.split())


def test_the_question_warns_of_schedules_that_run_beside_the_restore(monkeypatch, capsys):
    assert warned(monkeypatch, capsys, running=[], on=0) == ""
    text = warned(monkeypatch, capsys, running=["EROS: Health Check"], on=10)
    assert "running now: EROS: Health Check" in text
    assert "10 scheduled queries are on" in text
    assert "eros:schedulesPaused" in text
    text = warned(monkeypatch, capsys, running=[], on=1, fault=LOST)
    assert "cannot tell whether" in text
