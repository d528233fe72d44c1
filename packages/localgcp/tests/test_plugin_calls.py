"""The local provider sends and stores what the real gcp plugin 10.2.0 does.

Facts that were seen on the wire or read in the plugin's source, one test each.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from localgcp.provider.protos import provider_pb2
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

ROUTINE = "gcp:bigquery/routine:Routine"
TABLE = "gcp:bigquery/table:Table"
TOPIC = "gcp:pubsub/topic:Topic"


@pytest.fixture(name="port", scope="module")
def port_fixture() -> Iterator[int]:
    with provider() as port:
        yield port


def connect(port: int, base: str) -> Engine:
    return Engine(port, {"project": PROJECT, "accessToken": "local"} | fake_endpoints(base))


def stored(port: int, token: str, inputs: dict[str, Any], body: Any = None) -> dict[str, Any]:
    """The state of a resource whose API answers with what it was sent, or with `body`."""
    with fake_cloud(lambda call: (200, body or call.body)) as (base, _):
        return connect(port, base).create(token, inputs).state


def test_a_project_is_read_with_who_pays_for_it(port: int) -> None:
    def answer(call: Call) -> tuple[int, Any]:
        if call.path.endswith("/billingInfo"):
            return 200, {"billingAccountName": "billingAccounts/0-1-2", "billingEnabled": True}
        return 200, {"projectId": PROJECT, "projectNumber": "7"}

    with fake_cloud(answer) as (base, calls):
        found = connect(port, base).invoke("gcp:organizations/getProject:getProject", {})
    assert found["billingAccount"] == "0-1-2"
    assert [call.path for call in calls] == [
        f"/cloudResourceManager/projects/{PROJECT}",
        f"/cloudBilling/projects/{PROJECT}/billingInfo",
    ]


def test_the_mask_of_a_topic_is_in_the_query(port: int) -> None:
    name = f"projects/{PROJECT}/topics/t"
    with fake_cloud(lambda call: (200, {"name": name})) as (base, calls):
        engine = connect(port, base)
        topic = engine.create(TOPIC, {"name": "t"})
        engine.update(topic, {"name": "t", "labels": {"a": "b"}})
    assert calls[-1].method == "PATCH"
    assert calls[-1].path == f"/pubsub/{name}?updateMask=labels"
    assert set(calls[-1].body) == {"topic"}


def test_a_changed_view_is_sent_with_the_columns_that_it_had(port: int) -> None:
    columns = {"fields": [{"name": "a", "type": "STRING"}]}

    def answer(call: Call) -> tuple[int, Any]:
        return 200, {"schema": columns, "view": {"query": "SELECT a"}}

    inputs = {"datasetId": "d", "tableId": "v", "view": {"query": "SELECT a"}}
    with fake_cloud(answer) as (base, calls):
        engine = connect(port, base)
        view = engine.create(TABLE, inputs)
        engine.update(view, inputs | {"view": {"query": "SELECT b"}})
    assert calls[-1].method == "PUT"
    assert calls[-1].body["view"]["query"] == "SELECT b"
    assert calls[-1].body["schema"] == columns
    assert not any(call.path.endswith("/queries") for call in calls), "no column is dropped"


def test_every_state_says_what_becomes_of_the_resource(port: int) -> None:
    inputs = {"datasetId": "d", "tableId": "t"}
    assert stored(port, TABLE, inputs)["deletionPolicy"] == "DELETE"
    kept = stored(port, TABLE, inputs | {"deletionPolicy": "ABANDON"})
    assert kept["deletionPolicy"] == "ABANDON"


def test_blocks_are_stored_whole(port: int) -> None:
    routine = stored(
        port,
        ROUTINE,
        {
            "datasetId": "d",
            "routineId": "r",
            "routineType": "PROCEDURE",
            "definitionBody": "SELECT 1",
            "arguments": [{"name": "x", "dataType": '{"typeKind":"INT64"}'}],
        },
    )
    (argument,) = routine["arguments"]
    assert (argument["mode"], argument["argumentKind"]) == ("", "FIXED_TYPE")
    table = stored(
        port,
        TABLE,
        {
            "datasetId": "d",
            "tableId": "t",
            "timePartitioning": {"type": "DAY", "field": "day"},
        },
    )
    assert table["timePartitioning"] == {
        "expirationMs": 0,
        "field": "day",
        "requirePartitionFilter": False,
        "type": "DAY",
    }
    assert "description" not in table, "the resource itself has what was set"


def test_a_state_from_before_makes_no_difference(port: int) -> None:
    """States that were written without whole blocks and deletion policies."""
    inputs = {
        "datasetId": "d",
        "tableId": "t",
        "timePartitioning": {"type": "DAY", "field": "day"},
    }
    with fake_cloud(lambda call: (200, call.body)) as (base, _):
        engine = connect(port, base)
        table = engine.create(TABLE, inputs)
        old = {k: v for k, v in table.state.items() if k != "deletionPolicy"}
        table.state = old | {"timePartitioning": inputs["timePartitioning"]}
        assert engine.changed(table, inputs) == {}


@pytest.mark.parametrize(
    ("key", "changes"), [("cloudBillingCustomEndpoint", False), ("project", True)]
)
def test_a_further_address_makes_no_other_provider(port: int, key: str, changes: bool) -> None:
    engine = connect(port, "http://127.0.0.1:9")
    urn = Resource("pulumi:providers:gcp", "google").urn
    request = provider_pb2.DiffRequest(urn=urn)
    request.old_inputs.update({"pubsubCustomEndpoint": "http://127.0.0.1:9/"})
    request.news.update({"pubsubCustomEndpoint": "http://127.0.0.1:9/", key: "x"})
    answer = engine.stub.DiffConfig(request)
    assert (answer.changes == provider_pb2.DiffResponse.DIFF_SOME) is changes
