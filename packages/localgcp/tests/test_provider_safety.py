"""The provider must never reach beyond this machine, whatever its settings."""

from collections.abc import Iterator

import grpc
import pytest

from localgcp.provider import safety
from localgcp.provider.properties import UNKNOWN
from packages.localgcp.tests.provider_harness import (
    Engine,
    Resource,
    fake_cloud,
    fake_endpoints,
    provider,
)

pytestmark = pytest.mark.unit

TOPIC = "gcp:pubsub/topic:Topic"
GET_PROJECT = "gcp:organizations/getProject:getProject"
SETTINGS = {"project": "eros-local"}


@pytest.fixture(name="port", scope="module")
def port_fixture() -> Iterator[int]:
    with provider() as port:
        yield port


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x/", "http://localhost:1/", "http://[::1]:1/", "https://127.9.9.9/"]
)
def test_loopback_addresses_are_local(url: str) -> None:
    assert safety.is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://bigquery.googleapis.com/bigquery/v2/",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://127.0.0.1@example.com/",
        "http://10.0.0.1/",
        "http://0.0.0.0:80/",
        "127.0.0.1:80",
        "not a url",
    ],
)
def test_anything_else_is_not(url: str) -> None:
    assert not safety.is_loopback(url)


def test_one_remote_endpoint_makes_a_configuration_remote() -> None:
    local = fake_endpoints("http://127.0.0.1:1")
    assert safety.is_local(local)
    assert not safety.is_local({**local, "pubsubCustomEndpoint": "https://pubsub.googleapis.com/"})
    assert not safety.is_local({})


@pytest.mark.parametrize("remote", ["https://pubsub.googleapis.com/v1/", None])
def test_a_remote_stack_can_be_previewed_and_not_touched(port: int, remote: str | None) -> None:
    with fake_cloud(lambda _: (200, {})) as (base, calls):
        endpoints = {**fake_endpoints(base), "pubsubCustomEndpoint": remote} if remote else {}
        engine = Engine(port, SETTINGS | endpoints)

        plan = engine.preview(TOPIC, {"name": "alerts"})
        assert plan["name"] == "alerts"
        assert plan["project"] == "eros-local"
        assert engine.invoke(GET_PROJECT, {}, preview=True)["number"] == ""

        held = Resource(TOPIC, "t", {"name": "alerts"}, {"name": "alerts"}, "projects/p/topics/t")
        assert engine.update(held, {"name": "alerts", "labels": {"a": "b"}}, preview=True)
        refused = [
            lambda: engine.create(TOPIC, {"name": "alerts"}),
            lambda: engine.update(held, {"name": "alerts", "labels": {"a": "b"}}),
            lambda: engine.refresh(held),
            lambda: engine.delete(held),
            lambda: engine.invoke(GET_PROJECT, {}),
        ]
        for operation in refused:
            with pytest.raises(grpc.RpcError) as caught:
                operation()
            assert caught.value.details() == safety.REFUSAL
        assert calls == []


def test_a_local_stack_does_not_answer_for_a_remote_one(port: int) -> None:
    """Both attach to one process; each keeps the configuration of its own connection."""
    with fake_cloud(lambda _: (200, {"name": "projects/eros-local/topics/t"})) as (base, calls):
        local = Engine(port, SETTINGS | fake_endpoints(base))
        remote = Engine(port, SETTINGS)
        assert local.create(TOPIC, {"name": "t"}).id == "projects/eros-local/topics/t"
        seen = len(calls)
        with pytest.raises(grpc.RpcError, match="local-cloud provider"):
            remote.create(TOPIC, {"name": "t"})
        local.create(TOPIC, {"name": "t"})
        assert len(calls) == 2 * seen


def test_nothing_listening_is_said_in_one_sentence(port: int) -> None:
    engine = Engine(port, SETTINGS | fake_endpoints("http://127.0.0.1:9"))
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(TOPIC, {"name": "t"})
    assert caught.value.details() == (
        "local cloud is not running at http://127.0.0.1:9/pubsub/: start it with `eros local up`"
    )


def test_without_a_project_the_plan_leaves_it_open(port: int, monkeypatch) -> None:
    for name in ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("CLOUDSDK_CORE_PROJECT", raising=False)
    assert Engine(port, {}).preview(TOPIC, {"name": "t"})["project"] is UNKNOWN
