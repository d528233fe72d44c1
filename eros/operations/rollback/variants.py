"""Checkpoints for one update of a rollback: schedules off, protection lifted, today's provider."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from bqstack.guard.table_changes import TYPE as TABLE
from bqstack.guard.table_changes import holds_rows
from bqstack.state import Checkpoint, Resource
from gcptypes.records import TRANSFER

_PROVIDER = "pulumi:providers:gcp"


def paused(checkpoint: Checkpoint) -> Checkpoint:
    """The same with every scheduled query disabled (docs/requirements.md C-67)."""
    return _each(checkpoint, lambda r: _with(r, disabled=True) if r.type == TRANSFER else r)


def lifted(checkpoint: Checkpoint, urns: Collection[str]) -> Checkpoint:
    """The same without protection of these resources, by the engine and by BigQuery."""

    def lift(resource: Resource) -> Resource:
        if resource.urn not in urns:
            return resource
        if "deletionProtection" in resource.inputs:
            resource = _with(resource, deletionProtection=False)
        return replace(resource, protect=False)

    return _each(checkpoint, lift)


def held(checkpoint: Checkpoint, current: Checkpoint, urns: Collection[str]) -> Checkpoint:
    """The same with these resources as they are now.

    A preview with a protected resource that goes fails, and says nothing about the rest.
    """
    now, there = current.by_urn, checkpoint.by_urn
    kept = {urn: now[urn] for urn in urns}
    open_ = list(kept.values())
    while open_:
        resource = open_.pop()
        for urn in (resource.parent, *resource.dependencies):
            # What it hangs on has to be there, too.
            if urn in now and urn not in there and urn not in kept:
                kept[urn] = now[urn]
                open_.append(now[urn])
    resources = [kept.get(r.urn, r) for r in checkpoint.resources]
    resources += [r for r in current.resources if r.urn in kept and r.urn not in there]
    return replace(checkpoint, resources=tuple(resources))


def reachable(
    checkpoint: Checkpoint, current: Checkpoint, endpoints: Mapping[str, str]
) -> Checkpoint:
    """The same with a provider that works today, and with the names that objects have today.

    The local cloud may have moved since, and a state written by a newer version of the plugin
    is not for an older one to read. What only moved to another place in the program is the
    same object, which a rollback must not recreate.
    """
    now = current.by_urn
    moved = aliases(checkpoint, current)

    def renew(resource: Resource) -> Resource:
        if resource.urn in moved:
            return replace(resource, options={**resource.options, "aliases": moved[resource.urn]})
        if resource.type != _PROVIDER:
            return resource
        today = now.get(resource.urn)
        version = today.inputs.get("version") if today else None
        return _with(resource, **endpoints, **({"version": version} if version else {}))

    return _each(checkpoint, renew)


def aliases(checkpoint: Checkpoint, current: Checkpoint) -> dict[str, list[str]]:
    """Urns of the checkpoint whose object has another one now."""
    then, now = checkpoint.by_urn, current.by_urn
    elsewhere = {(r.type, r.id): r.urn for r in current.resources if r.id and r.urn not in then}
    return {
        r.urn: [elsewhere[r.type, r.id]]
        for r in checkpoint.resources
        if r.urn not in now and (r.type, r.id) in elsewhere
    }


def needs_pause(checkpoint: Checkpoint) -> bool:
    """Whether a scheduled query is enabled."""
    return any(r.type == TRANSFER and not r.inputs.get("disabled") for r in checkpoint.resources)


def tables(checkpoint: Checkpoint, dataset: str) -> list[str]:
    """Names of the tables with rows in a dataset."""
    return sorted(
        r.inputs["tableId"]
        for r in checkpoint.resources
        if r.type == TABLE and r.inputs.get("datasetId") == dataset and holds_rows(r.inputs)
    )


def _with(resource: Resource, **inputs: Any) -> Resource:
    return replace(resource, inputs={**resource.inputs, **inputs})


def _each(checkpoint: Checkpoint, change: Any) -> Checkpoint:
    return replace(checkpoint, resources=tuple(change(r) for r in checkpoint.resources))
