"""The digest of a program changes with all that its declarations depend on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from eros.cloud import fingerprint
from eros.project.settings import PROJECT_ROOT, Settings
from eros.project.stack_file import load_stack_file


@pytest.fixture
def root(tmp_path) -> Path:
    """A copy of the program."""
    for name in ("components", "config", "eros", "policy", "sql"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT_ROOT / name, tmp_path / name, ignore=ignored)
    for file in ("__main__.py", "Pulumi.yaml", "Pulumi.staging.yaml", "pyproject.toml"):
        shutil.copy(PROJECT_ROOT / file, tmp_path)
    return tmp_path


@pytest.fixture
def stack(root) -> Settings:
    return load_stack_file("staging", root)


def test_the_same_program_has_the_same_digest(root, stack):
    assert fingerprint.fingerprint(stack, root) == fingerprint.fingerprint(stack, root)


@pytest.mark.parametrize(
    "path",
    [
        "Pulumi.yaml",
        "__main__.py",
        "components/tables.py",
        "config/dashboards/system.yaml",
        "eros/project/settings.py",
        "policy/declared.py",
        "pyproject.toml",
        "sql/views/open_alerts.sql",
    ],
)
def test_any_file_counts(root, stack, path):
    before = fingerprint.fingerprint(stack, root)
    with (root / path).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert fingerprint.fingerprint(stack, root) != before


def test_settings_and_the_environment_count(root, stack, monkeypatch):
    before = fingerprint.fingerprint(stack, root)
    other = stack.model_copy(update={"protect_tables": not stack.protect_tables})
    assert fingerprint.fingerprint(other, root) != before
    monkeypatch.setenv("GOOGLE_PROJECT", "another")
    assert fingerprint.fingerprint(stack, root) != before


def test_addresses_count(root, stack, monkeypatch):
    before = fingerprint.fingerprint(stack, root)
    monkeypatch.setattr(fingerprint.endpoints, "load", lambda *_: {"key": "http://127.0.0.1:1/"})
    assert fingerprint.fingerprint(stack, root) != before


def test_a_file_that_cannot_be_read_gives_no_digest(root, stack):
    (root / "sql" / "views" / "gone.sql").symlink_to("nowhere")
    assert fingerprint.fingerprint(stack, root) is None
