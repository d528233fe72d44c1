"""Keeps web pages away from the servers: they listen on loopback, and so does every browser.

A page may name any address in a form, and may rebind its own name to 127.0.0.1; what it can't
do is send another Host or Origin than its own. Both must be this machine's, with this port.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_HTTP_PORT = 80
# A client that sends on a connection which the server is just closing gets no answer, and may
# not send a POST twice. Google keeps idle connections for minutes, uvicorn for 5 seconds.
KEEP_ALIVE_SECONDS = 600
# What a form or a script of any page may send without asking first (the CORS-safelisted types
# of the Fetch standard). No client of Google's sends a request's JSON so.
_OF_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class LoopbackOnly:
    """ASGI middleware that answers 403 to whatever does not come from this machine's programs."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = refusal(scope) if scope["type"] == "http" else None
        if reason is None:
            await self._app(scope, receive, send)
            return
        error = {"code": 403, "message": reason, "status": "PERMISSION_DENIED", "errors": []}
        error["errors"] = [{"message": reason, "domain": "global", "reason": "forbidden"}]
        body = json.dumps({"error": error}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def refusal(scope: Scope) -> str | None:
    """Why a request is not answered; None if it is."""
    headers = list(scope["headers"])
    port = (scope.get("server") or ("", None))[1]
    hosts = _values(headers, b"host")
    if len(hosts) != 1 or not _is_own(f"//{hosts[0]}", port):
        return f"The local cloud answers to loopback names and its own port only, not {hosts}."
    for origin in _values(headers, b"origin"):
        if not _is_own(origin, port):
            return f"The local cloud does not answer web pages of {origin!r}."
    if _values(headers, b"sec-fetch-site") not in ([], ["same-origin"], ["none"]):
        return "The local cloud does not answer other sites' web pages."
    # An upload's body is what it is; its path has the word in all of Google's APIs.
    if scope["method"] not in ("GET", "HEAD") and "/upload/" not in scope["path"]:
        for content_type in _values(headers, b"content-type"):
            if content_type.partition(";")[0].strip().lower() in _OF_FORMS:
                return f"The local cloud takes JSON, not {content_type!r}."
    return None


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key.lower() == name]


def _is_own(address: str, port: int | None) -> bool:
    try:
        parts = urlsplit(address)
        return parts.hostname in _NAMES and (parts.port or _HTTP_PORT) == port
    except ValueError:
        return False
