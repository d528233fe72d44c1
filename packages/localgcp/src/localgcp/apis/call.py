"""What a service sees of a request, and the table of the methods that are served."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .api_errors import ApiError, invalid
from .clock import Clock, rfc3339
from .discovery import Method
from .store import Resource, Transaction


@dataclass(frozen=True)
class Cloud:
    """The one project that this server plays."""

    project: str
    project_number: str
    data_dir: Path
    bigquery_url: str
    clock: Clock
    # Who calls: the local cloud knows no identities, records of changes need one.
    caller: str = "developer@localhost"


@dataclass
class Call:
    """One request, checked against the discovery document."""

    cloud: Cloud
    method: Method
    path: dict[str, str]
    query: dict[str, Any]
    body: dict[str, Any]
    tx: Transaction
    media: bytes = b""
    media_type: str = ""
    base_url: str = ""
    after_commit: list[Callable[[], None]] = field(default_factory=list)

    @property
    def target(self) -> str:
        """The resource name in the path, with the project's id for its number.

        Raises 403 for another project, as Google does for one that is not yours.
        """
        name = next(iter(self.path.values()))
        parts = name.split("/")
        if parts[0] == "projects" and len(parts) > 1:
            parts[1] = self.project(parts[1])
        return "/".join(parts)

    def project(self, id_or_number: str) -> str:
        """The project's id; 403 for any other project than the local one."""
        if id_or_number in (self.cloud.project, self.cloud.project_number, "-", "_"):
            return self.cloud.project
        raise ApiError(
            "PERMISSION_DENIED",
            f"Permission denied on resource project {id_or_number} (or it may not exist).",
        )

    @cached_property
    def now(self) -> str:
        """The moment of the request: one and the same in all that it writes."""
        return rfc3339(self.cloud.clock.now())

    def page(
        self,
        items: Iterable[Resource],
        *,
        size: str = "pageSize",
        default: int = 1000,
        newest_first: bool = False,
    ) -> tuple[list[Resource], str | None]:
        """One page of `items` and the token of the next one.

        `items` are sorted by `seq`; the token holds the last `seq` sent, so a
        resource made or deleted between two pages shifts nothing.
        """
        limit = self.query.get(size, self.body.get(size)) or default
        if limit < 0:
            raise invalid(f"{size} must not be negative", size)
        token = self.query.get("pageToken") or self.body.get("pageToken") or ""
        last = _token_seq(token) if token else None
        rest = [
            item
            for item in items
            if last is None or (item.seq < last if newest_first else item.seq > last)
        ]
        chosen = rest[:limit]
        return chosen, _token(chosen[-1].seq) if len(rest) > limit else None


Handler = Callable[[Call], Any]


class Registry:
    """Method id -> handler; each service module adds its own."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    def add(self, *method_ids: str) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            for method_id in method_ids:
                if method_id in self._handlers:
                    raise ValueError(f"{method_id} is served twice")
                self._handlers[method_id] = handler
            return handler

        return register

    def get(self, method_id: str) -> Handler | None:
        return self._handlers.get(method_id)

    def ids(self) -> frozenset[str]:
        return frozenset(self._handlers)


def _token(seq: int) -> str:
    return base64.urlsafe_b64encode(str(seq).encode()).decode()


def _token_seq(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token))
    except ValueError:
        raise invalid("The page token is invalid.", "page_token") from None
