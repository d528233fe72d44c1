"""A short spread of `make chaos`: faults at calls of a `pulumi up`, on a stack of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.chaos import chaos_table, trials
from dev.chaos.operations import OPERATIONS
from dev.chaos.rig import World, deployed

# Of the whole list the one that leaves most behind.
FAULTS = ("kill",)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    """A deployed stack behind the proxy."""
    with deployed(tmp_path_factory.mktemp("chaos")) as made:
        yield made


def test_an_update_recovers_from_a_fault_at_any_call(world):
    up = next(operation for operation in OPERATIONS if operation.name == "up")
    calls = trials.measure(world, up, 1)
    plan = list(trials.spread(calls, FAULTS, len(FAULTS)))
    results = [
        trials.attempt(world, up, trial, number, print) for number, trial in enumerate(plan, 2)
    ]
    assert all(result.spoilt for result in results), "each fault meets a call"
    assert [chaos_table.line(result) for result in chaos_table.bad(results)] == []
