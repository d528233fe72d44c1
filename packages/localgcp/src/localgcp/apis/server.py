"""The HTTP side: finds the method, checks the request, runs the service in one transaction."""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localgcp.loopback import LoopbackOnly

from .api_errors import ApiError
from .call import Call, Cloud, Registry
from .discovery import ALSO_IN_QUERY, Method, Router, load_router
from .request_schemas import check_body, check_query
from .services import build_registry
from .services.storage_objects import finish_resumable
from .store import Store

log = logging.getLogger(__name__)

_VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
# Cloud Storage clients that know an emulator's address only leave out the
# API's name; so does the address that a resumable upload is sent to.
_BARE_STORAGE = re.compile(r"/(?:upload/|download/|resumable/upload/)?storage/v1/")


class GoogleApis:
    """Turns an HTTP request into an answer; knows nothing of sockets."""

    def __init__(self, cloud: Cloud, store: Store, wake: Callable[[], None]) -> None:
        self.cloud = cloud
        self.store = store
        self._wake = wake
        self._router: Router = load_router()
        self._registry: Registry = build_registry()

    async def __call__(self, request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(self.answer, request, body)

    def answer(self, request: Request, body: bytes) -> Response:
        """The answer to one request, errors included."""
        path = request.scope["raw_path"].decode("ascii").split("?")[0].rstrip("/")
        if _BARE_STORAGE.match(path):
            path = "/storage" + path
        _, api, *rest = path.split("/", 2) if path.count("/") > 1 else ("", path.strip("/"), "")
        try:
            return self._dispatch(request, api, "".join(rest), body)
        except ApiError as error:
            return JSONResponse(error.body(storage=api == "storage"), error.http_status)
        except Exception:
            log.exception("%s %s", request.method, path)
            fault = ApiError("INTERNAL", "Internal error encountered; see the server's log.")
            return JSONResponse(fault.body(storage=api == "storage"), fault.http_status)

    def _dispatch(self, request: Request, api: str, path: str, body: bytes) -> Response:
        query = request.scope["query_string"].decode("ascii")
        upload = parse_qs(query).get("upload_id")
        if upload and request.method == "PUT" and path.startswith("upload/"):
            return self._finish_upload(request, body, upload[0])
        found = self._router.match(api, request.method, path)
        if found is None:
            raise ApiError("NOT_FOUND", f"No method of Google's fits {request.method} {path!r}.")
        method, path_values = found
        handler = self._registry.get(method.id)
        if handler is None:
            raise ApiError("UNIMPLEMENTED", f"{method.id} is not implemented by the local cloud.")
        query_values = check_query(method, parse_qsl(query, keep_blank_values=True))
        media_upload = method.upload and query_values.get("uploadType") != "resumable"
        with self.store.transaction() as tx:
            call = Call(
                cloud=self.cloud,
                method=method,
                path=path_values,
                query=query_values,
                body={} if media_upload else self._check_body(method, body, query_values),
                tx=tx,
                media=body if media_upload else b"",
                media_type=request.headers.get("content-type", ""),
                base_url=_base_url(request),
            )
            result = handler(call)
        return self._finish(call, result)

    def _finish_upload(self, request: Request, body: bytes, upload_id: str) -> Response:
        """The second half of a resumable upload, which no discovery document describes."""
        with self.store.transaction() as tx:
            call = Call(
                cloud=self.cloud,
                method=self._router.method("storage.objects.insert"),
                path={},
                query={},
                body={},
                tx=tx,
                media=body,
                base_url=_base_url(request),
            )
            result = finish_resumable(call, upload_id, request.headers.get("content-range", ""))
        return self._finish(call, result)

    def _finish(self, call: Call, result: Any) -> Response:
        for action in call.after_commit:
            action()
        if call.method.api.name == "bigquerydatatransfer":
            self._wake()
        if isinstance(result, Response):
            return result
        return Response(status_code=204) if result is None else JSONResponse(result)

    @staticmethod
    def _check_body(method: Method, body: bytes, query: dict[str, Any]) -> dict[str, Any]:
        try:
            payload = json.loads(body) if body.strip() else {}
        except ValueError as error:
            raise ApiError("INVALID_ARGUMENT", f"Invalid JSON payload received. {error}") from None
        moved = ALSO_IN_QUERY.get(method.id, {}).keys() & query.keys()
        if moved and isinstance(payload, dict):
            payload = {key: query[key] for key in moved} | payload
        return check_body(
            method,
            payload,
            # A patch of a resource may hold a part of it; a request message never does.
            complete=method.http_method != "PATCH"
            or (method.request_schema or "").endswith("Request"),
            keep_nulls=method.api.name == "storage",
        )


def _base_url(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def build_app(
    apis: GoogleApis,
    control: list[Route],
    *,
    start: Callable[[], None],
    stop: Callable[[], None],
) -> Starlette:
    """The ASGI application; `start` and `stop` frame the life of the background work."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        start()
        yield
        await run_in_threadpool(stop)

    async def health(request: Request) -> Response:
        return JSONResponse({"project": apis.cloud.project, "status": "ok"})

    async def everything(request: Request) -> Response:
        return await apis(request)

    return Starlette(
        routes=[
            Route("/healthz", health),
            *control,
            Route("/{path:path}", everything, methods=_VERBS),
        ],
        lifespan=lifespan,
        middleware=[Middleware(LoopbackOnly)],
    )
