"""Long-running operations: here the work takes no time, so each is kept as it has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .api_errors import not_found
from .call import Call
from .store import Resource


def finished(
    call: Call, kind: str, name: str, response: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """Keep an operation of a kind, which is the prefix of its discovery methods; its answer."""
    body = {"name": name, "done": True, "response": response, **more}
    call.tx.insert(Resource(kind, name, "", body))
    return body


def reader(kind: str) -> Callable[[Call], dict[str, Any]]:
    """The handler of the kind's `get`."""

    def get_operation(call: Call) -> dict[str, Any]:
        found = call.tx.get(kind, call.target)
        if found is None:
            raise not_found(f"Operation {call.target} not found.")
        return found.body

    return get_operation
