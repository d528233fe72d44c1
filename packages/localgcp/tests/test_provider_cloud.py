"""Every served type through its life on the real local cloud, as the engine would lead it.

Create, empty diff, refresh, change in place, drift-free again, replacement foreseen,
import, delete. What Google's shape of an answer does to a diff is only seen here.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from gcptypes import known
from localgcp.paths import DataFolder
from localgcp.supervisor import Supervisor
from packages.localgcp.tests.provider_harness import PROJECT, Engine, Resource, provider

pytestmark = [pytest.mark.emulator, pytest.mark.engine]

RUNNER = f"eros-runner@{PROJECT}.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{RUNNER}"
EVENTS = f"`{PROJECT}`.`brain`.events"
INT64 = '{"typeKind": "INT64"}'
COLUMNS = [
    {"name": "id", "type": "INT64", "mode": "REQUIRED", "description": "the key"},
    {"name": "at", "type": "TIMESTAMP"},
    {"name": "kind", "type": "STRING", "defaultValueExpression": "'x'"},
    {
        "name": "parts",
        "type": "RECORD",
        "mode": "REPEATED",
        "fields": [{"name": "score", "type": "FLOAT64"}],
    },
]


def metric_condition(threshold: float) -> dict[str, Any]:
    return {
        "displayName": "high",
        "conditionThreshold": {
            "filter": 'metric.type="logging.googleapis.com/user/eros/health"'
            ' AND resource.type="global"',
            "comparison": "COMPARISON_GT",
            "duration": "60s",
            "thresholdValue": threshold,
            "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_MEAN"}],
        },
    }


def dashboard(text: str) -> str:
    widget = {"text": {"content": text, "format": "MARKDOWN"}}
    return json.dumps({"displayName": "Brain", "gridLayout": {"widgets": [widget]}})


@dataclass
class Life:
    """A resource, what changes it in place, and the inputs that would replace it."""

    token: str
    inputs: dict[str, Any]
    update: dict[str, Any] = field(default_factory=dict)
    replace: dict[str, Any] = field(default_factory=dict)
    # Inputs that an import cannot know; its record says which ones the API never answers with.
    unreadable: tuple[str, ...] = ()


# In the order in which they need each other.
LIVES = {
    "service": Life(
        "gcp:projects/service:Service",
        {"service": "bigquery.googleapis.com", "disableOnDestroy": True},
        replace={"service": "pubsub.googleapis.com"},
        unreadable=("disableOnDestroy",),
    ),
    "account": Life(
        "gcp:serviceaccount/account:Account",
        {"accountId": "eros-runner", "displayName": "Runner"},
        {"displayName": "Runs schedules", "description": "d"},
        {"accountId": "eros-other"},
    ),
    "custom role": Life(
        "gcp:projects/iAMCustomRole:IAMCustomRole",
        {
            "roleId": "sandboxOwner",
            "title": "Owner",
            "permissions": ["bigquery.jobs.create", "bigquery.datasets.create"],
        },
        {"permissions": ["bigquery.jobs.create"], "description": "d"},
        {"roleId": "another"},
    ),
    "project member": Life(
        "gcp:projects/iAMMember:IAMMember",
        {"project": PROJECT, "role": "roles/bigquery.jobUser", "member": MEMBER},
        replace={"role": "roles/viewer"},
    ),
    "account member": Life(
        "gcp:serviceaccount/iAMMember:IAMMember",
        {
            "serviceAccountId": f"projects/{PROJECT}/serviceAccounts/{RUNNER}",
            "role": "roles/iam.serviceAccountTokenCreator",
            "member": "user:a@example.com",
        },
        replace={"member": "user:b@example.com"},
    ),
    "topic": Life(
        "gcp:pubsub/topic:Topic",
        {"name": "alerts", "labels": {"env": "local", "area": "x"}},
        {"labels": {"env": "test"}, "messageRetentionDuration": "86400s"},
        {"name": "other"},
    ),
    "subscription": Life(
        "gcp:pubsub/subscription:Subscription",
        {
            "name": "builder",
            "topic": "alerts",
            "ackDeadlineSeconds": 20,
            "messageRetentionDuration": "1200s",
            "labels": {"env": "local"},
        },
        {
            "ackDeadlineSeconds": 60,
            "messageRetentionDuration": "86400s",
            "retainAckedMessages": True,
            "labels": {"area": "x"},
        },
        {"topic": "other"},
    ),
    "topic member": Life(
        "gcp:pubsub/topicIAMMember:TopicIAMMember",
        {"topic": "alerts", "role": "roles/pubsub.publisher", "member": MEMBER},
        replace={"role": "roles/pubsub.viewer"},
    ),
    "bucket": Life(
        "gcp:storage/bucket:Bucket",
        {
            "name": "eros-backups",
            "location": "us",
            "publicAccessPrevention": "enforced",
            "uniformBucketLevelAccess": True,
            "versioning": {"enabled": True},
            "labels": {"env": "local"},
            "lifecycleRules": [
                {
                    "action": {"type": "Delete"},
                    "condition": {"age": 30, "withState": "ARCHIVED", "matchesPrefixes": ["a/"]},
                }
            ],
        },
        {
            "labels": {"area": "x"},
            "versioning": {"enabled": False},
            "lifecycleRules": [{"action": {"type": "Delete"}, "condition": {"age": 31}}],
        },
        {"location": "EU"},
    ),
    "bucket member": Life(
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        {"bucket": "eros-backups", "role": "roles/storage.objectViewer", "member": MEMBER},
        replace={"role": "roles/storage.admin"},
    ),
    "metric": Life(
        "gcp:logging/metric:Metric",
        {
            "name": "eros/health",
            "filter": "severity>=ERROR",
            "valueExtractor": "EXTRACT(jsonPayload.score)",
            "labelExtractors": {"page": "EXTRACT(jsonPayload.page)"},
            "metricDescriptor": {
                "metricKind": "DELTA",
                "valueType": "DISTRIBUTION",
                "labels": [{"key": "page"}],
            },
        },
        {"filter": "severity>=WARNING", "description": "d"},
        {"name": "eros/other"},
    ),
    "log bucket": Life(
        "gcp:logging/projectBucketConfig:ProjectBucketConfig",
        {"project": PROJECT, "location": "us", "bucketId": "eros", "retentionDays": 40},
        {"retentionDays": 50},
        {"bucketId": "other"},
    ),
    "locked log bucket": Life(
        "gcp:logging/projectBucketConfig:ProjectBucketConfig",
        {"project": PROJECT, "location": "global", "bucketId": "audit", "retentionDays": 90},
        {"locked": True, "description": "d"},
        {"bucketId": "other"},
    ),
    "sink": Life(
        "gcp:logging/projectSink:ProjectSink",
        {
            "name": "eros",
            "destination": f"bigquery.googleapis.com/projects/{PROJECT}/datasets/logs",
            "filter": "severity>=ERROR",
            "bigqueryOptions": {"usePartitionedTables": True},
        },
        {"filter": "severity>=WARNING", "description": "d"},
        {"name": "other"},
    ),
    "channel": Life(
        "gcp:monitoring/notificationChannel:NotificationChannel",
        {
            "type": "slack",
            "displayName": "Slack",
            "description": "d",
            "labels": {"channel_name": "#eros"},
            "sensitiveLabels": {"authToken": "xoxb-1"},
        },
        {"displayName": "Team", "description": None, "sensitiveLabels": {"authToken": "xoxb-2"}},
        unreadable=("sensitiveLabels",),
    ),
    "alert": Life(
        "gcp:monitoring/alertPolicy:AlertPolicy",
        {
            "displayName": "High",
            "combiner": "OR",
            "conditions": [metric_condition(0.5)],
            "documentation": {"content": "see the runbook"},
            "alertStrategy": {"autoClose": "1800s"},
            "severity": "WARNING",
        },
        {"conditions": [metric_condition(0)], "userLabels": {"area": "x"}},
    ),
    "dashboard": Life(
        "gcp:monitoring/dashboard:Dashboard",
        {"dashboardJson": dashboard("one")},
        {"dashboardJson": dashboard("two")},
    ),
    "descriptor": Life(
        "gcp:monitoring/metricDescriptor:MetricDescriptor",
        {
            "type": "custom.googleapis.com/eros/health",
            "metricKind": "GAUGE",
            "valueType": "DOUBLE",
            "displayName": "Health",
            "labels": [{"key": "page"}, {"key": "area", "description": "d"}],
        },
        {"displayName": "Health score"},
        {"valueType": "INT64"},
    ),
    "dataset": Life(
        "gcp:bigquery/dataset:Dataset",
        {"datasetId": "brain", "description": "d", "labels": {"env": "local"}},
        {"description": "e", "labels": {"area": "x"}},
        {"location": "EU"},
    ),
    "dataset member": Life(
        "gcp:bigquery/datasetIamMember:DatasetIamMember",
        {"datasetId": "brain", "role": "roles/bigquery.dataEditor", "member": MEMBER},
        replace={"role": "roles/bigquery.dataViewer"},
    ),
    "table": Life(
        "gcp:bigquery/table:Table",
        {
            "datasetId": "brain",
            "tableId": "events",
            "description": "d",
            "deletionProtection": False,
            "labels": {"env": "local"},
            "schema": json.dumps(COLUMNS),
            "timePartitioning": {"type": "DAY", "field": "at", "expirationMs": 86400000},
            "clusterings": ["kind"],
        },
        {
            "description": "e",
            "clusterings": ["id", "kind"],
            "labels": {"area": "x"},
            "schema": json.dumps([*COLUMNS, {"name": "more", "type": "BOOL"}]),
        },
        {"timePartitioning": {"type": "HOUR", "field": "at"}},
        ("deletionProtection",),
    ),
    "row access policy": Life(
        "gcp:bigquery/rowAccessPolicy:RowAccessPolicy",
        {
            "datasetId": "brain",
            "tableId": "events",
            "policyId": "small",
            "filterPredicate": "id < 10",
            "grantees": ["user:a@example.com"],
        },
        {"filterPredicate": "id < 20", "grantees": ["user:a@example.com", "user:b@example.com"]},
        {"policyId": "other"},
        ("grantees",),
    ),
    "view": Life(
        "gcp:bigquery/table:Table",
        {
            "datasetId": "brain",
            "tableId": "recent",
            "deletionProtection": False,
            "view": {"query": f"SELECT id FROM {EVENTS}", "useLegacySql": False},
        },
        {"view": {"query": f"SELECT id, kind FROM {EVENTS}", "useLegacySql": False}},
        {"tableId": "other"},
        ("deletionProtection",),
    ),
    "materialized view": Life(
        "gcp:bigquery/table:Table",
        {
            "datasetId": "brain",
            "tableId": "counts",
            "deletionProtection": False,
            "materializedView": {"query": f"SELECT kind, COUNT(1) AS n FROM {EVENTS} GROUP BY 1"},
        },
        {"description": "d"},
        {"materializedView": {"query": f"SELECT at, COUNT(1) AS n FROM {EVENTS} GROUP BY 1"}},
        ("deletionProtection",),
    ),
    "function": Life(
        "gcp:bigquery/routine:Routine",
        {
            "datasetId": "brain",
            "routineId": "next",
            "routineType": "SCALAR_FUNCTION",
            "language": "SQL",
            "definitionBody": "x + 1",
            "arguments": [{"name": "x", "dataType": INT64}],
            "returnType": INT64,
        },
        {"definitionBody": "x + 2", "description": "d"},
        {"routineType": "PROCEDURE"},
    ),
    "table function": Life(
        "gcp:bigquery/routine:Routine",
        {
            "datasetId": "brain",
            "routineId": "after",
            "routineType": "TABLE_VALUED_FUNCTION",
            "language": "SQL",
            "definitionBody": f"(SELECT * FROM {EVENTS} WHERE id > x)",
            "arguments": [{"name": "x", "dataType": INT64}],
        },
        {"definitionBody": f"(SELECT * FROM {EVENTS} WHERE id >= x)"},
        {"routineId": "other"},
    ),
    "procedure": Life(
        "gcp:bigquery/routine:Routine",
        {
            "datasetId": "brain",
            "routineId": "double",
            "routineType": "PROCEDURE",
            "language": "SQL",
            "definitionBody": "BEGIN SET y = 2 * x; END",
            "arguments": [
                {"name": "x", "mode": "IN", "dataType": INT64},
                {"name": "y", "mode": "OUT", "dataType": INT64},
            ],
        },
        {"definitionBody": "BEGIN SET y = x + x; END", "description": "d"},
        {"datasetId": "other"},
    ),
    "transfer": Life(
        "gcp:bigquery/dataTransferConfig:DataTransferConfig",
        {
            "dataSourceId": "scheduled_query",
            "displayName": "nightly",
            "params": {"query": "SELECT 1"},
            "schedule": "every day 10:05",
            "scheduleOptions": {"startTime": "2030-01-01T00:00:00Z"},
            "emailPreferences": {"enableFailureEmail": True},
            "serviceAccountName": RUNNER,
            "notificationPubsubTopic": f"projects/{PROJECT}/topics/alerts",
        },
        {"schedule": "every day 11:05", "params": {"query": "SELECT 2"}, "disabled": True},
        {"location": "EU"},
        ("serviceAccountName",),
    ),
}


@pytest.fixture(name="engine", scope="module")
def engine_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = DataFolder(Path(tmp_path_factory.mktemp("cloud")))
    supervisor = Supervisor(folder, lambda _: None)
    try:
        supervisor.up()
        settings = json.loads(folder.endpoints.read_text())
        with provider() as port:
            yield Engine(port, {**settings, "project": PROJECT, "accessToken": "local"})
    finally:
        supervisor.down()


def import_id(life: Life, made: Resource) -> str:
    if not made.token.lower().endswith("iammember"):
        return made.id
    parent = made.id.split("/roles/")[0]
    return f"{parent} {life.inputs['role']} {life.inputs['member']}"


def assert_settled(engine: Engine, made: Resource, inputs: dict[str, Any], when: str) -> None:
    assert engine.changed(made, inputs) == {}, f"{when} a preview must be empty"
    assert engine.refresh(made), f"{when} the resource must be there"
    assert engine.changed(made, inputs) == {}, f"{when} a refresh must show no drift"


def test_every_type_lives_its_life(engine: Engine, subtests: pytest.Subtests) -> None:
    made: dict[str, Resource] = {}
    for name, life in LIVES.items():
        with subtests.test(name):
            inputs = life.inputs
            engine.preview(life.token, inputs)
            made[name] = engine.create(life.token, inputs)
            assert_settled(engine, made[name], inputs, "after the creation")

            if life.update:
                wanted = {**inputs, **life.update}
                inputs = {key: value for key, value in wanted.items() if value is not None}
                foreseen = engine.diff(made[name], inputs)
                assert not foreseen.replaces
                assert set(foreseen.diffs) == set(life.update)
                engine.update(made[name], inputs)
                assert_settled(engine, made[name], inputs, "after the update")

            if life.replace:
                answer = engine.diff(made[name], {**inputs, **life.replace})
                assert set(answer.replaces) == set(life.replace)

            assert set(life.unreadable) <= known(life.token).unreadable
            copy = engine.imported(life.token, import_id(life, made[name]))
            readable = {key: copy.inputs.get(key) for key in inputs if key not in life.unreadable}
            assert {
                path: kind
                for path, kind in engine.changed(copy, inputs).items()
                if path.split(".")[0] in readable
            } == {}

    for name, resource in reversed(made.items()):
        with subtests.test(f"{name}, deleted"):
            engine.delete(resource)
            assert not engine.refresh(resource)
            engine.delete(resource)


def test_a_services_agent_is_made_and_never_unmade(engine: Engine) -> None:
    """No API reads or deletes it."""
    inputs = {"service": "bigquerydatatransfer.googleapis.com"}
    token = "gcp:projects/serviceIdentity:ServiceIdentity"
    made = engine.create(token, inputs)
    assert made.id == f"projects/{PROJECT}/services/{inputs['service']}"
    assert made.state["member"] == f"serviceAccount:{made.state['email']}"
    assert made.state["email"].endswith("@gcp-sa-bigquerydatatransfer.iam.gserviceaccount.com")
    assert_settled(engine, made, inputs, "after the creation")
    answer = engine.diff(made, {"service": "pubsub.googleapis.com"})
    assert set(answer.replaces) == {"service"}
    engine.delete(made)
    assert engine.create(token, inputs).state["email"] == made.state["email"]


def test_drift_shows_on_what_the_user_had_set_only(engine: Engine) -> None:
    inputs = {"name": "drifting", "labels": {"env": "local"}}
    topic = engine.create("gcp:pubsub/topic:Topic", inputs)
    by_hand = Resource(topic.token, "hand", topic.inputs, topic.state, topic.id)
    foreign = {"name": "drifting", "labels": {"env": "changed", "other": "x"}}
    engine.update(by_hand, {**foreign, "messageRetentionDuration": "86400s"})

    assert engine.refresh(topic)
    assert engine.changed(topic, inputs) == {"labels.env": "UPDATE"}
    engine.update(topic, inputs)
    assert engine.changed(topic, inputs) == {}
    engine.delete(topic)


def test_columns_come_and_go_with_the_rows_kept(engine: Engine) -> None:
    dataset = engine.create("gcp:bigquery/dataset:Dataset", {"datasetId": "columns"})
    inputs = {
        "datasetId": "columns",
        "tableId": "t",
        "deletionProtection": False,
        "schema": json.dumps(COLUMNS[:3]),
    }
    table = engine.create("gcp:bigquery/table:Table", inputs)
    inputs["schema"] = json.dumps([{**COLUMNS[0], "mode": "NULLABLE"}, *COLUMNS[1:2]])
    answer = engine.diff(table, inputs)
    assert not answer.replaces
    engine.update(table, inputs)
    assert_settled(engine, table, inputs, "after a column was dropped")
    assert [item["name"] for item in json.loads(table.state["schema"])] == ["id", "at"]
    engine.delete(table)
    engine.delete(dataset)


def test_a_second_creation_is_googles_409(engine: Engine) -> None:
    first = engine.create("gcp:bigquery/dataset:Dataset", {"datasetId": "twice"})
    with pytest.raises(grpc.RpcError, match=r"googleapi: Error 409: Already Exists: Dataset"):
        engine.create("gcp:bigquery/dataset:Dataset", {"datasetId": "twice"})
    engine.delete(first)


def test_the_project_number_is_the_local_clouds(engine: Engine) -> None:
    found = engine.invoke("gcp:organizations/getProject:getProject", {"projectId": PROJECT})
    assert found["number"] == "123456789012"
    assert found["projectId"] == PROJECT
