"""Service Usage: which APIs are enabled, and their agents. Enabling takes effect at once."""

from __future__ import annotations

from typing import Any

from .. import long_running, service_agents
from ..api_errors import invalid, not_found
from ..call import Call, Registry
from ..discovery import known_services
from ..store import Resource

_SERVICE = "serviceusage.services"
_OPERATION = "serviceusage.operations"
_TYPE = "type.googleapis.com/google.api.serviceusage.v1"
_IDENTITY_TYPE = "type.googleapis.com/google.api.serviceusage.v1beta1.ServiceIdentity"
# What a project can do before anybody has enabled anything: the APIs that
# enabling itself needs.
_INITIAL = ("cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com")


def register(registry: Registry) -> None:
    registry.add(f"{_SERVICE}.list")(list_services)
    registry.add(f"{_SERVICE}.get")(get)
    registry.add(f"{_SERVICE}.batchGet")(batch_get)
    registry.add(f"{_SERVICE}.enable")(enable)
    registry.add(f"{_SERVICE}.disable")(disable)
    registry.add(f"{_SERVICE}.batchEnable")(batch_enable)
    registry.add(f"{_SERVICE}.generateServiceIdentity")(generate_identity)
    registry.add(f"{_OPERATION}.get")(long_running.reader(_OPERATION))


def _rows(call: Call) -> list[Resource]:
    """Every known service; the position in the alphabet is the key of paging."""
    enabled = {item.name for item in call.tx.all(_SERVICE) if item.body["enabled"]}
    touched = {item.name for item in call.tx.all(_SERVICE)}
    return [
        Resource(_SERVICE, name, "", _service(call, name, name in enabled or
                 (name in _INITIAL and name not in touched)), seq=position)
        for position, name in enumerate(sorted(known_services()), start=1)
    ]  # fmt: skip


def _service(call: Call, name: str, enabled: bool) -> dict[str, Any]:
    number = call.cloud.project_number
    return {
        "name": f"projects/{number}/services/{name}",
        "parent": f"projects/{number}",
        "config": {"name": name, "title": name.removesuffix(".googleapis.com")},
        "state": "ENABLED" if enabled else "DISABLED",
    }


def _find(call: Call, name: str) -> dict[str, Any]:
    for row in _rows(call):
        if row.name == name:
            return row.body
    raise not_found(f"Not found or permission denied for service(s): {name}.")


def _set(call: Call, name: str, enabled: bool) -> dict[str, Any]:
    _find(call, name)
    stored = call.tx.get(_SERVICE, name)
    if stored is None:
        call.tx.insert(Resource(_SERVICE, name, "", {"enabled": enabled}))
    else:
        stored.body["enabled"] = enabled
        call.tx.update(stored)
    return _service(call, name, enabled)


def list_services(call: Call) -> dict[str, Any]:
    # The check of the project is part of reading the target.
    _ = call.target
    wanted = call.query.get("filter", "")
    if wanted not in ("", "state:ENABLED", "state:DISABLED"):
        raise invalid(f"Invalid filter: {wanted}", "filter")
    if call.query.get("pageSize", 0) > 200:
        raise invalid("Page size must not exceed 200.", "page_size")
    rows = [row for row in _rows(call) if row.body["state"] == (wanted[6:] or row.body["state"])]
    chosen, token = call.page(rows, default=50)
    answer: dict[str, Any] = {"services": [row.body for row in chosen]} if chosen else {}
    return {**answer, "nextPageToken": token} if token else answer


def get(call: Call) -> dict[str, Any]:
    return _find(call, call.target.split("/")[-1])


def batch_get(call: Call) -> dict[str, Any]:
    names = [name.split("/")[-1] for name in call.query.get("names", [])]
    return {"services": [_find(call, name) for name in names]}


def enable(call: Call) -> dict[str, Any]:
    service = _set(call, call.target.split("/")[-1], True)
    return _finished(call, {"@type": f"{_TYPE}.EnableServiceResponse", "service": service})


def disable(call: Call) -> dict[str, Any]:
    service = _set(call, call.target.split("/")[-1], False)
    return _finished(call, {"@type": f"{_TYPE}.DisableServiceResponse", "service": service})


def batch_enable(call: Call) -> dict[str, Any]:
    _ = call.target
    names = call.body.get("serviceIds", [])
    if len(names) > 20:
        raise invalid("At most 20 services can be enabled in one request.", "service_ids")
    services = [_set(call, name, True) for name in names]
    return _finished(call, {"@type": f"{_TYPE}.BatchEnableServicesResponse", "services": services})


def generate_identity(call: Call) -> dict[str, Any]:
    """Make a service's agent; made before, it is the same."""
    service = call.target.split("/")[-1]
    _find(call, service)
    return _finished(call, {"@type": _IDENTITY_TYPE, **service_agents.make(call, service)})


def _finished(call: Call, response: dict[str, Any]) -> dict[str, Any]:
    number = call.tx.next_id(_OPERATION)
    name = f"operations/acf.p2-{call.cloud.project_number}-{number}"
    return long_running.finished(call, _OPERATION, name, response)
