"""A Pulumi engine that records what a program declares.

Nothing is recorded before the outputs are drained: build inside `record`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.rpc import deserialize_properties

PROJECT_NUMBER = "123456789012"


@dataclass(frozen=True)
class Declared:
    """One registered resource, as the engine saw it; urns are cut to type and name."""

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    protect: bool
    dependencies: tuple[str, ...]
    provider: str
    import_id: str
    delete_before_replace: bool
    retain_on_delete: bool
    ignore_changes: tuple[str, ...]
    custom: bool


class _Answers(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict]:
        outputs = dict(args.inputs)
        if args.typ == "gcp:serviceaccount/account:Account":
            outputs["email"] = f"{outputs['accountId']}@test-project.iam.gserviceaccount.com"
            outputs["name"] = f"projects/test-project/serviceAccounts/{outputs['email']}"
        return f"{args.name}-id", outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        assert args.token == "gcp:organizations/getProject:getProject", args.token
        return {"number": PROJECT_NUMBER, "projectId": args.args["projectId"]}


class _RecordingMonitor(MockMonitor):
    def __init__(self, mocks: pulumi.runtime.Mocks) -> None:
        super().__init__(mocks)
        self.declared: list[Declared] = []

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest):
        if request.type != "pulumi:pulumi:Stack":
            self.declared.append(
                Declared(
                    type=request.type,
                    name=request.name,
                    inputs=deserialize_properties(request.object),
                    parent=_short(request.parent),
                    protect=request.protect,
                    dependencies=tuple(sorted(_short(urn) for urn in request.dependencies)),
                    provider=_short(request.provider),
                    import_id=request.importId,
                    delete_before_replace=request.deleteBeforeReplace,
                    retain_on_delete=request.retainOnDelete,
                    ignore_changes=tuple(request.ignoreChanges),
                    custom=request.custom,
                )
            )
        return super().RegisterResource(request)


def record(program: Callable[[], object]) -> list[Declared]:
    """Run `program` in the fake engine; what it declared, once all outputs are known."""
    monitor = _RecordingMonitor(_Answers())
    pulumi.runtime.set_mocks(
        _Answers(), project="eros", stack="staging", preview=False, monitor=monitor
    )
    pulumi.runtime.test(program)()
    return monitor.declared


def _short(urn: str) -> str:
    """`type::name` of a urn, the type without its parents'."""
    parts = urn.split("::")
    return f"{parts[2].rpartition('$')[2]}::{parts[3]}" if len(parts) > 3 else ""
