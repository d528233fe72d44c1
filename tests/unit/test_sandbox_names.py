"""A sandbox beside its source in one project: no name in common, and nobody is notified."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from bqstack.errors import UserError
from components.system import System
from eros.project import channels, schedules
from eros.project.alerts import alert_policy
from eros.project.files import Files
from eros.project.project import Project
from eros.project.resource_names import ResourceNames
from eros.project.settings import PROJECT_ROOT, Settings
from eros.project.stack_file import check_file, from_engine, load_stack_file, parse
from gcptypes import known
from gcptypes.records import ALERT, DASHBOARD, DATASET, LOG_METRIC, TOPIC, TRANSFER
from localgcp.apis import logfilter
from policy import declared as pack
from policy import stack as policy_stack
from tests.unit.conftest import VALUES
from tests.unit.fake_engine import Declared, record

# A dataset whose name is no English word, and a topic of the stack's own.
SOURCE = VALUES | {
    "dataset": "scheduling_brain",
    "environment": "local",
    "contacts": {"alertTopic": "eros-alerts"},
}
# As long as a name may be: what must be cut differs in its last character only.
SANDBOXES = ("alice", "abcdefghijklmnopqrs1", "abcdefghijklmnopqrs2")
# Of the project, whoever declares them: enabling twice is enabling once, none is ever taken away.
SHARED = (
    "gcp:projects/service:Service",
    "gcp:projects/serviceIdentity:ServiceIdentity",
)


def of(sandbox: str | None = None, **values: Any) -> Settings:
    own = {"sandbox": sandbox} if sandbox else {}
    return parse(SOURCE | own | values, "f")


def files(settings: Settings) -> Files:
    """All files as they are read; that they are right is tested elsewhere."""
    project = Project(settings, PROJECT_ROOT)
    return Files(
        project.sql,
        project.schedules,
        project.channels,
        project.alerts,
        project.figures,
        project.dashboards,
    )


def custom(settings: Settings) -> list[Declared]:
    found = record(lambda: System("eros", settings, files(settings)).exports)
    return [one for one in found if one.custom and not one.type.startswith("pulumi:")]


@pytest.fixture(scope="module")
def stacks() -> dict[str | None, list[Declared]]:
    return {name: custom(of(name)) for name in (None, *SANDBOXES)}


def identity(resource: Declared) -> tuple[str, str]:
    """What Google, or `eros` where Google chooses an id, tells the resource apart by."""
    inputs = {"project": "test-project", **resource.inputs}
    if resource.type == DASHBOARD:
        own = json.loads(inputs["dashboardJson"])["displayName"]
    else:
        own = known(resource.type).id_of(inputs) or inputs.get("displayName")
    return resource.type, own or json.dumps(inputs, sort_keys=True, default=str)


def test_no_two_resources_of_one_project_share_an_identity(stacks):
    owner: dict[tuple[str, str], str | None] = {}
    for name, declared in stacks.items():
        for resource in declared:
            if resource.type in SHARED or resource.retain_on_delete:
                continue
            key = identity(resource)
            assert key not in owner, f"{key} of {name} is a resource of {owner[key]}"
            owner[key] = name
    assert len(owner) > 4 * 200


def test_every_stack_declares_the_same_resources(stacks):
    names = {key: {(one.type, one.name) for one in found} for key, found in stacks.items()}
    assert all(found == names[None] for found in names.values())


def test_nothing_of_a_sandbox_names_what_its_source_has(stacks):
    """Filters, queries and grants of a sandbox are about its own resources."""
    kept = {DATASET: "datasetId", TOPIC: "name", LOG_METRIC: "name", TRANSFER: "displayName"}
    kept |= {"gcp:storage/bucket:Bucket": "name", "gcp:serviceaccount/account:Account": "accountId"}
    names = {one.inputs[kept[one.type]] for one in stacks[None] if one.type in kept}
    assert {"scheduling_brain", "eros_backups", "eros-alerts", "eros/alert_firing"} <= names
    word = re.compile("|".join(rf"(?<![\w-]){re.escape(name)}(?![\w-]| \[)" for name in names))
    for sandbox in SANDBOXES:
        for resource in stacks[sandbox]:
            found = word.search(without_comments(resource))
            assert not found, f"{resource.type} {resource.name} of {sandbox}: {found}"


def without_comments(resource: Declared) -> str:
    """The inputs as one text; comments in SQL name metrics as the files do."""
    return re.sub(r"--.*?\\\\n", "", json.dumps(resource.inputs, default=str))


def test_names_are_as_long_as_google_takes(stacks):
    for declared in stacks.values():
        for resource in declared:
            if resource.type == "gcp:serviceaccount/account:Account":
                assert re.fullmatch(r"[a-z]([-a-z0-9]{4,28})[a-z0-9]", resource.inputs["accountId"])
    longest = ResourceNames("abcdefghijklmnopqrs1")
    assert len(longest.bucket("b" * 63)) == 63
    assert longest.bucket("b" * 63) != ResourceNames("abcdefghijklmnopqrs2").bucket("b" * 63)
    assert longest.bucket("b" * 63) != longest.bucket("b" * 62 + "c")


def labelled(component: str) -> dict[str, Any]:
    """An entry of the audit log: a query with this label has ended."""
    labels = {"component": component, "metric_health_score": "100", "alert_rule": "a01"}
    change = {"after": "DONE", "job": {"jobConfig": {"labels": labels}}}
    return {
        "logName": "projects/p/logs/cloudaudit.googleapis.com%2Fdata_access",
        "resource": {"type": "bigquery_project"},
        "protoPayload": {"metadata": {"jobChange": change}},
    }


def test_a_metric_counts_the_queries_of_its_own_stack(stacks):
    """The audit log is the project's: a sandbox must not open an incident of production."""
    for name, declared in stacks.items():
        filters = {one.name: one.inputs["filter"] for one in declared if one.type == LOG_METRIC}
        for metric, kind in (("alert-firing", "alert"), ("health_score", "metric")):
            counts = logfilter.parse(filters[metric])
            for other in stacks:
                entry = labelled(ResourceNames(other).component(kind))
                assert counts(entry) is (other == name), (metric, name, other)


@pytest.mark.parametrize(
    ("file", "kind"), [("evaluate_alerts", "alert"), ("publish_figures", "metric")]
)
def test_the_queries_carry_the_label_that_the_metrics_look_for(file, kind):
    for name, count in ((None, 1), ("alice", 1)):
        component = ResourceNames(name).component(kind)
        sql = Project(of(name), PROJECT_ROOT).sql.objects[file].sql
        assert len(re.findall(rf"component:{component},", sql)) >= count
        assert not re.findall(rf"component:{kind}(?!{re.escape(component[len(kind) :])},)", sql)


def test_alerts_and_dashboards_read_the_metrics_of_their_own_stack(stacks):
    for sandbox in SANDBOXES:
        own = {one.inputs["name"] for one in stacks[sandbox] if one.type == LOG_METRIC}
        read: set[str] = set()
        for resource in stacks[sandbox]:
            if resource.type in (ALERT, DASHBOARD):
                text = json.dumps(resource.inputs, default=str).replace("\\", "")
                read |= set(re.findall(r"logging\.googleapis\.com/user/([^\"]+)", text))
        assert read
        assert read <= own


def test_a_sandbox_rests_and_can_be_deleted():
    settings = of("alice", environment="prod")
    assert settings.schedules_paused
    assert not settings.protect_tables
    declared = custom(settings)
    assert all(one.inputs["disabled"] for one in declared if one.type == TRANSFER)
    policies = [one.inputs for one in declared if one.type == ALERT]
    assert not any(one["enabled"] for one in policies if "rule" in one["userLabels"])
    assert not any(one.get("notificationChannels") for one in policies)
    assert not any(one.protect for one in declared)


def test_what_a_sandbox_is_can_be_set_otherwise():
    settings = of("alice", schedulesPaused="false", thresholds={"pauseWarningHours": 3})
    assert not settings.schedules_paused
    assert settings.thresholds.pause_warning_hours == 3


def test_nobody_is_notified_of_a_sandbox():
    for environment in ("staging", "prod"):
        assert channels.load(of("alice", environment=environment)) == {}
    (mail, topic) = channels.load(of("alice")).values()
    assert mail.title == "EROS: on-call e-mail [alice]"
    assert topic.labels["topic"] == "projects/test-project/topics/eros-alerts-alice"


def test_the_topic_of_another_project_keeps_its_name(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "channels.yaml").write_text(
        "channels:\n  a:\n    title: A\n    type: pubsub\n"
        "    labels: {topic: projects/other-project/topics/theirs}\n",
        encoding="utf-8",
    )
    (channel,) = channels.load(of("alice"), tmp_path).values()
    assert channel.labels["topic"] == "projects/other-project/topics/theirs"


@pytest.mark.parametrize("environment", ["local", "staging"])
def test_a_sandbox_breaks_no_rule_of_the_policy_pack(environment, monkeypatch):
    settings = of("alice", environment=environment)
    monkeypatch.setattr(policy_stack, "load", lambda _: settings)
    assert violations(settings) == []


def violations(settings: Settings) -> list[str]:
    from bqstack.guard.declarations import declarations

    found = declarations(
        lambda: System("eros", settings, files(settings)).exports,
        project="eros",
        stack=settings.stack,
    )
    return [str(one) for one in pack.violations(r for r in found.resources if r.custom)]


def test_a_stack_without_the_setting_keeps_its_names():
    """These names are those of live resources: another name is a replacement."""
    prod = load_stack_file("prod")
    assert (prod.sandbox, prod.stack) == (None, "prod")
    assert prod.dataset == "eros_scheduling_brain"
    assert prod.backup.dataset == "eros_backups"
    assert prod.backup.bucket == "of-scheduler-proj-eros-backups"
    assert prod.service_account == "eros-runner"
    assert "sandbox" not in prod.all_labels
    assert 'component="alert"' in alert_policy.signal_filter(prod.names)
    titles = {config.title for config in schedules.transfer_configs(prod)}
    assert "EROS: Daily Schedule Generation (11:05 UTC)" in titles
    declared = {(one.type, one.name): one for one in custom(of())}
    assert declared[LOG_METRIC, "health_score"].inputs["name"] == "eros/health_score"
    assert declared[LOG_METRIC, "alert-firing"].inputs["name"] == "eros/alert_firing"
    assert declared[TOPIC, "transfer-runs"].inputs["name"] == "eros-transfer-runs"


def test_names_of_a_sandbox_are_its_sources_with_a_suffix():
    alice = of("alice")
    assert (alice.stack, alice.all_labels["sandbox"]) == ("alice", "alice")
    assert alice.dataset == "scheduling_brain_alice"
    assert alice.backup.dataset == "eros_backups_alice"
    assert alice.backup.bucket == "test-bucket-alice"
    assert alice.service_account == "eros-runner-alice"


def refusal(values: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        parse(SOURCE | values, "Pulumi.alice.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"sandbox": "Alice"}, "sandbox"),
        ({"sandbox": "a-b"}, "sandbox"),
        ({"sandbox": "1a"}, "sandbox"),
        ({"sandbox": ""}, "sandbox"),
        ({"sandbox": "a" * 21}, "sandbox"),
        ({"sandbox": 12}, "sandbox"),
        ({"sandbox": "prod"}, "sandbox"),
        ({"sandbox": "alice", "externalTables": "adopt"}, "externalTables"),
        ({"sandbox": "alice", "importTables": ["health_checks"]}, "importTables"),
        ({"sandbox": "alice", "access": {"builders": ["group:a@example.com"]}}, "access"),
        ({"sandbox": "alice", "access": {"sandboxOwners": ["group:a@example.com"]}}, "access"),
        (
            {"sandbox": "alice", "backup": {"bucket": "abc", "operators": ["group:a@example.com"]}},
            "backup",
        ),
        ({"labels": {"sandbox": "alice"}}, "labels"),
    ],
)
def test_a_setting_that_a_sandbox_cannot_have_is_refused_by_its_key(values, key):
    assert refusal(values).startswith(f"Pulumi.alice.yaml: eros:{key}")


def written(folder: Any, name: str, sandbox: str) -> Iterator[str]:
    values = SOURCE | {"sandbox": sandbox}
    config = "".join(f"  eros:{key}: {json.dumps(value)}\n" for key, value in values.items())
    (folder / f"Pulumi.{name}.yaml").write_text(f"config:\n{config}", encoding="utf-8")
    yield name


def test_a_sandbox_lives_in_the_stack_of_its_name(tmp_path):
    (name,) = written(tmp_path, "alice", "alice")
    assert load_stack_file(name, tmp_path).dataset == "scheduling_brain_alice"
    check_file(name, tmp_path)
    (copied,) = written(tmp_path, "bob", "alice")
    with pytest.raises(UserError, match=r"Pulumi\.bob\.yaml: eros:sandbox.*'?alice"):
        load_stack_file(copied, tmp_path)
    config = {f"eros:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in SOURCE.items()}
    with pytest.raises(UserError, match="pulumi config set eros:sandbox bob --stack bob"):
        from_engine(config | {"eros:sandbox": "alice"}, "bob")


def test_jobs_are_kept_apart_by_the_label_of_their_sandbox():
    """How it counts is shown by tests/sql/cases/record_query_costs/jobs_of_sandboxes.sql."""
    assert "label.value = 'alice'" in of("alice").own_jobs
    assert of().own_jobs.startswith("NOT EXISTS(")
    sql = Project(of("alice"), PROJECT_ROOT).sql.objects["query_jobs"].sql
    assert sql.count("label.key = 'sandbox' AND label.value = 'alice'") == 1
