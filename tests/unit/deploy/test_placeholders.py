"""Nobody deploys with the addresses that the project ships with."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from eros.operations.deploy import Level, Site
from eros.operations.deploy.placeholders import unfilled
from eros.project.stack_file import load_stack_file

REAL = {"runbook": "https://wiki.company.io/runbook.md", "alert_email": "on-call@company.io"}


def found(stack: str = "prod", *, is_local: bool = False, **values: object):
    settings = load_stack_file(stack).model_copy(update={**REAL, "contacts": {}, **values})
    google = SimpleNamespace(settings=settings, is_local=is_local)
    (finding,) = unfilled(Site(stack, google))  # type: ignore[arg-type]
    return finding


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("eros:runbook", {"runbook": "https://eros.example.com/docs/runbook.md"}),
        ("eros:alertEmail", {"alert_email": "eros-on-call@example.com"}),
        ("eros:contacts.slackChannel", {"contacts": {"slackChannel": "x@team.example"}}),
    ],
)
def test_an_example_is_named_with_the_command_that_replaces_it(key, values):
    finding = found(**values)
    assert finding.level is Level.FAILED
    assert finding.text.endswith(key)
    assert finding.fix == f"pulumi config set --path {key} ADDRESS --stack prod"


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_the_shipped_files_still_have_to_be_filled_in(stack):
    shipped = load_stack_file(stack)
    finding = found(stack, runbook=shipped.runbook, alert_email=shipped.alert_email)
    assert finding.level is Level.FAILED


def test_real_addresses_and_the_local_cloud_are_good():
    assert found().level is Level.OK
    assert found(runbook="https://for-example.community/x").level is Level.OK
    assert found("local", is_local=True, alert_email="a@example.com").level is Level.OK
