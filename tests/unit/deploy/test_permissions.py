"""The permissions of a deployer: for all that the program declares, and as documented."""

import re

import pytest

from components.system import System
from eros.operations.deploy import permissions
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import parse
from tests.unit.conftest import VALUES
from tests.unit.fake_engine import record


def test_every_type_that_the_program_declares_has_its_permissions():
    contacts = {"alertTopic": "eros-alerts", "escalationEmail": "lead@example.com"}
    backup = {"operators": ["group:ops@example.com"], "bucket": "test-bucket"}
    settings = parse(VALUES | {"contacts": contacts, "backup": backup}, "f")
    declared = record(lambda: System("eros", settings) and None)
    types = {d.type for d in declared if d.custom and d.type.startswith("gcp:")}
    assert types == set(permissions.BY_TYPE)


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
def test_an_update_or_prune_with_a_custom_role_is_foreseen(name):
    """The first `up` needs none of these, a later one does."""
    assert name in permissions.PERMISSIONS


def test_permissions_are_written_as_google_writes_them_and_counted_in_the_document():
    for name in permissions.PERMISSIONS:
        assert re.fullmatch(r"[a-z]+(\.[a-zA-Z]+){2}", name), name
    text = (PROJECT_ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    assert f"{len(permissions.PERMISSIONS)} permissions by `testIamPermissions`" in text
