"""Checkpoints for one update of a rollback."""

from __future__ import annotations

from dataclasses import replace

from eros.operations.rollback import caption_locks, variants
from tests.unit.rollback.states import (
    GOOGLE,
    STACK,
    TABLE,
    Warehouse,
    checkpoint,
    resource,
    schedule,
    table,
)


def test_a_paused_checkpoint_differs_in_its_schedules_only():
    given = checkpoint(table(), schedule(disabled=False))
    paused = variants.paused(given)
    assert variants.needs_pause(given)
    assert not variants.needs_pause(paused)
    assert paused.resources[:-1] == given.resources[:-1]


def test_protection_is_lifted_of_what_goes_only():
    going, staying = table("extra", protect=True), table(protect=True)
    lifted = variants.lifted(checkpoint(going, staying), [going.urn]).by_urn
    assert not lifted[going.urn].protect
    assert not lifted[going.urn].inputs["deletionProtection"]
    assert lifted[staying.urn] == staying


def test_a_held_resource_brings_what_it_hangs_on():
    room = replace(resource("eros:extra:Extra", "extra", {}, custom=False), parent=STACK)
    going = table("extra", parent=room.urn, protect=True)
    shown = variants.held(checkpoint(table()), checkpoint(room, table(), going), [going.urn])
    assert [r.urn for r in shown.resources[-2:]] == [room.urn, going.urn]


def test_the_provider_is_todays():
    now = checkpoint()
    then = variants.reachable(
        replace(now, resources=tuple(replace(r, inputs={"version": "9"}) for r in now.resources)),
        now,
        {"bigQueryCustomEndpoint": "http://127.0.0.1:1/"},
    )
    assert then.by_urn[GOOGLE].inputs == {
        "version": "10.2.0",
        "bigQueryCustomEndpoint": "http://127.0.0.1:1/",
    }


def test_only_tables_with_rows_are_tables():
    view = resource(TABLE, "v", {"datasetId": "brain", "tableId": "v", "view": {"query": ""}})
    other = table("snapshot", inputs={"datasetId": "other"})
    assert variants.tables(checkpoint(table(), view, other), "brain") == ["captions"]


def test_the_sweep_is_the_one_of_the_checkpoint():
    warehouse = Warehouse(0)
    query = "CALL sweep()"
    assert caption_locks.sweep(warehouse, checkpoint(schedule(params={"query": query})))
    assert warehouse.queries == [query]
    assert not caption_locks.sweep(warehouse, checkpoint())
