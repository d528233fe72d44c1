"""The provider as the engine meets it, against a fake cloud that the test answers for."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2

from localgcp.paths import PROJECT_ROOT
from localgcp.provider import cloud_calls
from localgcp.provider.properties import UNKNOWN, Secret, reveal
from localgcp.provider.protos import provider_pb2, status_pb2
from packages.localgcp.tests.provider_harness import (
    PROJECT,
    Call,
    Engine,
    Resource,
    fake_cloud,
    fake_endpoints,
    provider,
)

pytestmark = pytest.mark.unit

CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
DATASET = "gcp:bigquery/dataset:Dataset"
MEMBER = "gcp:bigquery/datasetIamMember:DatasetIamMember"
ROUTINE = "gcp:bigquery/routine:Routine"
TABLE = "gcp:bigquery/table:Table"
TOPIC = "gcp:pubsub/topic:Topic"
TRANSFER = "gcp:bigquery/dataTransferConfig:DataTransferConfig"


@pytest.fixture(name="port", scope="module")
def port_fixture() -> Iterator[int]:
    with provider() as port:
        yield port


@pytest.fixture(name="offline")
def offline_fixture(port: int) -> Engine:
    """An engine whose cloud is never called."""
    return Engine(port, {"project": PROJECT} | fake_endpoints("http://127.0.0.1:9"))


def connect(port: int, base: str) -> Engine:
    return Engine(port, {"project": PROJECT, "accessToken": "local"} | fake_endpoints(base))


def table(**inputs: Any) -> dict[str, Any]:
    return {"datasetId": "d", "tableId": "t", **inputs}


# Inputs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "inputs", "reason"),
    [
        (TABLE, table(shema="[]"), "Invalid or unknown key. Examine values at 'x.shema'."),
        (
            TABLE,
            table(timePartitioning={"type": "DAY", "feild": "x"}),
            "Invalid or unknown key. Examine values at 'x.timePartitioning.feild'.",
        ),
        (
            TABLE,
            {"tableId": "t"},
            "Missing required argument. Examine values at 'x.datasetId'.",
        ),
        (
            TABLE,
            table(deletionProtection="no"),
            "expected boolean type, got string type. Examine values at 'x.deletionProtection'.",
        ),
        (
            TRANSFER,
            {"dataSourceId": "s", "displayName": "n", "params": {"n": 1}},
            "expected string type, got integer type. Examine values at 'x.params.n'.",
        ),
        (
            TABLE,
            table(schema="{}"),
            "expected a JSON list of fields that each have a name. Examine values at 'x.schema'.",
        ),
    ],
)
def test_wrong_inputs_are_named(
    offline: Engine, token: str, inputs: dict[str, Any], reason: str
) -> None:
    assert offline.check(Resource(token, "x"), inputs)[1] == [reason]


def test_unknown_and_secret_inputs_pass_the_check(offline: Engine) -> None:
    inputs = table(description=UNKNOWN, schema=Secret("[]"))
    checked, failures = offline.check(Resource(TABLE, "x"), inputs)
    assert failures == []
    assert checked["schema"] == Secret("[]")
    assert checked["deletionProtection"] is True


def test_a_name_is_made_up_once_and_kept(offline: Engine) -> None:
    resource = Resource(TOPIC, "alerts")
    resource.inputs = offline.checked(resource, {})
    assert resource.inputs["name"].startswith("alerts-")
    assert offline.checked(resource, {}) == resource.inputs


def test_an_unserved_type_is_refused(offline: Engine) -> None:
    with pytest.raises(grpc.RpcError, match="gcp:sql/instance:Instance is not served"):
        offline.check(Resource("gcp:sql/instance:Instance", "x"), {})


# Plans -------------------------------------------------------------------------------


def test_a_plan_knows_inputs_and_not_what_the_api_decides(offline: Engine) -> None:
    plan = offline.preview(TABLE, table(labels={"a": "b"}))
    assert plan["tableId"] == "t"
    assert plan["project"] == PROJECT
    assert plan["etag"] is UNKNOWN
    assert plan["numRows"] is UNKNOWN
    assert plan["pulumiLabels"] == Secret({"a": "b", "goog-pulumi-provisioned": "true"})


def test_the_email_of_an_account_is_known_before_it_exists(offline: Engine) -> None:
    plan = offline.preview("gcp:serviceaccount/account:Account", {"accountId": "eros-runner"})
    assert plan["email"] == f"eros-runner@{PROJECT}.iam.gserviceaccount.com"
    assert plan["member"] == f"serviceAccount:{plan['email']}"
    assert plan["uniqueId"] is UNKNOWN


def held(token: str, inputs: dict[str, Any]) -> Resource:
    return Resource(token, "x", inputs, {**inputs, "project": PROJECT}, "id")


@pytest.mark.parametrize(
    ("token", "old", "new", "kinds"),
    [
        (TABLE, table(clusterings=["a"]), table(clusterings=["b"]), {"clusterings[0]": "UPDATE"}),
        (
            TABLE,
            table(timePartitioning={"type": "DAY", "field": "a"}),
            table(timePartitioning={"type": "DAY", "field": "b"}),
            {"timePartitioning.field": "UPDATE_REPLACE"},
        ),
        (
            TABLE,
            table(),
            table(timePartitioning={"type": "DAY", "field": "b"}),
            {"timePartitioning": "ADD_REPLACE"},
        ),
        (
            TABLE,
            table(timePartitioning={"type": "DAY", "field": "a", "expirationMs": 1000}),
            table(timePartitioning={"type": "DAY", "field": "a"}),
            {},
        ),
        (
            TABLE,
            table(timePartitioning={"type": "DAY", "field": "a", "expirationMs": 1000}),
            table(timePartitioning={"type": "DAY", "field": "a", "expirationMs": 0}),
            {"timePartitioning.expirationMs": "UPDATE"},
        ),
        (
            TABLE,
            table(timePartitioning={"type": "DAY", "field": "a"}),
            table(timePartitioning={"type": "DAY", "field": "a", "expirationMs": 0}),
            {},
        ),
        (
            TABLE,
            table(view={"query": "SELECT 1"}),
            table(view={"query": "SELECT 2"}),
            {"view.query": "UPDATE"},
        ),
        (
            TABLE,
            table(materializedView={"query": "SELECT 1"}),
            table(materializedView={"query": "SELECT 2"}),
            {"materializedView.query": "UPDATE_REPLACE"},
        ),
        (TABLE, table(), table(tableId="u"), {"tableId": "UPDATE_REPLACE"}),
        (TABLE, table(), table(project="other"), {"project": "UPDATE_REPLACE"}),
        (TABLE, table(description="x"), table(), {"description": "DELETE"}),
        (TABLE, table(), table(description=""), {}),
        (DATASET, {"datasetId": "d"}, {"datasetId": "d", "location": "us"}, {}),
        (
            DATASET,
            {"datasetId": "d"},
            {"datasetId": "d", "location": "EU"},
            {"location": "UPDATE_REPLACE"},
        ),
        (
            ROUTINE,
            {"datasetId": "d", "routineId": "r", "routineType": "PROCEDURE", "definitionBody": "1",
             "arguments": [{"name": "x", "dataType": '{"typeKind":"INT64"}'}]},
            {"datasetId": "d", "routineId": "r", "routineType": "PROCEDURE", "definitionBody": "2",
             "arguments": [{"name": "x", "dataType": '{ "typeKind": "INT64" }'}]},
            {"definitionBody": "UPDATE"},
        ),
        (
            TRANSFER,
            {"dataSourceId": "s", "displayName": "n", "params": {"a.b": "1"}},
            {"dataSourceId": "t", "displayName": "n", "params": {"a.b": "2"}},
            {"dataSourceId": "UPDATE_REPLACE", 'params["a.b"]': "UPDATE"},
        ),
    ],
)  # fmt: skip
def test_a_diff_names_what_changes_and_what_replaces(
    offline: Engine, token: str, old: dict[str, Any], new: dict[str, Any], kinds: dict[str, str]
) -> None:
    resource = held(token, offline.checked(Resource(token, "x"), old))
    assert offline.changed(resource, new) == kinds


def test_a_table_is_deleted_before_it_is_replaced(offline: Engine) -> None:
    answer = offline.diff(held(TABLE, table()), table(tableId="u"))
    assert list(answer.replaces) == ["tableId"]
    assert answer.deleteBeforeReplace


def test_an_unknown_key_plans_a_replacement(offline: Engine) -> None:
    answer = offline.diff(held(TABLE, table()), table(datasetId=UNKNOWN))
    assert list(answer.replaces) == ["datasetId"]


# Work --------------------------------------------------------------------------------


def test_labels_are_sent_with_pulumis_own_and_kept_apart(port: int) -> None:
    def answer(call: Call) -> tuple[int, Any]:
        return 200, {**(call.body or {}), "etag": "e", "creationTime": "5"}

    with fake_cloud(answer) as (base, calls):
        engine = connect(port, base)
        made = engine.create(DATASET, {"datasetId": "d", "labels": {"env": "local"}})
    both = {"env": "local", "goog-pulumi-provisioned": "true"}
    assert calls[0].method == "POST"
    assert calls[0].path == f"/bigQuery/projects/{PROJECT}/datasets"
    assert calls[0].body["labels"] == both
    assert made.id == f"projects/{PROJECT}/datasets/d"
    assert made.state["labels"] == {"env": "local"}
    assert made.state["pulumiLabels"] == made.state["effectiveLabels"] == Secret(both)
    assert made.state["creationTime"] == 5


def test_a_secret_label_stays_secret_and_is_never_read_back(port: int) -> None:
    name = f"projects/{PROJECT}/notificationChannels/7"

    def answer(call: Call) -> tuple[int, Any]:
        labels = {"channel_name": "#x", "auth_token": "****"}
        return 200, {"name": name, "type": "slack", "labels": labels, "enabled": True}

    with fake_cloud(answer) as (base, calls):
        engine = connect(port, base)
        inputs = {
            "type": "slack",
            "labels": {"channel_name": "#x"},
            "sensitiveLabels": {"authToken": Secret("xoxb-1")},
        }
        made = engine.create(CHANNEL, inputs)
        assert calls[0].body["labels"] == {"channel_name": "#x", "auth_token": "xoxb-1"}
        assert made.state["labels"] == {"channel_name": "#x"}
        assert made.state["sensitiveLabels"] == {"authToken": Secret("xoxb-1")}
        assert engine.refresh(made)
        assert engine.changed(made, inputs) == {}
        inputs["sensitiveLabels"] = {"authToken": Secret("xoxb-2")}
        assert engine.changed(made, inputs) == {"sensitiveLabels.authToken": "UPDATE"}


def test_googles_words_reach_the_user(port: int) -> None:
    error = {
        "error": {
            "code": 409,
            "message": "Already Exists: Table eros-local:d.t",
            "errors": [{"reason": "duplicate"}],
        }
    }
    with (
        fake_cloud(lambda _: (409, error)) as (base, _),
        pytest.raises(grpc.RpcError) as caught,
    ):
        connect(port, base).create(TABLE, table())
    assert caught.value.details() == (
        "googleapi: Error 409: Already Exists: Table eros-local:d.t, duplicate"
    )


def test_a_creation_that_fails_halfway_keeps_its_resource(port: int, monkeypatch) -> None:
    monkeypatch.setattr(cloud_calls, "RETRY_SECONDS", 0.2)

    def answer(call: Call) -> tuple[int, Any]:
        if call.method == "PUT":
            return 500, {"error": {"message": "no columns today"}}
        return 200, call.body

    inputs = table(
        view={"query": "SELECT 1 AS a", "useLegacySql": False},
        schema='[{"name":"a","type":"INT64","description":"d"}]',
    )
    with fake_cloud(answer) as (base, _), pytest.raises(grpc.RpcError) as caught:
        connect(port, base).create(TABLE, inputs)
    metadata = dict(caught.value.trailing_metadata())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    assert detail.id == f"projects/{PROJECT}/datasets/d/tables/t"
    assert list(detail.reasons) == ["googleapi: Error 500: no columns today"]


def test_a_removed_column_is_dropped_by_a_query(port: int) -> None:
    columns = [{"name": "a", "type": "STRING"}, {"name": "b", "type": "STRING"}]

    def answer(call: Call) -> tuple[int, Any]:
        return 200, call.body or {"schema": {"fields": columns}}

    resource = held(
        TABLE, table(schema='[{"name":"a","type":"STRING"},{"name":"b","type":"STRING"}]')
    )
    resource.id = f"projects/{PROJECT}/datasets/d/tables/t"
    with fake_cloud(answer) as (base, calls):
        connect(port, base).update(resource, table(schema='[{"name":"a","type":"STRING"}]'))
    methods = [(call.method, call.path.rsplit("/", 1)[-1]) for call in calls]
    assert methods == [("GET", "t"), ("POST", "queries"), ("PUT", "t")]
    assert calls[1].body["query"] == "ALTER TABLE `eros-local.d.t` DROP COLUMN `b`"


def test_an_expiration_of_zero_is_sent_as_none(port: int) -> None:
    layout = {"type": "DAY", "field": "a"}
    resource = held(TABLE, table(timePartitioning=layout | {"expirationMs": 1000}))
    resource.id = f"projects/{PROJECT}/datasets/d/tables/t"
    with fake_cloud(lambda call: (200, call.body or {})) as (base, calls):
        inputs = table(timePartitioning=layout | {"expirationMs": 0})
        connect(port, base).update(resource, inputs)
    assert calls[-1].body["timePartitioning"] == layout


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            {"deletionProtection": True},
            "cannot destroy table id without setting deletion_protection=false"
            " and running `pulumi up`",
        ),
        (
            {"deletionProtection": False, "deletionPolicy": "PREVENT"},
            'cannot destroy Table without setting deletion_policy="DELETE" and running `pulumi up`',
        ),
    ],
)
def test_a_protected_table_is_not_deleted(
    offline: Engine, inputs: dict[str, Any], message: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        offline.delete(held(TABLE, table(**inputs)))
    assert caught.value.details() == message


def test_an_abandoned_table_is_left_in_the_cloud(offline: Engine) -> None:
    offline.delete(held(TABLE, table(deletionPolicy="ABANDON", deletionProtection=False)))


def test_members_of_one_dataset_do_not_undo_each_other(port: int) -> None:
    """Eight grants at once, and a writer from elsewhere that makes one of them start over."""
    dataset: dict[str, Any] = {"etag": "0", "access": [{"view": {"tableId": "v"}}]}
    lock = threading.Lock()
    conflicts = [True]

    def answer(call: Call) -> tuple[int, Any]:
        if call.method == "GET":
            found = {**dataset, "access": list(dataset["access"])}
            time.sleep(0.01)
            return 200, found
        with lock:
            if conflicts and conflicts.pop():
                return 412, {"error": {"message": "Precondition failed"}}
            dataset["access"] = call.body["access"]
            return 200, dataset

    roles = [f"roles/bigquery.role{number}" for number in range(8)]
    member = f"serviceAccount:r@{PROJECT}.iam.gserviceaccount.com"
    with fake_cloud(answer) as (base, _), ThreadPoolExecutor(8) as pool:
        engine = connect(port, base)

        def grant(role: str) -> str:
            return engine.create(MEMBER, {"datasetId": "d", "role": role, "member": member}).id

        ids = list(pool.map(grant, roles))
    assert ids[0] == f"projects/{PROJECT}/datasets/d/{roles[0]}/{member}"
    granted = {entry["role"] for entry in dataset["access"] if "role" in entry}
    assert granted == set(roles)
    assert {"view": {"tableId": "v"}} in dataset["access"]


def test_what_is_gone_is_gone(port: int) -> None:
    with fake_cloud(lambda _: (404, {"error": {"message": "Not found"}})) as (base, _):
        engine = connect(port, base)
        resource = held(TOPIC, {"name": "t"})
        resource.id = f"projects/{PROJECT}/topics/t"
        assert not engine.refresh(resource)
        engine.delete(resource)


# The process -------------------------------------------------------------------------


def test_the_process_prints_its_port_alone_and_stops_when_asked() -> None:
    command = [sys.executable, "-m", "localgcp.provider", "127.0.0.1:1", "--logtostderr"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT_ROOT, text=True)
    try:
        port = int(process.stdout.readline())
        engine = Engine(port, {"project": PROJECT})
        info = engine.stub.GetPluginInfo(empty_pb2.Empty())
        assert info.version.count(".") == 2
        assert reveal(engine.preview(TOPIC, {"name": "t"}))["name"] == "t"
    finally:
        process.terminate()
        assert process.wait(10) == 0
        process.stdout.close()
