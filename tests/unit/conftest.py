"""Fixtures of the unit tier: settings, a small catalogue, a fake engine."""

from __future__ import annotations

import pytest

from eros.project.settings import Settings
from eros.project.stack_file import parse
from packages.bqstack.tests.sql_folder import SqlFolder

VALUES = {
    "environment": "staging",
    "project": "test-project",
    "dataset": "brain",
    "externalTables": "greenfield",
    "costOwner": "growth",
    "alertEmail": "on-call@example.com",
    "runbook": "https://example.com/eros/docs/runbook.md",
    "backup": {"bucket": "test-bucket"},
}


@pytest.fixture
def values() -> dict:
    """Settings of a stack as its file states them, without the namespace."""
    return dict(VALUES)


@pytest.fixture
def settings(values) -> Settings:
    """Valid settings."""
    return parse(values, "Pulumi.staging.yaml")


@pytest.fixture
def sql(tmp_path) -> SqlFolder:
    """An empty project folder."""
    return SqlFolder(tmp_path)
