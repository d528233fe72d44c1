"""The permissions of a deployer: for all that the program declares, and as documented."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from bqstack import state
from components.system import System
from eros.operations.deploy import permissions
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import parse
from gcptypes import TYPES, known
from gcptypes.records import DATASET, LOG_SINK, SERVICE_IDENTITY, TABLE
from tests.unit.conftest import VALUES
from tests.unit.fake_engine import record


@pytest.fixture(name="declared", scope="module")
def declared_fixture() -> frozenset[str]:
    """Types of all that the program can declare."""
    contacts = {"alertTopic": "eros-alerts", "escalationEmail": "lead@example.com"}
    backup = {"operators": ["group:ops@example.com"], "bucket": "test-bucket"}
    settings = parse(VALUES | {"contacts": contacts, "backup": backup}, "f")
    found = record(lambda: System("eros", settings) and None)
    return frozenset(d.type for d in found if d.custom and d.type.startswith("gcp:"))


def test_the_record_of_every_declared_type_states_its_permissions(declared):
    assert declared - TYPES.keys() == set(), "packages/gcptypes needs a record"
    without = {token for token in declared if not known(token).permissions}
    assert without == {SERVICE_IDENTITY}, "IAM has a permission for all but this"


def test_an_update_touches_what_is_declared_and_what_the_state_still_holds(monkeypatch):
    gone = SimpleNamespace(type=LOG_SINK)
    checkpoint = SimpleNamespace(resources=[gone, SimpleNamespace(type="eros:index:System")])
    monkeypatch.setattr(state, "current", lambda stack, root: checkpoint)
    touched = permissions.touched_types("staging", PROJECT_ROOT)
    assert {DATASET, TABLE, LOG_SINK} <= touched
    assert all(token.startswith("gcp:") for token in touched)
    assert "logging.sinks.delete" in permissions.needed(touched)
    assert "logging.sinks.delete" not in permissions.needed(touched - {LOG_SINK})


@pytest.mark.parametrize(
    "name",
    [
        "bigquery.datasets.getIamPolicy",
        "bigquery.datasets.setIamPolicy",
        "iam.serviceAccounts.update",
        "logging.logMetrics.delete",
        "monitoring.alertPolicies.delete",
        "monitoring.dashboards.delete",
        "monitoring.notificationChannels.delete",
        "pubsub.topics.delete",
        "pubsub.topics.update",
        "storage.buckets.update",
        "storage.objects.delete",
    ],
)
def test_an_update_or_prune_with_a_custom_role_is_foreseen(declared, name):
    """The first `up` needs none of these, a later one does."""
    assert name in permissions.needed(declared)


def test_permissions_are_written_as_google_writes_them_and_counted_in_the_document(declared):
    needed = permissions.needed(declared)
    for name in needed:
        assert re.fullmatch(r"[a-z]+(\.[a-zA-Z]+){2}", name), name
    text = (PROJECT_ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    assert f"Up to {len(needed)} permissions by `testIamPermissions`" in text
