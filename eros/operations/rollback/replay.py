"""A checkpoint as a Pulumi program: every resource registered as it stands there.

The requests go to the engine's monitor directly, not through resource classes: the classes
would recompute what the checkpoint already says (dependencies of each property, urns), and
they exist for the types that today's program declares only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pulumi
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_monitor, get_root_resource

from bqstack.state import Checkpoint, Resource
from eros.operations.rollback import wire
from gcptypes.records import ROUTINE, TABLE, TRANSFER

_STACK = "pulumi:pulumi:Stack"
_PROVIDERS = "pulumi:providers:"
# The state does not say which resources are to be deleted before they are replaced. These
# have a name that cannot be there twice, or must not run twice; a test holds the list against
# the program.
DELETE_BEFORE_REPLACE = frozenset({ROUTINE, TABLE, TRANSFER})
_PARALLEL = 16


@dataclass(frozen=True)
class _Registered:
    """What the engine answered: id, and old values that have a new one."""

    id: str
    links: wire.Relinked


def program(
    checkpoint: Checkpoint, ready: Callable[[Resource], None] | None = None
) -> Callable[[], Awaitable[None]]:
    """The program; `checkpoint` has its secrets open.

    `ready` returns when what needs a resource can be made, and is asked after each one.
    """

    async def run() -> None:
        own = get_root_resource()
        root = await own.urn.future() if own is not None else None
        if root is None:
            raise pulumi.RunError("the engine has registered no stack")
        stack, *others = _ordered(checkpoint, root)
        monitor = get_monitor()
        loop = asyncio.get_running_loop()
        links = await loop.run_in_executor(None, register_all, monitor, others, ready)
        for name, value in stack.outputs.items():
            pulumi.export(name, _output(value, links))

    return run


def _ordered(checkpoint: Checkpoint, root: str) -> list[Resource]:
    stacks = [r for r in checkpoint.resources if r.type == _STACK]
    if [r.urn for r in stacks] != [root]:
        # The name of project or stack is part of every urn.
        raise pulumi.RunError(f"the checkpoint is not one of {root}")
    return stacks + [r for r in checkpoint.resources if r.type != _STACK]


def register_all(
    monitor: Any, resources: list[Resource], ready: Callable[[Resource], None] | None = None
) -> wire.Relinked:
    """Register resources, each when what it needs is there; old values with a new one.

    The checkpoint has them in such an order, so a thread that waits does so for one that
    was started earlier.
    """
    registered: dict[str, Future[_Registered]] = {}
    with ThreadPoolExecutor(_PARALLEL) as pool:
        for resource in resources:
            task = pool.submit(_register, monitor, resource, dict(registered), ready)
            registered[resource.urn] = task
    links = wire.Relinked()
    for task in registered.values():
        links.include(task.result().links)
    for resource in resources:
        if not resource.custom and resource.outputs:
            request = resource_pb2.RegisterResourceOutputsRequest(
                urn=resource.urn, outputs=_struct(wire.inputs(resource.outputs, links))
            )
            monitor.RegisterResourceOutputs(request)
    return links


def _register(
    monitor: Any,
    resource: Resource,
    earlier: dict[str, Future[_Registered]],
    ready: Callable[[Resource], None] | None,
) -> _Registered:
    needed = {resource.parent, resource.provider_urn, *resource.dependencies}
    for urns in resource.property_dependencies.values():
        needed.update(urns)
    there = {urn: earlier[urn].result() for urn in needed if urn in earlier}
    request = _request(resource, there)
    answer = monitor.RegisterResource(request)
    if ready is not None:
        ready(resource)
    links = wire.Relinked()
    if resource.custom:
        new = json_format.MessageToDict(answer.object)
        links.learn(resource.outputs, new)
        links.learn({"id": resource.id}, {"id": answer.id or wire.UNKNOWN})
    return _Registered(answer.id or wire.UNKNOWN, links)


def _request(
    resource: Resource, there: dict[str, _Registered]
) -> resource_pb2.RegisterResourceRequest:
    given = resource.options
    provider = resource.provider_urn
    properties = {
        key: wire.inputs(value, _links_of(key, resource, there))
        for key, value in resource.inputs.items()
        if key[:2] != "__"
    }
    version = ""
    if resource.type.startswith(_PROVIDERS):
        # The engine keeps the version among the inputs, but receives it separately.
        version = properties.pop("version", "")
    return resource_pb2.RegisterResourceRequest(
        type=resource.type,
        name=resource.name,
        parent=resource.parent,
        custom=resource.custom,
        object=_struct(properties),
        protect=resource.protect,
        dependencies=resource.dependencies,
        provider=f"{provider}::{there[provider].id}" if provider else "",
        propertyDependencies={
            key: resource_pb2.RegisterResourceRequest.PropertyDependencies(urns=urns)
            for key, urns in resource.property_dependencies.items()
        },
        deleteBeforeReplace=resource.type in DELETE_BEFORE_REPLACE,
        deleteBeforeReplaceDefined=resource.type in DELETE_BEFORE_REPLACE,
        version=version,
        aliasURNs=given.get("aliases", ()),
        ignoreChanges=given.get("ignoreChanges", ()),
        replaceOnChanges=given.get("replaceOnChanges", ()),
        additionalSecretOutputs=given.get("additionalSecretOutputs", ()),
        customTimeouts=_timeouts(given.get("customTimeouts", {})),
        retainOnDelete=given.get("retainOnDelete", False),
        deletedWith=given.get("deletedWith", ""),
        acceptSecrets=True,
        acceptResources=True,
        supportsPartialValues=True,
    )


def _links_of(key: str, resource: Resource, there: dict[str, _Registered]) -> wire.Relinked:
    """New values of the resources that an input was made of."""
    links = wire.Relinked()
    for urn in resource.property_dependencies.get(key, resource.dependencies):
        if urn in there:
            links.include(there[urn].links)
    return links


def _timeouts(seconds: dict[str, float]) -> resource_pb2.RegisterResourceRequest.CustomTimeouts:
    given = {key: f"{value:g}s" for key, value in seconds.items() if value}
    return resource_pb2.RegisterResourceRequest.CustomTimeouts(**given)


def _output(value: Any, links: wire.Relinked) -> Any:
    """A stack's output for `pulumi.export`, secrets as such."""
    if wire.is_secret(value):
        return pulumi.Output.secret(wire.inputs(value, links)["value"])
    if isinstance(value, dict):
        return {key: _output(item, links) for key, item in value.items()}
    if isinstance(value, list):
        return [_output(item, links) for item in value]
    return links.value(value)


def _struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())
