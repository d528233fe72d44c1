"""Pulumi's ResourceProvider service: requests in, answers and errors out.

Several engines, and several providers of one program, may talk to one process at once
(PULUMI_DEBUG_PROVIDERS attaches all of them to the same port), and requests do not say
which provider they are for. Each provider has a connection of its own, so a configuration
belongs to the connection that sent it: a local stack never answers for a production one.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from importlib import metadata
from typing import Any, NamedTuple

import grpc
from google.protobuf import any_pb2, empty_pb2

from . import safety
from .cloud_calls import AnswerLost, ApiError, CloudDown, MissingEndpoint
from .configuration import Configuration, configure
from .declared_inputs import Problem
from .input_changes import Change, Kind
from .lifecycle import Engine, UnservedType
from .properties import decode, encode
from .protos import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2
from .resource import DeletionRefused, PartlyCreated
from .resources.project import read_project

GET_PROJECT = "gcp:organizations/getProject:getProject"

WORKERS = 32
# As the Pulumi engine itself allows; a dashboard or a large schema passes the default.
_MESSAGE_LIMIT = 400 * 1024 * 1024
_ENDPOINT_SUFFIX = "CustomEndpoint"
_STATUS_DETAILS = "grpc-status-details-bin"

# Errors that say all there is to say; anything else is a defect and is logged.
_EXPECTED = (
    AnswerLost,
    ApiError,
    CloudDown,
    DeletionRefused,
    MissingEndpoint,
    TimeoutError,
    UnservedType,
    ValueError,
    safety.Refused,
)

_log = logging.getLogger(__name__)

_KINDS = {
    Kind.ADD: provider_pb2.PropertyDiff.ADD,
    Kind.DELETE: provider_pb2.PropertyDiff.DELETE,
    Kind.UPDATE: provider_pb2.PropertyDiff.UPDATE,
}
_REPLACE_KINDS = {
    Kind.ADD: provider_pb2.PropertyDiff.ADD_REPLACE,
    Kind.DELETE: provider_pb2.PropertyDiff.DELETE_REPLACE,
    Kind.UPDATE: provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class _Status(NamedTuple):
    """What grpc's abort_with_status takes."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple


def _reporting(method: Callable) -> Callable:
    """Turn a method's exceptions into the errors the engine shows."""

    @wraps(method)
    def call(self: "Provider", request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except PartlyCreated as error:
            context.abort_with_status(_init_failed(error))
        except _EXPECTED as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Exception as error:
            _log.exception("%s failed", method.__name__)
            context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")

    return call


def _init_failed(error: PartlyCreated) -> _Status:
    """The status with which the engine keeps the resource although its creation failed."""
    failed = provider_pb2.ErrorResourceInitFailed(
        id=error.resource_id, properties=encode(error.state), reasons=[str(error)]
    )
    detail = any_pb2.Any()
    detail.Pack(failed)
    status = status_pb2.Status(
        code=grpc.StatusCode.UNKNOWN.value[0], message=str(error), details=[detail]
    )
    return _Status(
        grpc.StatusCode.UNKNOWN, str(error), ((_STATUS_DETAILS, status.SerializeToString()),)
    )


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The gcp provider of the local cloud."""

    def __init__(self) -> None:
        self._engine = Engine()
        self._lock = threading.Lock()
        self._configurations: dict[str, Configuration] = {}

    # The provider itself -------------------------------------------------------------

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._forget(context)
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._forget(context)
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi_gcp"))

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        # Nothing here waits longer than a REST call, and other engines may be attached.
        return empty_pb2.Empty()

    @_reporting
    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        _, name = _type_and_name(request.urn)
        problems = self._engine.check_config(decode(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(name, problems))

    @_reporting
    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        held = request.old_inputs if request.old_inputs.fields else request.olds
        olds, news = decode(held), decode(request.news)
        # An address that a newer local cloud has beside the others makes no other provider.
        more = {k for k in news.keys() - olds.keys() if k.endswith(_ENDPOINT_SUFFIX)}
        keys = (olds.keys() | news.keys()) - more
        changed = sorted(key for key in keys if olds.get(key) != news.get(key))
        some = provider_pb2.DiffResponse.DIFF_SOME
        none = provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some if changed else none, diffs=changed)

    @_reporting
    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        settings = {key.rsplit(":", 1)[-1]: value for key, value in request.variables.items()}
        with self._lock:
            self._configurations[context.peer()] = configure(settings)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @_reporting
    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        if request.tok != GET_PROJECT:
            raise UnservedType(request.tok)
        configuration = self._configuration(context)
        project: str = decode(request.args).get("projectId") or configuration.cloud.project or ""
        if configuration.is_local:
            found = read_project(configuration.cloud, project)
        elif request.preview:
            # The number is the cloud's secret here; engines reject unknown results.
            found = {"id": f"projects/{project}", "projectId": project, "number": ""}
        else:
            raise safety.Refused
        answer = provider_pb2.InvokeResponse()
        getattr(answer, "return").CopyFrom(encode(found))
        return answer

    # Resources -----------------------------------------------------------------------

    @_reporting
    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        token, name = _type_and_name(request.urn)
        inputs, problems = self._engine.check(
            token, name, decode(request.olds), decode(request.news), request.randomSeed
        )
        failures = _failures(name, problems)
        return provider_pb2.CheckResponse(inputs=encode(inputs), failures=failures)

    @_reporting
    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        token, _ = _type_and_name(request.urn)
        difference = self._engine.diff(
            self._configuration(context),
            token,
            decode(request.old_inputs),
            decode(request.olds),
            decode(request.news),
        )
        some = provider_pb2.DiffResponse.DIFF_SOME
        none = provider_pb2.DiffResponse.DIFF_NONE
        replaces = {change.path for change in difference.replaces}
        return provider_pb2.DiffResponse(
            changes=some if difference.changes else none,
            diffs=sorted({change.top for change in difference.changes}),
            replaces=sorted({change.top for change in difference.replaces}),
            deleteBeforeReplace=difference.delete_before_replace,
            detailedDiff={
                change.path: _property_diff(change, change.path in replaces)
                for change in difference.changes
            },
            hasDetailedDiff=True,
        )

    @_reporting
    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        token, _ = _type_and_name(request.urn)
        configuration, inputs = self._configuration(context), decode(request.properties)
        if request.preview:
            plan = self._engine.plan_create(configuration, token, inputs)
            return provider_pb2.CreateResponse(properties=encode(plan))
        resource_id, state = self._engine.create(configuration, token, inputs)
        return provider_pb2.CreateResponse(id=resource_id, properties=encode(state))

    @_reporting
    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        token, _ = _type_and_name(request.urn)
        found = self._engine.read(
            self._configuration(context),
            token,
            request.id,
            decode(request.inputs),
            decode(request.properties),
        )
        if found is None:
            return provider_pb2.ReadResponse()
        inputs, state = found
        return provider_pb2.ReadResponse(
            id=request.id, inputs=encode(inputs), properties=encode(state)
        )

    @_reporting
    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        token, _ = _type_and_name(request.urn)
        configuration = self._configuration(context)
        old_inputs, state = decode(request.old_inputs), decode(request.olds)
        news = decode(request.news)
        if request.preview:
            fresh = self._engine.plan_update(configuration, token, old_inputs, state, news)
        else:
            fresh = self._engine.update(configuration, token, request.id, old_inputs, state, news)
        return provider_pb2.UpdateResponse(properties=encode(fresh))

    @_reporting
    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        token, _ = _type_and_name(request.urn)
        state = decode(request.properties)
        self._engine.delete(self._configuration(context), token, request.id, state)
        return empty_pb2.Empty()

    # Connections ---------------------------------------------------------------------

    def _configuration(self, context: grpc.ServicerContext) -> Configuration:
        with self._lock:
            found = self._configurations.get(context.peer())
        if found is None:
            raise ValueError("this connection was not configured: run the command again")
        return found

    def _forget(self, context: grpc.ServicerContext) -> None:
        """A connection starts from scratch: its port may have been another engine's before."""
        with self._lock:
            self._configurations.pop(context.peer(), None)


def _type_and_name(urn: str) -> tuple[str, str]:
    """The type token and the logical name in a URN (urn:pulumi:STACK::PROJECT::TYPES::NAME)."""
    parts = urn.split("::", 3)
    return parts[2].rsplit("$", 1)[-1], parts[3]


def _property_diff(change: Change, replaces: bool) -> provider_pb2.PropertyDiff:
    kinds = _REPLACE_KINDS if replaces else _KINDS
    return provider_pb2.PropertyDiff(kind=kinds[change.kind])


def _failures(name: str, problems: list[Problem]) -> list[provider_pb2.CheckFailure]:
    """The problems as the real plugin words them: the place is part of the reason."""
    return [
        provider_pb2.CheckFailure(reason=f"{item.reason}. Examine values at '{name}.{item.path}'.")
        for item in problems
    ]


def serve(port: int) -> tuple[grpc.Server, int]:
    """Start the service on 127.0.0.1; the server and its port (a free one for port 0)."""
    limits = [
        ("grpc.max_receive_message_length", _MESSAGE_LIMIT),
        ("grpc.max_send_message_length", _MESSAGE_LIMIT),
        ("grpc.so_reuseport", 0),
    ]
    server = grpc.server(ThreadPoolExecutor(max_workers=WORKERS), options=limits)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, bound
