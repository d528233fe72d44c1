"""What is checked before a deployment."""

import json
import socket
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from google.cloud.bigquery_datatransfer_v1.types import TransferConfig
from googleapiclient.errors import HttpError

from bqstack.engine_lock import Holder
from bqstack.errors import UserError
from bqstack.state import Checkpoint
from eros.operations.backup import State
from eros.operations.deploy import Finding, Level, permissions, preflight, quota
from eros.operations.rollback import choice
from eros.operations.rollback import rolling_back as rollback_run
from gcptypes.records import TABLE, TRANSFER
from tests.unit.deploy.deployments import NOW, Api, site
from tests.unit.rollback.states import update


def http_error(status: int, message: str = "no", **further: object) -> HttpError:
    """What the library raises."""
    response = SimpleNamespace(status=status, reason="no")
    return HttpError(response, json.dumps({"error": {"message": message, **further}}).encode())


def switched_off(service: str) -> HttpError:
    """Google's answer to a request of an API that the project has not enabled."""
    message = (
        f"X API has not been used in project 42 before or it is disabled. Enable it by visiting"
        f" https://console.developers.google.com/apis/api/{service}/overview?project=42 then retry."
    )
    reason = {"reason": "SERVICE_DISABLED", "metadata": {"service": service}}
    errors = [{"reason": "accessNotConfigured"}]
    return http_error(403, message, errors=errors, details=[reason])


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


@pytest.fixture(autouse=True)
def types(monkeypatch):
    """An update of a table and a schedule; what it touches is tested in test_permissions."""
    touched = frozenset({TABLE, TRANSFER})
    monkeypatch.setattr(permissions, "touched_types", lambda stack, root: touched)


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


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        ({"permissions": ["iam.serviceAccounts.actAs"]}, Level.OK),
        ({}, Level.FAILED),
        (http_error(404), Level.FAILED),
    ],
)
def test_the_right_to_act_as_the_runner_may_be_granted_on_its_account(settings, answer, level):
    """The project's answer does not hold it, and a first deployment has no account yet."""
    accounts = Api(testIamPermissions=answer)
    place = site(
        settings,
        cloudresourcemanager=Api(testIamPermissions=granting("iam.serviceAccounts.actAs")),
        iam=accounts,
    )
    (finding,) = preflight.rights(place)
    assert finding.level is level
    ((_, asked),) = accounts.asked
    assert asked["resource"].endswith(
        f"/{settings.service_account}@{settings.project}.iam.gserviceaccount.com"
    )
    if level is Level.FAILED:
        assert finding.text == "missing: iam.serviceAccounts.actAs"


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
    ("answer", "held", "level", "text", "fix"),
    [
        (
            {"bindings": [{"role": "roles/iam.serviceAccountTokenCreator", "members": [AGENT]}]},
            ["transfer-agent-token-creator"],
            Level.OK,
            "may create tokens",
            "",
        ),
        ({}, [], Level.WARNING, "this deployment grants it", ""),
        (
            {},
            ["transfer-agent-token-creator"],
            Level.WARNING,
            "any more",
            "pulumi up --refresh --stack staging",
        ),
        (http_error(404), [], Level.OK, "this deployment creates", ""),
    ],
)
def test_the_transfer_agent_may_act_for_the_runner(
    settings, monkeypatch, answer, held, level, text, fix
):
    resources = [SimpleNamespace(name=name) for name in held]
    monkeypatch.setattr(
        preflight.state, "current", lambda stack, root: SimpleNamespace(resources=resources)
    )
    place = site(
        settings,
        cloudresourcemanager=Api(get={"projectNumber": "42", "lifecycleState": "ACTIVE"}),
        iam=Api(getIamPolicy=answer),
    )
    (finding,) = preflight.transfer_agent(place)
    assert finding.level is level
    assert text in finding.text
    assert finding.fix == fix


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
    monkeypatch.setattr(preflight.backup, "require_rows", lambda google: None)
    monkeypatch.setattr(preflight.backup, "listing", lambda google: found)
    assert levels(preflight.backups(site(settings))) == [level]


def test_a_table_of_which_no_backup_holds_rows_stops_a_deployment(settings, monkeypatch):
    def refuse(_: object) -> None:
        raise UserError("caption_bank (VIEW)", fix="take it out")

    monkeypatch.setattr(preflight.backup, "is_deployed", lambda google: True)
    monkeypatch.setattr(preflight.backup, "require_rows", refuse)
    (finding,) = preflight.backups(site(settings))
    assert (finding.level, finding.text, finding.fix) == (
        Level.FAILED,
        "caption_bank (VIEW)",
        "take it out",
    )


@pytest.mark.parametrize(
    ("operation", "level"), [("creating", Level.FAILED), ("updating", Level.WARNING)]
)
def test_what_an_engine_was_creating_when_it_died_is_not_created_again(
    settings, monkeypatch, operation, level
):
    operations = [{"type": operation, "resource": {"urn": "urn:pulumi:local::eros::t::sweep"}}]
    state = Checkpoint.from_deployment({"pending_operations": operations}, None)
    monkeypatch.setattr(preflight.engine, "output", lambda *_, root: "v3.259.0")
    monkeypatch.setattr(preflight.state, "current", lambda *_: state)
    *_, finding = preflight.tools(site(settings))
    assert finding.level is level
    assert finding.text.endswith(": sweep")


@pytest.fixture
def unlocked(monkeypatch):
    """No engine has the stack's lock."""
    monkeypatch.setattr(preflight.repair, "held_locks", lambda *_: [])


@pytest.mark.parametrize(
    ("holder", "says", "fix"),
    [
        (Holder("me", socket.gethostname(), 2**22 + 1), "which is dead", "eros repair --stack"),
        (Holder("me", "elsewhere", 1), "on another machine", "pulumi cancel --stack"),
    ],
)
def test_the_lock_of_an_engine_is_interrupted_work(settings, monkeypatch, holder, says, fix):
    monkeypatch.setattr(preflight.repair, "held_locks", lambda *_: [holder])
    monkeypatch.setattr(preflight.backup, "is_deployed", lambda google: False)
    monkeypatch.setattr(preflight.rollback, "interrupted", lambda stack, root: None)
    monkeypatch.setattr(preflight.rollback, "left_half_way", lambda stack, root: None)
    [finding] = preflight.interrupted(site(settings))
    assert finding.level is Level.FAILED
    assert says in finding.text
    assert fix in finding.fix


@pytest.mark.usefixtures("unlocked")
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


@pytest.mark.usefixtures("unlocked")
@pytest.mark.parametrize(("goal", "to"), [("update 3", "3"), ("file old.json", "UPDATE")])
def test_a_rollback_that_stopped_on_another_machine_is_seen(settings, monkeypatch, goal, to):
    monkeypatch.setattr(preflight.backup, "is_deployed", lambda google: False)
    step = update(9, choice.message(goal, 1, 3, "schedules paused"))
    monkeypatch.setattr(rollback_run.state, "history", lambda stack, root: [step, update(8)])
    (finding,) = preflight.interrupted(site(settings))
    assert finding.level is Level.FAILED
    assert f"a rollback to {goal} by Ann stopped halfway" in finding.text
    assert f"eros rollback --to {to} --stack staging" in finding.fix


def test_without_credentials_nothing_else_of_the_cloud_is_asked(settings, monkeypatch):
    asked = []

    def fail(place):
        raise UserError("there are no Google credentials", fix="log in")

    checks = (("credentials", True, fail), ("APIs", True, lambda place: asked.append(place)))
    monkeypatch.setattr(preflight, "CHECKS", checks)
    (finding,) = preflight.check(site(settings))
    assert (finding.level, finding.fix) == (Level.FAILED, "log in")
    assert not asked


@pytest.mark.parametrize(
    ("service", "level", "text"),
    [
        ("cloudresourcemanager.googleapis.com", Level.FAILED, "not enabled: "),
        ("compute.googleapis.com", Level.FAILED, "not enabled: "),
        ("iam.googleapis.com", Level.WARNING, "before this deployment enables "),
    ],
)
def test_an_api_that_is_not_enabled_is_reported_with_its_command(
    settings, monkeypatch, service, level, text
):
    """A new project: the reason, and not that the credentials are wrong."""
    place = site(settings, cloudresourcemanager=Api(get=switched_off(service)))
    monkeypatch.setattr(preflight, "CHECKS", (("credentials", True, preflight.credentials),))
    (finding,) = preflight.check(place)
    assert (finding.level, finding.text.endswith(text + service)) == (level, True)
    both = "cloudresourcemanager.googleapis.com serviceusage.googleapis.com"
    wanted = both if service in both else service
    command = f"gcloud services enable {wanted} --project {settings.project}"
    assert finding.fix == (command if level is Level.FAILED else "")


def test_a_project_without_the_api_of_accounts_has_no_runner(settings):
    place = site(
        settings,
        cloudresourcemanager=Api(testIamPermissions=granting("iam.serviceAccounts.actAs")),
        iam=Api(testIamPermissions=switched_off("iam.googleapis.com")),
    )
    (finding,) = preflight.rights(place)
    assert finding.text == "missing: iam.serviceAccounts.actAs"


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
def test_a_tight_quota_is_reported(settings, monkeypatch, share, level):
    monkeypatch.setattr(quota, "uses", lambda google, now: [quota.Use("m", share * 10, 10)])
    assert levels(preflight.quotas(site(settings))) == [level]


@pytest.mark.parametrize(
    ("configs", "paused", "level", "text"),
    [
        ([], False, Level.OK, "this deployment creates"),
        ([{}], False, Level.OK, "are stopped"),
        ([{"disabled": True}], False, Level.WARNING, "is paused"),
        ([{"disabled": True}], True, Level.OK, "all schedules are paused"),
        ([{"state": "FAILED"}], False, Level.WARNING, "failed"),
    ],
)
def test_limits_of_scheduled_runs_are_in_force(settings, configs, paused, level, text):
    params = {"query": f"CALL {settings.dataset_reference}.stop_overdue_runs();"}
    made = [
        TransferConfig(name="c", display_name="EROS: Run Limits", params=params, **one)
        for one in configs
    ]
    place = site(settings.model_copy(update={"schedules_paused": paused}))
    place.google.transfers = SimpleNamespace(list_transfer_configs=lambda parent: made)
    (finding,) = preflight.run_limits(place)
    assert (finding.level, text in finding.text) == (level, True)


@pytest.mark.parametrize(("names", "level"), [((1,), Level.OK), ((1, 2, 3), Level.FAILED)])
def test_a_schedule_that_is_there_twice_is_named_with_what_to_delete(
    settings, monkeypatch, names, level
):
    params = {"query": f"CALL {settings.dataset_reference}.refresh_holiday_calendar(2024, 2030);"}
    configs = [
        TransferConfig(name=f"configs/{n}", display_name="EROS: Holiday Calendar", params=params)
        for n in names
    ]
    place = site(settings)
    place.google.transfers = SimpleNamespace(list_transfer_configs=lambda parent: configs)
    held = SimpleNamespace(resources=[SimpleNamespace(id="configs/2")])
    monkeypatch.setattr(preflight.state, "current", lambda *_: held)
    (finding,) = preflight.doubled_schedules(place)
    assert finding.level is level
    if level is Level.FAILED:
        assert finding.fix == (
            "bq rm --transfer_config configs/1; bq rm --transfer_config configs/3"
        )
