"""Fixtures of the unit tier: settings, a small catalogue, a fake engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eros.project.settings import Settings, parse

VALUES = {
    "environment": "staging",
    "project": "test-project",
    "dataset": "brain",
    "externalTables": "greenfield",
    "costOwner": "growth",
    "alertEmail": "on-call@example.com",
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


class SqlFolder:
    """A project folder whose sql/ is written file by file."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str) -> None:
        """Write `text` to sql/`path`; `@` stands for the qualifier of the dataset.

        `@value` stays a parameter, and `@@name` a system variable.
        """
        file = self.root / "sql" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        written = re.sub(r"(?<!@)@(?!@|value\b)", "`{{ project }}`.`{{ dataset }}`.", text)
        file.write_text(written, encoding="utf-8")


@pytest.fixture
def sql(tmp_path) -> SqlFolder:
    """An empty project folder."""
    return SqlFolder(tmp_path)
