"""Fixtures of the rollback tests."""

from __future__ import annotations

import pytest

from eros.operations.rollback import rollback_notices
from eros.operations.rollback.rollback_journal import Journal


@pytest.fixture(autouse=True)
def reported(monkeypatch) -> list[str]:
    """What people are notified, instead of a cloud that sends it (tests/unit/test_notices.py)."""
    said: list[str] = []

    def start(google, journal, progress):
        said.append("start")

    def end(google, journal, progress, *, failure=""):
        said.append(failure or "end")

    monkeypatch.setattr(rollback_notices, "tell_start", start)
    monkeypatch.setattr(rollback_notices, "tell_end", end)
    return said


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
        why="23% of 40 queries fail",
    )
