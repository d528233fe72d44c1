"""Which state a rollback goes back to, what it would lose, and what it tells the engine."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from google.api_core.exceptions import NotFound
from google.protobuf import json_format
from pulumi.runtime.proto import resource_pb2

from components.system import System
from eros import changes, engine
from eros.errors import UserError
from eros.rollback import (
    choice,
    journal,
    locks,
    pending,
    replay,
    report,
    stakes,
    variants,
    wire,
    words,
)
from eros.rollback import updates as updates_module
from eros.rollback.journal import Journal
from eros.rollback.updates import Step, Updates
from eros.settings import parse
from eros.state import SECRET_MARKER, Checkpoint, Resource, Update
from eros.state.model import SIGNATURE
from tests.unit.conftest import VALUES
from tests.unit.fake_engine import record

START = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
STACK = "urn:pulumi:local::eros::pulumi:pulumi:Stack::eros-local"
ROOM = "urn:pulumi:local::eros::eros:room:Room::room"
GOOGLE = "urn:pulumi:local::eros::pulumi:providers:gcp::google"
TABLE = "gcp:bigquery/table:Table"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"


def update(version: int, message: str = "", changed: int = 1, **more) -> Update:
    values = {
        "version": version,
        "kind": "update",
        "start": START + timedelta(hours=version),
        "end": START + timedelta(hours=version, minutes=1),
        "who": "Ann",
        "commit": f"{version:x}" * 12,
        "dirty": False,
        "message": message,
        "result": "succeeded",
        "changes": {"same": 5, "update": changed},
    }
    return Update(**(values | more))


def newest_first(*updates: Update) -> list[Update]:
    return sorted(updates, key=lambda u: -u.version)


def rolled_back(first: int, target: int) -> list[Update]:
    """The updates that a rollback leaves."""
    texts = ("schedules paused", "definitions")
    return [
        update(first + part, choice.message(f"update {target}", part + 1, 2, text))
        for part, text in enumerate(texts)
    ]


def resource(kind: str, name: str, inputs: dict, **more) -> Resource:
    values = {
        "urn": f"urn:pulumi:local::eros::{kind}::{name}",
        "type": kind,
        "name": name,
        "id": f"{name}-id",
        "inputs": inputs,
        "outputs": {},
        "parent": ROOM,
        "provider": f"{GOOGLE}::old-provider-id",
        "dependencies": (),
        "protect": False,
        "custom": True,
    }
    return Resource(**(values | more))


def table(name: str = "captions", columns: str = "caption_id", **more) -> Resource:
    inputs = {
        "project": "test-project",
        "datasetId": "brain",
        "tableId": name,
        "deletionProtection": True,
        "schema": json.dumps([{"name": c, "type": "STRING"} for c in columns.split()]),
    }
    return resource(TABLE, name, inputs | more.pop("inputs", {}), **more)


def secret(value: str) -> dict:
    return {SIGNATURE: SECRET_MARKER, "plaintext": json.dumps(value)}


def checkpoint(*resources: Resource) -> Checkpoint:
    stack = resource("pulumi:pulumi:Stack", "eros-local", {}, urn=STACK, custom=False, parent="")
    stack = replace(stack, provider="")
    provider = resource("pulumi:providers:gcp", "google", {"version": "10.2.0"}, urn=GOOGLE)
    provider = replace(provider, parent=STACK, provider="")
    room = resource("eros:room:Room", "room", {}, urn=ROOM, custom=False, parent=STACK)
    room = replace(room, provider="")
    return Checkpoint(1, START, (stack, provider, room, *resources))


# Which update --------------------------------------------------------------------------


def test_the_default_is_the_state_before_the_last_change():
    assert choice.default(newest_first(update(1), update(2), update(3))).version == 2


def test_an_update_that_changed_nothing_is_no_change():
    history = newest_first(update(1), update(2), update(3, changed=0))
    assert choice.default(history).version == 1


def test_a_failed_update_is_undone_itself():
    history = newest_first(update(1), update(2), update(3, result="failed"))
    assert choice.default(history).version == 2


def test_a_second_rollback_goes_further_back():
    history = newest_first(update(1), update(2), update(3), *rolled_back(4, 2))
    assert choice.default(history).version == 1


def test_what_an_interrupted_rollback_left_is_no_state():
    paused, _ = rolled_back(4, 2)
    history = newest_first(update(1), update(2), update(3), paused)
    assert choice.default(history).version == 3


def test_the_first_update_has_no_state_before_it():
    with pytest.raises(UserError, match="no earlier state"):
        choice.default([update(1)])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (update(2, result="failed"), "has failed"),
        (update(2, kind="destroy"), "is a destroy"),
        (rolled_back(2, 1)[0], "is a step of a rollback"),
    ],
)
def test_an_update_that_is_no_state_is_refused(given, why):
    with pytest.raises(UserError, match=why):
        choice.find([given, update(1)], 2, "local")


def test_a_number_that_is_not_there_is_refused():
    with pytest.raises(UserError, match="no update 9"):
        choice.find([update(1)], 9, "local")


def test_a_rollback_stands_for_the_update_that_it_brought_back():
    history = newest_first(update(1), update(2), *rolled_back(3, 1), *rolled_back(5, 4))
    assert choice.origin(history[0], history).version == 1


def test_rows_belong_to_an_update_until_the_next_change_began():
    history = newest_first(update(1), update(2, changed=0), update(3, result="failed"), update(4))
    assert choice.end_of_reign(update(1), history) == update(3).start
    assert choice.end_of_reign(update(4), history) is None


def test_updates_of_others_overtake_an_interrupted_rollback():
    history = newest_first(update(1), *rolled_back(2, 1))
    assert choice.others_since(history, update(1).start) == []
    assert choice.others_since([update(9), *history], update(1).start) == [update(9)]


# What would be lost ----------------------------------------------------------------------


class Warehouse:
    """A BigQuery that counts what it is told and keeps the queries."""

    def __init__(self, rows: int | None) -> None:
        self.settings = parse(VALUES, "f")
        self.bigquery = self
        self.rows = rows
        self.queries: list[str] = []

    def query_and_wait(self, query: str, **_):
        self.queries.append(query)
        if self.rows is None:
            raise NotFound("gone")
        return iter([SimpleNamespace(n=self.rows)])


def lost(warehouse: Warehouse, now: list[Resource], then: list[Resource]) -> list[stakes.Stake]:
    return stakes.at_stake(warehouse, changes.compare(now, then))


def test_a_dropped_column_counts_the_rows_that_have_a_value():
    warehouse = Warehouse(7)
    (stake,) = lost(warehouse, [table(columns="caption_id language")], [table()])
    assert (stake.name, stake.rows) == ("captions.language", 7)
    assert warehouse.queries[0].endswith(
        "FROM `test-project`.`brain`.`captions` WHERE `language` IS NOT NULL"
    )


@pytest.mark.parametrize(
    ("field", "condition"),
    [
        ({"name": "tags", "type": "STRING", "mode": "REPEATED"}, "ARRAY_LENGTH(`tags`) > 0"),
        (
            {"name": "a", "type": "RECORD", "fields": [{"name": "b", "type": "STRING"}]},
            "`a` IS NOT NULL",
        ),
    ],
)
def test_lists_and_records_count_by_what_they_hold(field, condition):
    warehouse = Warehouse(1)
    schema = [{"name": "caption_id", "type": "STRING"}, field]
    lost(warehouse, [table(inputs={"schema": json.dumps(schema)})], [table()])
    assert warehouse.queries[0].endswith(f"WHERE {condition}")


def test_a_deleted_table_counts_its_rows():
    (stake,) = lost(Warehouse(12), [table(), table("extra")], [table()])
    assert str(stake) == "extra: deleted with all its rows (12 rows)"


def test_a_table_that_is_gone_already_loses_nothing():
    (stake,) = lost(Warehouse(None), [table("extra")], [])
    assert stake.is_nothing


def test_views_routines_and_schedules_hold_nothing():
    view = resource(TABLE, "v", {"view": {"query": "SELECT 1"}})
    routine = resource("gcp:bigquery/routine:Routine", "r", {"definitionBody": "1"})
    assert lost(Warehouse(1), [view, routine], []) == []


def test_a_loss_must_be_named():
    lost_column = stakes.Stake("captions.language", "column language is dropped", 7)
    with pytest.raises(UserError, match=r"7 rows\)\n  fix: .*--drop captions.language"):
        stakes.refuse([lost_column], [])
    stakes.refuse([lost_column], ["captions.language"])


def test_what_holds_nothing_needs_no_name():
    stakes.refuse([stakes.Stake("extra", "deleted", 0)], [])


def test_what_cannot_be_counted_must_be_named():
    with pytest.raises(UserError, match="--drop bucket"):
        stakes.refuse([stakes.Stake("bucket", "deleted", None)], [])


def test_a_name_of_no_loss_is_told():
    with pytest.raises(UserError, match="nothing of this name"):
        stakes.refuse([], ["caption_bnak"])


# Variants of a checkpoint ------------------------------------------------------------------


def schedule(**inputs) -> Resource:
    return resource(variants.TRANSFER, "sweep_expired_caption_locks", inputs)


def test_a_paused_checkpoint_differs_in_its_schedules_only():
    given = checkpoint(table(), schedule(disabled=False))
    paused = variants.paused(given)
    assert variants.needs_pause(given)
    assert not variants.needs_pause(paused)
    assert paused.resources[:-1] == given.resources[:-1]


def test_protection_is_lifted_of_what_goes_only():
    going, staying = table("extra", protect=True), table(protect=True)
    lifted = variants.lifted(checkpoint(going, staying), [going.urn]).by_urn
    assert not lifted[going.urn].protect
    assert not lifted[going.urn].inputs["deletionProtection"]
    assert lifted[staying.urn] == staying


def test_a_held_resource_brings_what_it_hangs_on():
    room = replace(resource("eros:extra:Extra", "extra", {}, custom=False), parent=STACK)
    going = table("extra", parent=room.urn, protect=True)
    shown = variants.held(checkpoint(table()), checkpoint(room, table(), going), [going.urn])
    assert [r.urn for r in shown.resources[-2:]] == [room.urn, going.urn]


def test_the_provider_is_todays():
    now = checkpoint()
    then = variants.reachable(
        replace(now, resources=tuple(replace(r, inputs={"version": "9"}) for r in now.resources)),
        now,
        {"bigQueryCustomEndpoint": "http://127.0.0.1:1/"},
    )
    assert then.by_urn[GOOGLE].inputs == {
        "version": "10.2.0",
        "bigQueryCustomEndpoint": "http://127.0.0.1:1/",
    }


def test_an_object_that_only_moved_in_the_program_stays_the_same():
    then = table()
    now = replace(then, urn=then.urn.replace(TABLE, f"eros:new:Room${TABLE}"))
    shown = variants.reachable(checkpoint(then), checkpoint(now), {})
    assert shown.by_urn[then.urn].options["aliases"] == [now.urn]
    asked = registered(shown.by_urn[then.urn]).asked["captions"]
    assert list(asked.aliasURNs) == [now.urn]
    moved = variants.aliases(checkpoint(then), checkpoint(now))
    assert changes.compare([now], [then], moved) == []


def test_only_tables_with_rows_are_tables():
    view = resource(TABLE, "v", {"datasetId": "brain", "tableId": "v", "view": {"query": ""}})
    other = table("snapshot", inputs={"datasetId": "other"})
    assert variants.tables(checkpoint(table(), view, other), "brain") == ["captions"]


def test_the_sweep_is_the_one_of_the_checkpoint():
    warehouse = Warehouse(0)
    query = "CALL sweep()"
    assert locks.sweep(warehouse, checkpoint(schedule(params={"query": query})))
    assert warehouse.queries == [query]
    assert not locks.sweep(warehouse, checkpoint())


# What the engine is told -------------------------------------------------------------------


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


def test_options_are_told_as_they_were():
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


# The engine after an interruption ----------------------------------------------------------


class Engine:
    """`pulumi` on a state with open operations."""

    def __init__(self, operations: list[dict]) -> None:
        self.deployment = {
            "resources": [{"urn": STACK, "type": "pulumi:pulumi:Stack"}],
            "pending_operations": operations,
        }
        self.refreshed: list[str] = []

    def output(self, *arguments: str, root: Path) -> str:
        del root
        match arguments[:2]:
            case ("stack", "export"):
                return json.dumps({"version": 3, "deployment": self.deployment})
            case ("stack", "import"):
                content = json.loads(Path(arguments[3]).read_text())
                self.deployment = content["deployment"]
            case ("refresh", _):
                self.refreshed = [a[9:] for a in arguments if a.startswith("--target=")]
        return ""


def settled(monkeypatch, *operations: dict, google=None, ids=None) -> Engine:
    fake = Engine(list(operations))
    monkeypatch.setattr(engine, "output", fake.output)
    updates = Updates("local", Path(), patient=True)
    pending.settle(google, updates, ids or {}, "message")
    assert "pending_operations" not in fake.deployment or not operations
    return fake


def creating(kind: str, name: str, inputs: dict) -> dict:
    urn = f"urn:pulumi:local::eros::{kind}::{name}"
    return {"type": "creating", "resource": {"urn": urn, "type": kind, "inputs": inputs}}


def test_what_was_being_created_is_taken_over_by_its_id(monkeypatch):
    operation = creating(TABLE, "captions", {})
    urn = operation["resource"]["urn"]
    fake = settled(monkeypatch, operation, ids={urn: "projects/p/tables/captions"})
    assert fake.deployment["resources"][-1]["id"] == "projects/p/tables/captions"
    assert fake.refreshed == [urn]


@pytest.mark.parametrize(
    ("there", "taken"), [([("configs/7", "Sweep")], "configs/7"), ([("configs/8", "Other")], None)]
)
def test_a_schedule_is_looked_for_by_its_title(monkeypatch, there, taken):
    configs = [SimpleNamespace(name=n, display_name=title) for n, title in there]
    transfers = SimpleNamespace(list_transfer_configs=lambda parent: configs)
    google = SimpleNamespace(settings=parse(VALUES, "f"), transfers=transfers)
    operation = creating(variants.TRANSFER, "sweep", {"displayName": "Sweep"})
    fake = settled(monkeypatch, operation, google=google)
    assert fake.deployment["resources"][-1].get("id") == taken
    assert bool(fake.refreshed) is bool(taken)


def test_an_update_of_unknown_end_is_looked_at_again(monkeypatch):
    operation = {"type": "updating", "resource": {"urn": STACK, "type": "pulumi:pulumi:Stack"}}
    assert settled(monkeypatch, operation).refreshed == [STACK]


def test_without_open_operations_nothing_is_touched(monkeypatch):
    assert settled(monkeypatch).refreshed == []


LOCKED = (
    "pulumi: the stack is currently locked by 1 lock(s).; "
    f"file:///x: created by me@{socket.gethostname()} (pid 4711) at 2026"
)


def locked_once(message: str) -> Callable[[], str]:
    tries = iter([UserError(message)])

    def operation() -> str:
        for error in tries:
            raise error
        return "done"

    return operation


def test_the_lock_of_a_dead_engine_is_taken_away(monkeypatch):
    called: list[tuple] = []
    monkeypatch.setattr(engine, "output", lambda *a, root: called.append(a))
    monkeypatch.setattr(updates_module, "_is_alive", lambda pid: False)
    assert Updates("local", Path(), patient=True).when_free(locked_once(LOCKED)) == "done"
    assert called == [("cancel", "--yes", "--stack", "local")]


def test_a_living_engine_is_waited_for(monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr(updates_module.time, "sleep", waited.append)
    monkeypatch.setattr(updates_module, "_is_alive", lambda pid: True)
    assert Updates("local", Path(), patient=True).when_free(locked_once(LOCKED)) == "done"
    assert waited


@pytest.mark.parametrize(
    ("message", "patient"),
    [
        (LOCKED, False),
        (LOCKED.replace(socket.gethostname(), "elsewhere"), True),
        ("pulumi: something else", True),
    ],
)
def test_other_locks_and_mistakes_are_told(message, patient):
    with pytest.raises(UserError, match=message.partition(";")[0][:30]):
        Updates("local", Path(), patient=patient).when_free(locked_once(message))


# Journal, report, words --------------------------------------------------------------------


@pytest.fixture
def begun(monkeypatch, tmp_path) -> Journal:
    monkeypatch.setenv("EROS_LOG_DIR", str(tmp_path))
    return Journal.begin(
        stack="local",
        target="update 3",
        version=3,
        file=None,
        target_time="t",
        drop=["captions.language"],
        lift=[],
        tables=["caption_bank"],
        data_time="2026-11-22T05:00:00+00:00",
        data_backup="",
        clear_locks=False,
        backup=True,
        words=["table captions: changed back"],
        hint="In git: git revert",
        health_before={"health_score": 94},
    )


def test_an_interrupted_step_is_made_again(begun):
    with begun.step("backup") as facts:
        facts["backup"] = "b1"
    with pytest.raises(KeyboardInterrupt), begun.step("pause"):
        raise KeyboardInterrupt
    found = journal.unfinished("local")
    assert found.facts("backup") == {"backup": "b1"}
    assert found.facts("pause") is None


def test_an_ended_rollback_is_not_resumed(begun):
    begun.close("done")
    assert journal.unfinished("local") is None
    assert journal.unfinished("prod") is None


def test_a_journal_of_another_version_is_told(begun):
    (begun.folder / "journal.json").write_text('{"format": 0}')
    with pytest.raises(UserError, match="that this version can read"):
        journal.unfinished("local")


@pytest.mark.parametrize(("after", "kept"), [(94, True), (74, False)])
def test_the_report_compares_health(begun, after, kept):
    for name, found in (
        ("backup", {"backup": "b1"}),
        ("data", {"backup": "b0"}),
        ("verify", {"health": {"health_score": after, "status": "HEALTHY"}}),
    ):
        with begun.step(name) as facts:
            facts.update(found)
    begun.close("done")
    written = report.write(begun)
    assert written.health_kept is kept
    content = json.loads((begun.folder / "report.json").read_text())
    assert content["health"] == {"before": 94, "after": after, "status": "HEALTHY"}
    assert content["safety_backup"] == "b1"
    text = (begun.folder / "report.md").read_text()
    assert "- table captions: changed back" in text
    assert "from backup b0" in text
    assert "git revert" in text


def test_changes_are_told_in_words():
    told = changes.compare([table(columns="caption_id language")], [table(), table("extra")])
    assert [words.change(c) for c in told] == [
        "table captions: changed back: column language STRING is dropped",
        "table extra: made again",
    ]


def test_what_only_the_engine_knows_is_told_too():
    step = Step(GOOGLE, "update", ("bigQueryCustomEndpoint",))
    stack = Step(STACK, "update", ())
    assert words.others([step, stack], []) == ["google: update (bigQueryCustomEndpoint)"]


def test_an_updates_commit_and_counts_fit_into_a_line():
    given = update(3, dirty=True, changes={"same": 9, "create": 2, "delete": 0})
    assert words.commit(given) == "333333333+"
    assert words.counts(given) == "2 created"
    assert words.commit(update(1, commit="")) == "-"
