"""The engine after an interruption: operations of unknown end, and locks."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from google.cloud.bigquery_datatransfer_v1.types import TransferConfig
from googleapiclient.errors import HttpError

from bqstack import engine, engine_lock
from bqstack.errors import UserError
from bqstack.state import Checkpoint
from components.system import System
from eros.operations.repair import lookup, pending
from eros.operations.rollback import rollback_plan, variants
from eros.operations.rollback.updates import Updates
from eros.project.stack_file import parse
from gcptypes.records import CUSTOM_ROLE, LOG_BUCKET, SUBSCRIPTION
from tests.unit.conftest import VALUES
from tests.unit.fake_engine import record
from tests.unit.rollback.states import STACK, TABLE


class Engine:
    """`pulumi` on a state with open operations."""

    def __init__(self, operations: list[dict]) -> None:
        self.deployment = {
            "resources": [{"urn": STACK, "type": "pulumi:pulumi:Stack"}],
            "pending_operations": operations,
        }
        self.refreshed: list[str] = []
        self.remembered: list[str] = []
        self.refreshes = True

    def output(self, *arguments: str, root: Path) -> str:
        del root
        match arguments[:2]:
            case ("stack", "export"):
                return json.dumps({"version": 3, "deployment": self.deployment})
            case ("stack", "import"):
                began = [o["resource"]["urn"] for o in self.deployment["pending_operations"]]
                content = json.loads(Path(arguments[3]).read_text())
                self.deployment = content["deployment"]
                there = {r["urn"] for r in self.deployment["resources"]}
                open_ = [urn for urn in began if urn in there]
                assert self.remembered == open_, "whoever dies after this must know them"
            case ("refresh", _) if not self.refreshes:
                raise UserError("no connection")
            case ("refresh", _):
                self.refreshed = [a[9:] for a in arguments if a.startswith("--target=")]
        return ""


def settle(fake: Engine, monkeypatch, google=None, there=()) -> pending.Settled:
    """`there` are the ids of what the cloud has; None asks the fake one."""
    monkeypatch.setattr(engine, "output", fake.output)
    if google is None:
        monkeypatch.setattr(lookup, "ids", lambda *_: list(there))
    return pending.settle(
        google,
        "local",
        Path(),
        "message",
        taken=tuple(fake.remembered),
        remember=lambda urns: setattr(fake, "remembered", list(urns)),
    )


def settled(monkeypatch, *operations: dict, google=None, there=()) -> Engine:
    fake = Engine(list(operations))
    settle(fake, monkeypatch, google, there)
    assert "pending_operations" not in fake.deployment or not operations
    return fake


def creating(kind: str, name: str, inputs: dict) -> dict:
    urn = f"urn:pulumi:local::eros::{kind}::{name}"
    resource = {"urn": urn, "type": kind, "inputs": inputs, "custom": True}
    return {"type": "creating", "resource": resource}


def test_what_was_being_created_is_taken_over_by_its_id(monkeypatch):
    operation = creating(TABLE, "captions", {})
    urn = operation["resource"]["urn"]
    fake = settled(monkeypatch, operation, there=["projects/p/tables/captions"])
    assert fake.deployment["resources"][-1]["id"] == "projects/p/tables/captions"
    assert fake.refreshed == [urn]


def test_what_was_not_created_is_forgotten(monkeypatch):
    fake = settled(monkeypatch, creating(TABLE, "captions", {}), there=[])
    assert [r["urn"] for r in fake.deployment["resources"]] == [STACK]
    assert fake.refreshed == []


@pytest.mark.parametrize(
    ("there", "taken"), [([("configs/7", "Sweep")], "configs/7"), ([("configs/8", "Other")], None)]
)
def test_a_schedule_is_looked_for_by_its_title(monkeypatch, there, taken):
    configs = [
        TransferConfig(
            name=n, display_name=title, data_source_id="scheduled_query", params={"query": "CALL x"}
        )
        for n, title in there
    ]
    transfers = SimpleNamespace(list_transfer_configs=lambda parent: configs)
    google = SimpleNamespace(settings=parse(VALUES, "f"), transfers=transfers)
    inputs = {
        "displayName": "Sweep",
        "dataSourceId": "scheduled_query",
        "params": {"query": "CALL x", "__defaults": []},
    }
    fake = settled(monkeypatch, creating(variants.TRANSFER, "sweep", inputs), google=google)
    assert fake.deployment["resources"][-1].get("id") == taken
    assert bool(fake.refreshed) is bool(taken)


def test_a_schedule_of_the_same_title_with_another_query_is_somebody_elses(monkeypatch):
    config = TransferConfig(
        name="configs/7",
        display_name="Sweep",
        data_source_id="scheduled_query",
        params={"query": "SELECT 1"},
    )
    transfers = SimpleNamespace(list_transfer_configs=lambda parent: [config])
    google = SimpleNamespace(settings=parse(VALUES, "f"), transfers=transfers)
    inputs = {
        "displayName": "Sweep",
        "dataSourceId": "scheduled_query",
        "params": {"query": "CALL x"},
    }
    assert lookup.ids(google, variants.TRANSFER, inputs) == []


@pytest.mark.parametrize(("status", "found"), [(None, ["projects/p/subscriptions/s"]), (404, [])])
def test_a_subscription_is_looked_for_by_its_name(status, found):
    google = MagicMock(settings=SimpleNamespace(project="p"))
    get = google.api.return_value.projects.return_value.subscriptions.return_value.get
    if status:
        error = HttpError(SimpleNamespace(status=status, reason="gone"), b"")
        get.return_value.execute.side_effect = error
    assert lookup.ids(google, SUBSCRIPTION, {"name": "s", "topic": "t"}) == found
    google.api.assert_called_once_with("pubsub")
    get.assert_called_once_with(subscription="projects/p/subscriptions/s")


@pytest.mark.parametrize("answer", [{}, {"deleted": True}])
def test_a_role_that_was_deleted_keeps_its_id_and_is_not_found(answer):
    google = MagicMock(settings=SimpleNamespace(project="p"))
    get = google.api.return_value.projects.return_value.roles.return_value.get
    get.return_value.execute.return_value = answer
    name = "projects/p/roles/r"
    assert lookup.ids(google, CUSTOM_ROLE, {"roleId": "r"}) == ([] if answer else [name])
    get.assert_called_once_with(name=name)


def test_the_second_one_of_the_same_kind_is_named(monkeypatch):
    fake = Engine([creating(variants.TRANSFER, "sweep", {})])
    found = settle(fake, monkeypatch, there=["configs/7", "configs/8"])
    assert (found.imported, found.doubles) == (("sweep",), ("configs/8",))


def test_what_belongs_to_another_resource_is_not_taken_over(monkeypatch):
    fake = Engine([creating(variants.TRANSFER, "sweep", {})])
    other = {"urn": f"{STACK}::other", "type": variants.TRANSFER, "custom": True}
    fake.deployment["resources"].append({**other, "id": "configs/7", "outputs": {"a": 1}})
    assert settle(fake, monkeypatch, there=["configs/7"]).forgotten == ("sweep",)


@pytest.mark.parametrize(("deleted_first", "left"), [(True, 0), (False, 1)])
def test_a_replacement_takes_the_place_of_what_it_replaces(monkeypatch, deleted_first, left):
    operation = creating(variants.TRANSFER, "sweep", {})
    old = {**operation["resource"], "id": "configs/6", "outputs": {"a": 1}}
    fake = Engine([operation])
    fake.deployment["resources"].append(old | {"pendingReplacement": deleted_first})
    settle(fake, monkeypatch, there=["configs/7"])
    ids = {r.get("id"): bool(r.get("delete")) for r in fake.deployment["resources"][1:]}
    assert ids == {"configs/7": False} | ({"configs/6": True} if left else {})


def test_a_type_that_nobody_can_look_up_stays_open(monkeypatch):
    fake = Engine([creating("gcp:new/thing:Thing", "thing", {})])
    with pytest.raises(UserError, match=r"thing \(gcp:new/thing:Thing\)"):
        settle(fake, monkeypatch)
    assert len(fake.deployment["pending_operations"]) == 1


def test_every_type_that_the_program_declares_can_be_looked_up(settings):
    declared = record(lambda: System("eros", settings).exports)
    kinds = {d.type for d in declared if d.custom and d.type.startswith("gcp:")}
    assert [kind for kind in kinds if not lookup.can_find(kind)] == []
    assert len(kinds) > 10


def test_a_resource_that_no_engine_has_read_is_read(monkeypatch):
    fake = Engine([])
    half = creating(TABLE, "captions", {})["resource"] | {"id": "x"}
    fake.deployment["resources"].append(half)
    assert settle(fake, monkeypatch).looked_at == ("captions",)
    assert fake.refreshed == [half["urn"]]


def test_an_update_of_unknown_end_is_looked_at_again(monkeypatch):
    operation = {"type": "updating", "resource": {"urn": STACK, "type": "pulumi:pulumi:Stack"}}
    assert settled(monkeypatch, operation).refreshed == [STACK]


def test_what_was_taken_over_is_looked_at_although_the_first_try_died(monkeypatch):
    operation = creating(TABLE, "captions", {})
    urn = operation["resource"]["urn"]
    fake = Engine([operation])
    fake.refreshes = False
    with pytest.raises(UserError, match="no connection"):
        settle(fake, monkeypatch, there=["projects/p/tables/captions"])
    assert "pending_operations" not in fake.deployment
    fake.refreshes = True
    settle(fake, monkeypatch)
    assert fake.refreshed == [urn]


def test_without_open_operations_nothing_is_touched(monkeypatch):
    assert settled(monkeypatch).refreshed == []


def test_a_rollback_does_not_begin_on_a_state_that_is_not_the_cloud(monkeypatch):
    operation = {"type": "updating", "resource": {"urn": f"{STACK}::export_report"}}
    state = Checkpoint.from_deployment({"pending_operations": [operation]}, None)
    monkeypatch.setattr(rollback_plan.state, "history", lambda *_: [])
    monkeypatch.setattr(rollback_plan.state, "current", lambda *_: state)
    with pytest.raises(UserError, match="operations open: export_report") as reported:
        rollback_plan.plan(None, "local", to=1, data=False, root=Path(), progress=lambda _: None)
    assert "eros repair --stack local" in reported.value.fix


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
    monkeypatch.setattr(engine_lock, "is_alive", lambda pid: False)
    assert Updates("local", Path(), patient=True).when_free(locked_once(LOCKED)) == "done"
    assert called == [("cancel", "--yes", "--stack", "local")]


def test_a_living_engine_is_waited_for(monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr(engine_lock.time, "sleep", waited.append)
    monkeypatch.setattr(engine_lock, "is_alive", lambda pid: True)
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
def test_other_locks_and_mistakes_are_reported(message, patient):
    with pytest.raises(UserError, match=message.partition(";")[0][:30]):
        Updates("local", Path(), patient=patient).when_free(locked_once(message))


def test_an_engine_that_is_interrupted_may_end_what_it_has_begun(tmp_path):
    slow = tmp_path / "pulumi"
    slow.write_text(
        "#!/bin/sh\n"
        '[ "$1" = version ] && echo v3.259.0 && exit\n'
        f"trap 'sleep 1; touch {tmp_path}/saved; exit 1' INT\n"
        f"touch {tmp_path}/begun\n"
        "while true; do sleep 0.1; done\n"
    )
    slow.chmod(0o755)
    code = (
        "from eros.operations.rollback import updates\n"
        f"updates._command().run(['up'], {str(tmp_path)!r}, {{}})\n"
    )
    # A group of its own, as a terminal has: Ctrl-C reaches all that is in it.
    ours = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not (tmp_path / "begun").exists():
        assert ours.poll() is None
        time.sleep(0.05)
    os.killpg(ours.pid, signal.SIGINT)
    ours.wait(timeout=30)
    assert (tmp_path / "saved").exists()


@pytest.mark.parametrize(("state", "found"), [("ACTIVE", True), ("DELETE_REQUESTED", False)])
def test_a_log_bucket_in_its_days_after_deletion_is_not_there(state, found):
    asked = {}

    class Logging:
        """`projects.locations.buckets` of the discovery client."""

        def projects(self):
            return self

        locations = buckets = projects

        def get(self, **names):
            asked.update(names)
            return self

        def execute(self):
            return {"lifecycleState": state}

    google = SimpleNamespace(settings=parse(VALUES, "f"), api=lambda _: Logging())
    inputs = {"location": "global", "bucketId": "eros-audit"}
    name = "projects/test-project/locations/global/buckets/eros-audit"
    assert lookup.ids(google, LOG_BUCKET, inputs) == ([name] if found else [])
    assert asked == {"name": name}
