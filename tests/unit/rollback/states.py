"""Updates, resources and checkpoints to roll back, and a warehouse that only counts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from google.api_core.exceptions import NotFound

from bqstack.state import SECRET_MARKER, Checkpoint, Resource, Update
from bqstack.state.state_files import SIGNATURE
from eros.operations.rollback import choice, variants
from eros.project.stack_file import parse
from tests.unit.conftest import VALUES

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


def schedule(**inputs) -> Resource:
    return resource(variants.TRANSFER, "sweep_expired_caption_locks", inputs)


class Warehouse:
    """A BigQuery that counts its calls and keeps the queries.

    `policies` are the filters of every table's row access policies, none of them for the caller.
    """

    def __init__(self, rows: int | None, policies: dict[str, str] | None = None) -> None:
        self.settings = parse(VALUES, "f")
        self.bigquery = self._connection = self
        self.rows = rows
        self.policies = policies or {}
        self.queries: list[str] = []

    def query_and_wait(self, query: str, **_):
        self.queries.append(query)
        if self.rows is None:
            raise NotFound("gone")
        return iter([SimpleNamespace(n=self.rows)])

    def api_request(self, *, path: str, **_):
        if path.endswith(":testIamPermissions"):
            return {}
        assert path.endswith("/rowAccessPolicies"), path
        return {
            "rowAccessPolicies": [
                {"rowAccessPolicyReference": {"policyId": name}, "filterPredicate": condition}
                for name, condition in self.policies.items()
            ]
        }
