"""How many updates of a stack came to a good end, at the end of `eros rollback --list`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bqstack.state import Update
from eros.cli.rollback import success_rate


def made(kind: str, result: str) -> Update:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return Update.from_history(
        {"kind": kind, "result": result, "startTime": start.strftime("%Y-%m-%dT%H:%M:%S.000Z")}, 1
    )


@pytest.mark.parametrize(
    ("history", "reported"),
    [
        ([], "no update yet"),
        ([("refresh", "failed")], "no update yet"),
        (
            [("update", "succeeded")] * 19 + [("update", "failed")],
            "19 of 20 updates succeeded: 95%",
        ),
        ([("update", "failed"), ("destroy", "succeeded")], "0 of 1 updates succeeded: 0%"),
    ],
)
def test_only_updates_count(history, reported):
    assert success_rate([made(*one) for one in history]).startswith(reported)
