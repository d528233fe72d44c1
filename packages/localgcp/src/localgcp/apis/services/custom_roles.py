"""IAM v1: custom roles of the project. A deleted one keeps its id, and can be taken back."""

from __future__ import annotations

import base64
import re
import secrets
from typing import Any

from ..api_errors import already_exists, invalid, not_found, precondition
from ..call import Call, Registry
from ..masks import apply_mask
from ..store import Resource

KIND = "iam.projects.roles"
# https://cloud.google.com/iam/docs/creating-custom-roles#role-id
_ROLE_ID = re.compile(r"[A-Za-z0-9_.]{3,64}")
_PERMISSION = re.compile(r"[a-z][A-Za-z0-9-]*(?:\.[A-Za-z0-9]+)+")
_OWN = frozenset({"title", "description", "includedPermissions", "stage"})


def register(registry: Registry) -> None:
    registry.add(f"{KIND}.create")(create)
    registry.add(f"{KIND}.get")(lambda call: _find(call).body)
    registry.add(f"{KIND}.list")(list_roles)
    registry.add(f"{KIND}.patch")(patch)
    registry.add(f"{KIND}.delete")(lambda call: _switch(call, deleted=True))
    registry.add(f"{KIND}.undelete")(lambda call: _switch(call, deleted=False))


def create(call: Call) -> dict[str, Any]:
    role_id = call.body.get("roleId", "")
    if not _ROLE_ID.fullmatch(role_id):
        raise invalid(
            "The role ID must have 3 to 64 letters, digits, underscores and periods.", "role_id"
        )
    name = f"{call.target}/roles/{role_id}"
    if held := call.tx.get(KIND, name):
        if held.body.get("deleted"):
            raise precondition(
                f"You can't create a role with role_id ({role_id}) where there is an existing"
                " role with that role_id in a deleted state."
            )
        raise already_exists(f"A role named {role_id} in {call.target} already exists.")
    given = call.body.get("role", {})
    body = {"name": name, **{key: given[key] for key in sorted(_OWN & given.keys())}}
    role = Resource(KIND, name, call.target, _checked(body))
    call.tx.insert(role)
    return role.body


def list_roles(call: Call) -> dict[str, Any]:
    shows_deleted = str(call.query.get("showDeleted", "")).lower() == "true"
    items = [
        item
        for item in call.tx.children(KIND, call.target)
        if shows_deleted or not item.body.get("deleted")
    ]
    chosen, token = call.page(items)
    answer: dict[str, Any] = {"roles": [item.body for item in chosen]} if chosen else {}
    return {**answer, "nextPageToken": token} if token else answer


def patch(call: Call) -> dict[str, Any]:
    role = _find(call)
    if role.body.get("deleted"):
        raise precondition(f"You can't update role_id ({role.name}), which is deleted.")
    mask = call.query.get("updateMask")
    schema = call.method.request or {}
    role.body = _checked(
        {**apply_mask(call.method.api, schema, role.body, call.body, mask), "name": role.name}
    )
    call.tx.update(role)
    return role.body


def _find(call: Call) -> Resource:
    found = call.tx.get(KIND, call.target)
    if found is None:
        raise not_found(f"The role named {call.target} was not found.")
    return found


def _switch(call: Call, *, deleted: bool) -> dict[str, Any]:
    role = _find(call)
    if bool(role.body.get("deleted")) is deleted:
        state = "already deleted" if deleted else "not deleted"
        raise precondition(f"The role {role.name} is {state}.")
    role.body = {key: value for key, value in role.body.items() if key != "deleted"}
    if deleted:
        role.body["deleted"] = True
    call.tx.update(role)
    return role.body


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    for permission in body.get("includedPermissions", ()):
        if not _PERMISSION.fullmatch(permission):
            raise invalid(f"Permission {permission} is not valid.", "role.included_permissions")
    return {"stage": "GA", **body, "etag": base64.b64encode(secrets.token_bytes(8)).decode()}
