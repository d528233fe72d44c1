"""What the local cloud offers beside Google's APIs, below /localcloud/.

    GET    clock              now, offset, whether schedules are followed, the walk that is
                              going on, what is due next
    POST   clock/shown        {"real": [T]}: what the clock showed at these real moments
    POST   clock              {"now": T}: move the clock, run nothing; {"follow": true|false}
    POST   clock/advance      {"to": T, "everyRun": false}: walk there, one line of JSON a step;
                              ends with its listener
    POST   settle             write and judge what has happened so far
    GET    inbox              delivered notifications
    DELETE inbox              empty it

Times are RFC 3339. Errors have Google's shape. Each call carries the cloud's token, a file of
its owner's in the data folder: the clock and the inbox are not for other people on the machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from .api_errors import ApiError, invalid
from .call import Cloud
from .clock import parse_rfc3339, rfc3339
from .monitoring import delivery
from .store import Store
from .transfers import stored_configs
from .transfers.executor import TransferWorker
from .transfers.walk import Walk

TOKEN_FILE = "control-token"
TOKEN_HEADER = "X-Local-Cloud-Token"
_SHOWN_DUE = 10
_POLL_SECONDS = 0.05


class Control:
    """The handlers."""

    def __init__(
        self, cloud: Cloud, store: Store, worker: TransferWorker, walk: Walk, token: str | None
    ) -> None:
        self._cloud = cloud
        self._store = store
        self._worker = worker
        self._walk = walk
        self._token = token

    def routes(self) -> list[Route]:
        """Where each handler is reached."""
        handlers = {
            ("GET", "clock"): self._show_clock,
            ("POST", "clock"): self._set_clock,
            ("POST", "clock/advance"): self._advance,
            ("POST", "clock/shown"): self._shown,
            ("POST", "settle"): self._settle_now,
            ("GET", "inbox"): self._show_inbox,
            ("DELETE", "inbox"): self._clear_inbox,
        }
        return [
            Route(f"/localcloud/{path}", _endpoint(handler, self._token), methods=[method])
            for (method, path), handler in handlers.items()
        ]

    def _show_clock(self, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "now": rfc3339(self._cloud.clock.now()),
            "offsetSeconds": round(self._cloud.clock.offset.total_seconds()),
            "follows": self._worker.follows,
            "walk": self._walking(),
            "next": self._due(),
        }

    def _set_clock(self, body: dict[str, Any]) -> dict[str, Any]:
        if "now" in body:
            moment = _moment(body, "now")
            if moment < self._cloud.clock.now():
                raise invalid(f"The clock moves forward only, not to {rfc3339(moment)}.", "now")
            # What has happened so far belongs to the old time.
            self._walk.settle()
            self._cloud.clock.move_to(moment)
            self._walk.settle()
        if "follow" in body:
            self._worker.follow(bool(body["follow"]))
        return self._show_clock(body)

    def _advance(self, body: dict[str, Any]) -> Response:
        left = threading.Event()
        moment = _moment(body, "to")
        events = self._walk.to(moment, every_run=bool(body.get("everyRun")), left=left)
        return _Walking(events, left)

    def _walking(self) -> dict[str, Any] | None:
        now = self._walk.progress
        return None if now is None else {"to": rfc3339(now.to), "runs": now.runs, "made": now.made}

    def _shown(self, body: dict[str, Any]) -> dict[str, Any]:
        moments = body.get("real")
        if not isinstance(moments, list):
            raise invalid("The field 'real' is required: a list of times.", "real")
        asked = [_moment({"real": one}, "real") for one in moments]
        return {"shown": [rfc3339(self._cloud.clock.shown(one)) for one in asked]}

    def _settle_now(self, body: dict[str, Any]) -> dict[str, Any]:
        self._walk.settle()
        return {}

    def _show_inbox(self, body: dict[str, Any]) -> dict[str, Any]:
        with self._store.transaction() as tx:
            return {"notifications": delivery.inbox(tx)}

    def _clear_inbox(self, body: dict[str, Any]) -> dict[str, Any]:
        with self._store.transaction() as tx:
            return {"deleted": delivery.clear(tx)}

    def _due(self) -> list[dict[str, str]]:
        now = self._cloud.clock.now()
        with self._store.transaction() as tx:
            configs = tx.all(stored_configs.CONFIG)
        found = [
            (due, config.body["displayName"])
            for config in configs
            if (timetable := stored_configs.timetable(config))
            and (due := timetable.next_after(now))
        ]
        return [{"time": rfc3339(due), "title": title} for due, title in sorted(found)[:_SHOWN_DUE]]


class _Walking(StreamingResponse):
    """The steps of a walk, a line of JSON each; the walk ends when its listener has gone."""

    def __init__(self, events: Generator[dict[str, Any]], left: threading.Event) -> None:
        super().__init__(_lines(events), media_type="application/x-ndjson")
        self._events = events
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        listening = asyncio.create_task(self._hear(receive))
        try:
            await self.stream_response(send)
        except OSError:
            # The server's word for a client that has gone.
            pass
        finally:
            # The clock is free again, whatever has ended the stream.
            self._left.set()
            listening.cancel()
            await asyncio.shield(run_in_threadpool(_close, self._events))

    async def _hear(self, receive: Receive) -> None:
        await self.listen_for_disconnect(receive)
        self._left.set()


def _close(events: Generator[dict[str, Any]]) -> None:
    """Close a generator once the step that it is at has ended in its own thread."""
    while True:
        try:
            events.close()
            return
        except ValueError:
            time.sleep(_POLL_SECONDS)


def _endpoint(
    handler: Callable[[dict[str, Any]], Any], token: str | None
) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            if token is not None:
                _check_token(request.headers.get(TOKEN_HEADER, ""), token)
            result = await run_in_threadpool(handler, _body(await request.body()))
        except ApiError as error:
            return JSONResponse(error.body(), error.http_status)
        except OSError as error:
            failed = ApiError("INTERNAL", f"BigQuery does not answer: {error}")
            return JSONResponse(failed.body(), failed.http_status)
        return result if isinstance(result, Response) else JSONResponse(result)

    return endpoint


def _check_token(given: str, token: str) -> None:
    if not secrets.compare_digest(given.encode(), token.encode()):
        raise ApiError(
            "PERMISSION_DENIED", f"The header {TOKEN_HEADER} does not hold this cloud's token."
        )


def load_token(data_dir: Path) -> str:
    """The token of the cloud in this folder, made the first time."""
    path = data_dir / TOKEN_FILE
    if not path.is_file():
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe())
        draft.replace(path)
    return path.read_text()


def _body(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from None
    if not isinstance(body, dict):
        raise invalid("Invalid JSON payload received. Expected an object.")
    return body


def _lines(events: Iterator[dict[str, Any]]) -> Iterator[str]:
    for event in events:
        yield json.dumps(event) + "\n"


def _moment(body: dict[str, Any], field: str) -> datetime:
    try:
        moment = parse_rfc3339(str(body[field]))
    except KeyError:
        raise invalid(f"The field '{field}' is required.", field) from None
    except ValueError:
        raise invalid(f"Invalid time in '{field}': {body[field]!r}", field) from None
    if moment - datetime.now(moment.tzinfo) > timedelta(days=3660):
        raise invalid(f"'{field}' is more than ten years ahead: {body[field]!r}", field)
    return moment
