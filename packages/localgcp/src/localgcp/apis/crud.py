"""Collections that are plain create, get, list, update and delete, described by a table."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .api_errors import already_exists, not_found
from .call import Call, Registry
from .masks import apply_mask
from .store import Resource


def _keep(call: Call, resource: Resource, old: Resource | None) -> None:
    """The default of `prepare`: nothing to fill in."""


def _publish(call: Call, resource: Resource) -> dict[str, Any]:
    return resource.body


def _allow(call: Call, resource: Resource) -> None:
    """The default of `before_delete`: nothing blocks it."""


def number_id(call: Call) -> str:
    """An id as Monitoring gives them: about 19 digits, unique."""
    return str(secrets.randbelow(9 * 10**18) + 10**18)


@dataclass(frozen=True)
class Collection:
    """One kind of resource and what is special about it.

    kind: the key in the store, also the prefix of the discovery method ids.
    segment: the collection's word in resource names and in list answers.
    new_id: the id of a new resource, from the request or made up.
    prepare: fills in what the server assigns and refuses what it does not take,
        before a write; gets the old state on an update.
    publish: the answer for a stored resource.
    """

    kind: str
    segment: str
    new_id: Callable[[Call], str] = number_id
    prepare: Callable[[Call, Resource, Resource | None], None] = _keep
    publish: Callable[[Call, Resource], dict[str, Any]] = _publish
    before_delete: Callable[[Call, Resource], None] = _allow
    update_verb: str = "patch"
    missing: str = "Requested entity was not found."

    def register(self, registry: Registry, *, without: tuple[str, ...] = ()) -> None:
        """Serve the methods of this collection, those in `without` excepted."""
        handlers = {
            "create": self.create,
            "get": self.get,
            "list": self.list,
            self.update_verb: self.update,
            "delete": self.delete,
        }
        for verb, handler in handlers.items():
            if verb not in without:
                registry.add(f"{self.kind}.{verb}")(handler)

    def find(self, call: Call, name: str | None = None) -> Resource:
        """The stored resource; 404 when there is none."""
        found = call.tx.get(self.kind, name or call.target)
        if found is None:
            raise not_found(self.missing)
        return found

    def create(self, call: Call) -> dict[str, Any]:
        parent = call.target
        name = f"{parent}/{self.segment}/{self.new_id(call)}"
        if call.tx.get(self.kind, name):
            raise already_exists(f"Resource '{name}' already exists.")
        resource = Resource(self.kind, name, parent, {**call.body, "name": name})
        self.prepare(call, resource, None)
        call.tx.insert(resource)
        return self.publish(call, resource)

    def get(self, call: Call) -> dict[str, Any]:
        return self.publish(call, self.find(call))

    def list(self, call: Call) -> dict[str, Any]:
        chosen, token = call.page(call.tx.children(self.kind, call.target))
        answer: dict[str, Any] = {}
        if chosen:
            answer[self.segment] = [self.publish(call, item) for item in chosen]
        if token:
            answer["nextPageToken"] = token
        return answer

    def update(self, call: Call) -> dict[str, Any]:
        old = self.find(call)
        mask = call.query.get("updateMask")
        body = apply_mask(call.method.api, call.method.request or {}, old.body, call.body, mask)
        body["name"] = old.body["name"]
        new = Resource(old.kind, old.name, old.parent, body, dict(old.private), old.seq)
        self.prepare(call, new, old)
        call.tx.update(new)
        return self.publish(call, new)

    def delete(self, call: Call) -> dict[str, Any]:
        resource = self.find(call)
        self.before_delete(call, resource)
        call.tx.delete(self.kind, resource.name)
        return {}
