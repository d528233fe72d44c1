"""Fixtures of the library's tests: a stack of a stranger, and a folder for its SQL."""

from __future__ import annotations

import pytest

from bqstack.target import Stack
from packages.bqstack.tests.sql_folder import SqlFolder


@pytest.fixture
def target() -> Stack:
    """A stack that creates all of its tables."""
    return Stack(
        "test-project",
        "brain",
        environment="staging",
        adopts_external_tables=False,
        names=lambda: {"retention": {"log_days": 90}},
    )


@pytest.fixture
def sql(tmp_path) -> SqlFolder:
    """An empty project folder."""
    return SqlFolder(tmp_path)
