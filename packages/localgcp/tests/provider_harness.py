"""Drives the provider over gRPC as the Pulumi engine does, for the tests beside it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc

import localgcp.servers
from localgcp.provider.properties import decode, encode, reveal
from localgcp.provider.protos import provider_pb2, provider_pb2_grpc
from localgcp.provider.servicer import serve

PROJECT = "eros-local"


def fake_endpoints(base: str) -> dict[str, str]:
    """Endpoint settings that lead to a fake cloud, one path per setting."""
    keys = [*localgcp.servers.endpoints({"bigquery": 0, "gcp": 0})]
    return {key: f"{base}/{key.removesuffix('CustomEndpoint')}/" for key in keys}


@dataclass
class Resource:
    """One resource in the driver's state, as the engine keeps it."""

    token: str
    name: str
    inputs: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    id: str = ""

    @property
    def urn(self) -> str:
        return f"urn:pulumi:dev::eros::{self.token}::{self.name}"


class Engine:
    """The calls an engine makes for one provider, on a connection of its own."""

    def __init__(self, port: int, settings: dict[str, str]) -> None:
        # Channels of one process share a connection unless told otherwise.
        options = [("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=options)
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)
        self.stub.Handshake(provider_pb2.ProviderHandshakeRequest())
        variables = {f"gcp:config:{key}": value for key, value in settings.items()}
        self.stub.Configure(provider_pb2.ConfigureRequest(variables=variables, acceptSecrets=True))

    def check(self, resource: Resource, inputs: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        answer = self.stub.Check(
            provider_pb2.CheckRequest(
                urn=resource.urn,
                olds=encode(resource.inputs),
                news=encode(inputs),
                randomSeed=b"seed",
            )
        )
        return decode(answer.inputs), [item.reason for item in answer.failures]

    def checked(self, resource: Resource, inputs: dict[str, Any]) -> dict[str, Any]:
        checked, failures = self.check(resource, inputs)
        assert failures == []
        return checked

    def preview(self, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
        resource = Resource(token, "preview")
        request = provider_pb2.CreateRequest(
            urn=resource.urn, properties=encode(self.checked(resource, inputs)), preview=True
        )
        return decode(self.stub.Create(request).properties)

    def create(self, token: str, inputs: dict[str, Any], name: str = "thing") -> Resource:
        resource = Resource(token, name)
        checked = self.checked(resource, inputs)
        answer = self.stub.Create(
            provider_pb2.CreateRequest(urn=resource.urn, properties=encode(checked))
        )
        resource.inputs, resource.id = checked, answer.id
        resource.state = decode(answer.properties)
        return resource

    def diff(self, resource: Resource, inputs: dict[str, Any]) -> provider_pb2.DiffResponse:
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id=resource.id,
                urn=resource.urn,
                olds=encode(resource.state),
                old_inputs=encode(resource.inputs),
                news=encode(self.checked(resource, inputs)),
            )
        )

    def changed(self, resource: Resource, inputs: dict[str, Any]) -> dict[str, str]:
        """The detailed diff: path to kind."""
        kinds = provider_pb2.PropertyDiff.Kind
        details = self.diff(resource, inputs).detailedDiff
        return {path: kinds.Name(details[path].kind) for path in sorted(details)}

    def update(
        self, resource: Resource, inputs: dict[str, Any], *, preview: bool = False
    ) -> dict[str, Any]:
        checked = self.checked(resource, inputs)
        answer = self.stub.Update(
            provider_pb2.UpdateRequest(
                id=resource.id,
                urn=resource.urn,
                olds=encode(resource.state),
                old_inputs=encode(resource.inputs),
                news=encode(checked),
                preview=preview,
            )
        )
        state = decode(answer.properties)
        if not preview:
            resource.inputs, resource.state = checked, state
        return state

    def refresh(self, resource: Resource) -> bool:
        """Read the resource into the driver's state; False if it is gone."""
        answer = self.stub.Read(
            provider_pb2.ReadRequest(
                id=resource.id,
                urn=resource.urn,
                inputs=encode(resource.inputs),
                properties=encode(resource.state),
            )
        )
        if not answer.id:
            return False
        resource.inputs, resource.state = decode(answer.inputs), decode(answer.properties)
        return True

    def imported(self, token: str, resource_id: str) -> Resource:
        resource = Resource(token, "imported", id=resource_id)
        answer = self.stub.Read(provider_pb2.ReadRequest(id=resource_id, urn=resource.urn))
        resource.inputs, resource.state = decode(answer.inputs), decode(answer.properties)
        return resource

    def delete(self, resource: Resource) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=resource.id,
                urn=resource.urn,
                properties=encode(resource.state),
                old_inputs=encode(resource.inputs),
            )
        )

    def invoke(
        self, token: str, arguments: dict[str, Any], *, preview: bool = False
    ) -> dict[str, Any]:
        request = provider_pb2.InvokeRequest(tok=token, args=encode(arguments), preview=preview)
        return reveal(decode(getattr(self.stub.Invoke(request), "return")))


@contextmanager
def provider() -> Iterator[int]:
    """A provider process in this process; its port."""
    server, port = serve(0)
    try:
        yield port
    finally:
        server.stop(None).wait()


@dataclass
class Call:
    """One request a fake cloud has seen."""

    method: str
    path: str
    body: Any


# From method, path with query, and body: the status and the answer.
Answer = Callable[[Call], tuple[int, Any]]


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server that answers by `handler`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def fake_cloud(answer: Answer) -> Iterator[tuple[str, list[Call]]]:
    """An HTTP server whose every answer the test gives; its address and what it has seen."""
    calls: list[Call] = []

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            call = Call(self.command, self.path, json.loads(text) if text else None)
            calls.append(call)
            status, body = answer(call)
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *_: Any) -> None:
            """Say nothing: the test looks at `calls`."""

    with serving(Handler) as address:
        yield address, calls
