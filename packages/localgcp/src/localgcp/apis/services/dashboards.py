"""Monitoring v1: dashboards.

Empty, zero and false values are gone from what is stored and given back, as
from Google's answers: the check of the body has dropped them.
"""

from __future__ import annotations

import secrets
from typing import Any

from ..api_errors import aborted, already_exists, invalid
from ..call import Call, Registry
from ..crud import Collection
from ..store import Resource

_LAYOUTS = ("gridLayout", "mosaicLayout", "rowLayout", "columnLayout")
_MAX_COLUMNS = 48


def _new_etag() -> str:
    return secrets.token_hex(16)


def _prepare(call: Call, dashboard: Resource, old: Resource | None) -> None:
    body = dashboard.body
    layouts = [name for name in _LAYOUTS if name in body]
    if len(layouts) > 1:
        raise invalid(f"Only one layout can be set, found {', '.join(layouts)}.", "dashboard")
    if "mosaicLayout" in body:
        _check_mosaic(body["mosaicLayout"])
    given = call.body.get("etag")
    if old is not None and given is not None and given != old.body["etag"]:
        raise aborted("The etag does not match the current version of the dashboard.")
    body["etag"] = _new_etag()


def _check_mosaic(layout: dict[str, Any]) -> None:
    columns = layout.get("columns", 0)
    if not 1 <= columns <= _MAX_COLUMNS:
        raise invalid(
            f"Field mosaicLayout.columns has an invalid value: it must be 1 to {_MAX_COLUMNS}.",
            "dashboard.mosaic_layout.columns",
        )
    for position, tile in enumerate(layout.get("tiles", [])):
        field = f"dashboard.mosaic_layout.tiles[{position}]"
        if tile.get("width", 0) < 1 or tile.get("height", 0) < 1:
            raise invalid(f"Field {field} must have a width and a height above 0.", field)
        if tile.get("xPos", 0) + tile["width"] > columns:
            raise invalid(f"Field {field} reaches beyond the last column.", field)


DASHBOARDS = Collection(
    "monitoring.projects.dashboards",
    "dashboards",
    new_id=lambda call: secrets.token_hex(16),
    prepare=_prepare,
)


def register(registry: Registry) -> None:
    DASHBOARDS.register(registry, without=("create", "patch"))
    registry.add("monitoring.projects.dashboards.create")(create)
    registry.add("monitoring.projects.dashboards.patch")(patch)


def create(call: Call) -> dict[str, Any]:
    """Create under the name in the body, or under a made-up one."""
    name = call.body.get("name")
    if name is None:
        name = f"{call.target}/dashboards/{DASHBOARDS.new_id(call)}"
    dashboard_id = name.rsplit("/", 1)[-1]
    resource = Resource(
        DASHBOARDS.kind,
        f"{call.target}/dashboards/{dashboard_id}",
        call.target,
        {**call.body, "name": f"projects/{call.cloud.project_number}/dashboards/{dashboard_id}"},
    )
    if call.tx.get(resource.kind, resource.name):
        raise already_exists(f"Dashboard {name} already exists.")
    _prepare(call, resource, None)
    if not call.query.get("validateOnly"):
        call.tx.insert(resource)
    return resource.body


def patch(call: Call) -> dict[str, Any]:
    """Replace the whole dashboard; this method has no field mask."""
    if not call.query.get("validateOnly"):
        return DASHBOARDS.update(call)
    old = DASHBOARDS.find(call)
    trial = Resource(old.kind, old.name, old.parent, dict(call.body))
    _prepare(call, trial, old)
    return trial.body
