"""The local cloud's own switches: its clock, its schedules and its inbox.

Reached over HTTP beside Google's APIs; nothing of the local cloud is imported.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from bqstack.errors import UserError
from eros.cloud import endpoints
from eros.project.settings import Settings

_TIMEOUT_SECONDS = 60
# A walk says something at least once a run; no run may last longer.
_STEP_SECONDS = 900


class Control:
    """The switches of one local cloud. Raises UserError when it refuses or does not answer."""

    def __init__(self, settings: Settings) -> None:
        addresses = endpoints.load(settings)
        if not addresses:
            raise UserError(
                f"the stack {settings.stack} is not on the local cloud",
                fix="the clock and the inbox exist on the local cloud only",
            )
        parts = urlsplit(addresses["monitoringCustomEndpoint"])
        self._root = f"{parts.scheme}://{parts.netloc}/localcloud"
        self._session = requests.Session()
        # Straight to the loopback address, whatever proxy the environment names.
        self._session.trust_env = False
        self._session.headers["X-Local-Cloud-Token"] = endpoints.control_token(settings)

    def clock(self) -> dict[str, Any]:
        """What the clock shows (`now`), its `offsetSeconds`, `follows` and the `next` runs.

        `walk` is None, or how far somebody's walk is: `to`, `runs`, `made`.
        """
        return self._object("GET", "clock")

    def now(self) -> datetime:
        """What the clock shows."""
        return datetime.fromisoformat(self.clock()["now"])

    def shown(self, moments: Iterable[datetime]) -> list[datetime]:
        """What the clock showed at these moments of real time."""
        asked = [moment.isoformat() for moment in moments]
        answer = self._object("POST", "clock/shown", {"real": asked})
        return [datetime.fromisoformat(text) for text in answer["shown"]]

    def move(self, moment: datetime) -> dict[str, Any]:
        """Set the clock forward without running anything."""
        return self._object("POST", "clock", {"now": moment.isoformat()})

    def follow(self, follow: bool) -> dict[str, Any]:
        """Start scheduled queries when they are due in real time, or no more."""
        return self._object("POST", "clock", {"follow": follow})

    def advance(self, moment: datetime, *, every_run: bool) -> Generator[dict[str, Any]]:
        """Walk to a moment, running what is due on the way; one dict for each step.

        The walk ends early when this is closed, or this process ends.
        """
        body = {"to": moment.isoformat(), "everyRun": every_run}
        with self._send("POST", "clock/advance", body, stream=True) as answer:
            try:
                for line in answer.iter_lines():
                    yield json.loads(line)
            except requests.RequestException as error:
                raise UserError(
                    f"the local cloud stopped meanwhile: {error}", fix="eros local logs gcp"
                ) from None

    def settle(self) -> None:
        """Wait until what has happened so far is logged and judged."""
        self._send("POST", "settle")

    def inbox(self) -> list[dict[str, Any]]:
        """Delivered notifications, oldest first: `number`, `time`, `channel` and `payload`."""
        delivered: list[dict[str, Any]] = self._object("GET", "inbox")["notifications"]
        return delivered

    def clear_inbox(self) -> int:
        """Empty the inbox; how many notifications were in it."""
        return int(self._object("DELETE", "inbox")["deleted"])

    def _object(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer: dict[str, Any] = self._send(method, path, body).json()
        return answer

    def _send(
        self, method: str, path: str, body: Any = None, *, stream: bool = False
    ) -> requests.Response:
        timeout = _STEP_SECONDS if stream else _TIMEOUT_SECONDS
        try:
            answer = self._session.request(
                method, f"{self._root}/{path}", json=body, stream=stream, timeout=timeout
            )
        except requests.RequestException:
            raise UserError(
                f"the local cloud does not answer at {urlsplit(self._root).netloc}",
                fix="eros local up",
            ) from None
        if not answer.ok:
            raise UserError(_message(answer))
        return answer


def present(settings: Settings) -> datetime:
    """The present moment of a stack: of the local cloud's clock, or real time (UTC)."""
    if settings.endpoints_file is None:
        return datetime.now(UTC)
    return Control(settings).now()


def shown(settings: Settings, moments: Iterable[datetime]) -> list[datetime]:
    """Moments of this machine's time in the time of the stack.

    Pulumi's history has the machine's time. Rows and backups of a local stack have that of the
    local cloud, which may be days ahead. On Google both are the same.
    """
    asked = list(moments)
    if settings.endpoints_file is None or not asked:
        return asked
    return Control(settings).shown(asked)


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"the local cloud answered {answer.status_code}: {answer.text[:200]}"
