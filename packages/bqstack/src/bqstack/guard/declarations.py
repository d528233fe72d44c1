"""What a Pulumi program declares, without an engine.

The program runs against a monitor that records each registration and answers as a preview
does: what exists has the outputs that the state holds, what does not has names made up from
its inputs. Nothing leaves the process.
"""

from __future__ import annotations

import asyncio
import contextvars
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.sync_await import _sync_await

from bqstack.state import state_files
from bqstack.unchecked import JsonObject

_STACK = "pulumi:pulumi:Stack"
# https://cloud.google.com/iam/docs/service-account-types#service-agents
_AGENT = re.compile(r"\bservice-(\d+)@gcp-sa-[a-z-]+\.iam\.gserviceaccount\.com$")


@dataclass(frozen=True)
class Declared:
    """A resource that a program registers."""

    urn: str
    type: str
    name: str
    inputs: JsonObject
    custom: bool
    protect: bool
    delete_before_replace: bool = False


@dataclass
class Declarations:
    """All of a program, in the order of registration."""

    resources: list[Declared] = field(default_factory=list)
    aliases: dict[str, list[str]] = field(default_factory=dict)
    """Former urns of a resource, its parents' former ones included."""
    imports: set[str] = field(default_factory=set)
    """Urns of resources that take over what exists."""


def declarations(
    program: Callable[[], object],
    *,
    project: str,
    stack: str,
    known: Mapping[str, state_files.Resource] | None = None,
    project_number: str | None = None,
) -> Declarations:
    """Run `program` in a world of its own and return what it declares.

    `known` is the state by urn. The project's number is the one that the state holds, unless it is
    given. The Pulumi runtime of the caller, if there is one, is left
    as it is. Raises what the program raises.
    """
    number = project_number or _number_of(known or {}) or "PROJECT_NUMBER"
    monitor = _Monitor(project, stack, known or {}, number)
    context = contextvars.copy_context()
    failure: list[BaseException] = []

    def run() -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            context.run(_run, program, monitor, project, stack)
        except BaseException as error:
            failure.append(error)
        finally:
            loop.close()

    # A thread has an event loop of its own; the program's may be running already.
    thread = threading.Thread(target=run, name="declarations")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return monitor.found


def _number_of(known: Mapping[str, state_files.Resource]) -> str | None:
    """The project's number, which stands in the names of Google's own accounts."""
    for resource in known.values():
        if found := _AGENT.search(str(resource.inputs.get("member", ""))):
            return found[1]
    return None


def _run(program: Callable[[], object], monitor: _Monitor, project: str, stack: str) -> None:
    # First everything that a runtime keeps, so that nothing is shared with the caller's,
    # then the parts that differ without an engine.
    pulumi.runtime.configure(pulumi.runtime.Settings(project=project, stack=stack))
    # None takes the resource of an earlier program away; pulumi's annotation knows no such call.
    set_root_resource(None)  # type: ignore[arg-type]
    pulumi.runtime.set_mocks(
        monitor.mocks, project=project, stack=stack, preview=True, monitor=monitor
    )
    pulumi.runtime.test(program)()


class _Answers(mocks.Mocks):
    def __init__(self, project_number: str) -> None:
        self._project_number = project_number

    def call(self, args: mocks.MockCallArgs) -> tuple[JsonObject, list[tuple[str, str]]]:
        """Answer of a function of the provider: the project is the only one that is asked."""
        if args.token != "gcp:organizations/getProject:getProject":
            raise NotImplementedError(f"no answer for {args.token}")
        return {"number": self._project_number, "projectId": args.args["projectId"]}, []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, JsonObject]:
        """Id and outputs of an object that is only read."""
        return args.resource_id or args.name, args.inputs


class _Monitor(mocks.MockMonitor):
    def __init__(
        self,
        project: str,
        stack: str,
        known: Mapping[str, state_files.Resource],
        project_number: str,
    ) -> None:
        self.found = Declarations()
        self._known = known
        super().__init__(_Answers(project_number))
        self._prefix = f"urn:pulumi:{stack}::{project}::"

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The engine's urn: types of all parents but the stack."""
        parents = parent.split("::")[2] if parent else _STACK
        types = type_ if parents == _STACK else f"{parents}${type_}"
        return f"{self._prefix}{types}::{name}"

    def RegisterResource(self, request: Any) -> Any:
        """Record the registration, then answer it."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == _STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = rpc.deserialize_properties(request.object, keep_unknowns=True)
        self.found.resources.append(
            Declared(
                urn,
                request.type,
                request.name,
                _plain(inputs),
                request.custom,
                request.protect,
                request.deleteBeforeReplace,
            )
        )
        self._note_aliases(urn, request)
        if request.importId:
            self.found.imports.add(urn)
        id_, outputs = self._answer(urn, request.name, inputs)
        self.resources[urn] = mocks.MockMonitor.ResourceRegistration(urn, id_, outputs)
        answer = _sync_await(rpc.serialize_properties(outputs, {}))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=answer)

    def _answer(self, urn: str, name: str, inputs: JsonObject) -> tuple[str, JsonObject]:
        """Id and outputs of a resource: those it has, or made up."""
        if known := self._known.get(urn):
            outputs = {k: v for k, v in known.outputs.items() if not _marked(v)}
            return known.id, outputs | inputs
        made_up = f"projects/{inputs.get('project', '-')}/{name}"
        outputs = {"name": made_up, **inputs}
        if "accountId" in inputs:
            email = f"{inputs['accountId']}@{inputs.get('project')}.iam.gserviceaccount.com"
            outputs |= {"email": email, "member": f"serviceAccount:{email}"}
        return made_up, outputs

    def _note_aliases(self, urn: str, request: Any) -> None:
        former = [self._alias(alias, request) for alias in request.aliases]
        former += [
            self.make_urn(parent, request.type, request.name)
            for parent in self.found.aliases.get(request.parent, ())
        ]
        if former:
            self.found.aliases[urn] = former

    def _alias(self, alias: Any, request: Any) -> str:
        if alias.urn:
            return str(alias.urn)
        spec = alias.spec
        parent = "" if spec.noParent else spec.parentUrn or request.parent
        return self.make_urn(parent, spec.type or request.type, spec.name or request.name)

    def SignalAndWaitForShutdown(self, request: Any) -> Empty:
        """Nothing to wait for."""
        return Empty()


def _marked(value: Any) -> bool:
    """Whether an output of the state is a secret or another special value."""
    return isinstance(value, dict) and state_files.SIGNATURE in value


def _plain(value: Any) -> Any:
    """Inputs as the state has them, secrets closed."""
    if isinstance(value, pulumi.Output):
        return None
    if rpc.is_rpc_secret(value):
        return {state_files.SIGNATURE: state_files.SECRET_MARKER}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
