"""The checkpoint of an earlier update: what a person reads when there is none."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bqstack import state
from bqstack.errors import UserError
from eros.operations.rollback import old_checkpoint

GOOGLE = SimpleNamespace(api=lambda name: f"client of {name}")


def load(monkeypatch, answer):
    """Load update 1 where the library answers with `answer`, or raises it."""
    asked = []

    def found(stack, version, root, storage):
        asked.append((stack, version, storage()))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(state, "load", found)
    made = old_checkpoint.load(GOOGLE, "local", 1, Path())
    return made, asked


def test_a_bucket_is_read_with_the_client_of_cloud_storage(monkeypatch):
    checkpoint = state.Checkpoint(1, None, ())
    made, asked = load(monkeypatch, checkpoint)
    assert made is checkpoint
    assert asked == [("local", 1, "client of storage")]


def test_an_update_that_is_not_kept_names_the_list_of_updates(monkeypatch):
    with pytest.raises(UserError, match="no update 1\n  fix: eros rollback --list "):
        load(monkeypatch, state.NotKept("no update 1"))


def test_a_backend_that_cannot_be_read_names_the_way_out(monkeypatch):
    away = state.Unreachable("not from here", "s3://bucket", "history/eros/local")
    with pytest.raises(UserError, match=r"copy history/eros/local .* eros rollback --to FILE"):
        load(monkeypatch, away)
