"""What a shell offers for values."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bqstack.errors import UserError
from eros.cli import completion
from eros.operations import backup

CONTEXT = SimpleNamespace(params={"stack": "local"})


@pytest.mark.parametrize(
    ("offer", "typed", "expected"),
    [
        (completion.stacks, "loca", ["local"]),
        (completion.stacks, "stagi", ["staging"]),
        (completion.schedules, "run_", ["run_daily_automation"]),
        (completion.objects, "caption_po", ["caption_pool"]),
        (completion.rules, "A3", ["A30", "A31", "A32"]),
        (completion.queries, "zzz", []),
    ],
)
def test_names_that_begin_with_what_is_typed_are_offered(offer, typed, expected):
    assert offer(CONTEXT, typed) == expected


def test_backups_of_the_stack_are_offered(monkeypatch):
    made = [SimpleNamespace(id="20260101_000000"), SimpleNamespace(id="20260102_000000")]
    monkeypatch.setattr("eros.cloud.google.Google", lambda settings: settings.environment)
    monkeypatch.setattr(backup, "listing", lambda stack: made if stack == "local" else [])
    assert completion.backups(CONTEXT, "20260102") == ["20260102_000000"]
    assert completion.backups(SimpleNamespace(params={"stack": "prod"}), "") == []


def test_what_cannot_be_looked_up_is_offered_by_nobody(monkeypatch):
    def gone(_):
        raise UserError("the local cloud does not answer")

    monkeypatch.setattr(backup, "listing", gone)
    assert completion.backups(CONTEXT, "") == []
    assert completion.backups(SimpleNamespace(params={"stack": "nowhere"}), "") == []
