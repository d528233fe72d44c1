"""What a rollback tells the engine."""

from __future__ import annotations

from dataclasses import replace

from google.protobuf import json_format
from pulumi.runtime.proto import resource_pb2

from bqstack import guard
from bqstack.state import SECRET_MARKER, Resource
from bqstack.state.state_files import SIGNATURE
from components.system import System
from eros.operations.rollback import replay, variants, wire
from eros.project.stack_file import parse
from tests.unit.conftest import VALUES
from tests.unit.fake_engine import record
from tests.unit.rollback.states import (
    CHANNEL,
    GOOGLE,
    POLICY,
    TABLE,
    checkpoint,
    resource,
    secret,
    table,
)


class Monitor:
    """An engine that gives every resource a new id and its inputs as outputs."""

    def __init__(self, preview: bool = False) -> None:
        self.preview = preview
        self.asked: dict[str, resource_pb2.RegisterResourceRequest] = {}
        self.outputs: dict[str, dict] = {}

    def RegisterResource(self, request):
        self.asked[request.name] = request
        new = "" if self.preview else f"new-id-of-{request.name}"
        answer = resource_pb2.RegisterResourceResponse(id=new)
        answer.object.CopyFrom(request.object)
        answer.object.update({"name": new or wire.UNKNOWN})
        return answer

    def RegisterResourceOutputs(self, request):
        self.outputs[request.urn] = json_format.MessageToDict(request.outputs)

    def inputs(self, name: str) -> dict:
        return json_format.MessageToDict(self.asked[name].object)


def registered(*resources: Resource, preview: bool = False) -> Monitor:
    monitor = Monitor(preview)
    replay.register_all(monitor, list(checkpoint(*resources).resources[1:]))
    return monitor


CHANNEL_OF_THEN = resource(
    CHANNEL,
    "on_call",
    {"labels": {"email": "a@example.com"}},
    id="projects/p/notificationChannels/111",
    outputs={"name": "projects/p/notificationChannels/111"},
)
POLICY_OF_THEN = resource(
    POLICY,
    "a05",
    {
        "notificationChannels": ["projects/p/notificationChannels/111"],
        "displayName": "projects/p/notificationChannels/111",
    },
    dependencies=(CHANNEL_OF_THEN.urn,),
    property_dependencies={"notificationChannels": (CHANNEL_OF_THEN.urn,), "displayName": ()},
)


def test_inputs_follow_a_resource_that_was_made_again():
    found = registered(CHANNEL_OF_THEN, POLICY_OF_THEN).inputs("a05")
    assert found["notificationChannels"] == ["new-id-of-on_call"]


def test_an_input_that_only_looks_the_same_stays():
    found = registered(CHANNEL_OF_THEN, POLICY_OF_THEN).inputs("a05")
    assert found["displayName"] == "projects/p/notificationChannels/111"


def test_in_a_preview_such_an_input_is_unknown():
    found = registered(CHANNEL_OF_THEN, POLICY_OF_THEN, preview=True).inputs("a05")
    assert found["notificationChannels"] == [wire.UNKNOWN]


def test_parts_of_texts_follow_too_unless_they_are_short():
    links = wire.Relinked()
    links.learn({"email": "runner@old.example", "n": "1"}, {"email": "runner@new", "n": "2"})
    assert links.value("serviceAccount:runner@old.example 1") == "serviceAccount:runner@new 1"
    assert links.value(["1"]) == ["2"]


def test_secrets_stay_secrets():
    found = registered(resource(CHANNEL, "slack", {"sensitiveLabels": {"authToken": secret("x")}}))
    assert found.inputs("slack") == {
        "sensitiveLabels": {"authToken": {SIGNATURE: SECRET_MARKER, "value": "x"}}
    }
    assert found.asked["slack"].acceptSecrets


def test_notes_of_provider_and_engine_are_left_out():
    given = {"a": 1, "__defaults": ["b"], "nested": [{"c": 2, "__defaults": []}]}
    assert registered(resource(CHANNEL, "x", given)).inputs("x") == {"a": 1, "nested": [{"c": 2}]}


def test_the_provider_is_the_one_registered_now():
    monitor = registered(table())
    assert monitor.asked["captions"].provider == f"{GOOGLE}::new-id-of-google"
    assert monitor.asked["google"].version == "10.2.0"
    assert "version" not in monitor.inputs("google")


def test_options_are_as_they_were():
    options = {
        "customTimeouts": {"create": 600},
        "ignoreChanges": ["schema"],
        "additionalSecretOutputs": ["effectiveLabels"],
        "retainOnDelete": True,
    }
    asked = registered(table(protect=True, options=options)).asked["captions"]
    assert asked.protect
    assert asked.retainOnDelete
    assert asked.deleteBeforeReplace
    assert asked.customTimeouts.create == "600s"
    assert list(asked.ignoreChanges) == ["schema"]
    assert list(asked.additionalSecretOutputs) == ["effectiveLabels"]


def test_components_keep_their_outputs():
    room = resource("eros:x:X", "x", {}, custom=False, outputs={"dataset": "d"})
    assert registered(room).outputs == {room.urn: {"dataset": "d"}}


def test_what_the_program_deletes_before_it_replaces_a_rollback_does_too():
    declared = record(lambda: System("eros", parse(VALUES, "f")))
    first = {d.type for d in declared if d.delete_before_replace}
    assert first <= replay.DELETE_BEFORE_REPLACE


def test_an_object_that_only_moved_in_the_program_stays_the_same():
    then = table()
    now = replace(then, urn=then.urn.replace(TABLE, f"eros:new:Room${TABLE}"))
    shown = variants.reachable(checkpoint(then), checkpoint(now), {})
    assert shown.by_urn[then.urn].options["aliases"] == [now.urn]
    asked = registered(shown.by_urn[then.urn]).asked["captions"]
    assert list(asked.aliasURNs) == [now.urn]
    moved = variants.aliases(checkpoint(then), checkpoint(now))
    assert guard.compare([now], [then], moved) == []
