"""The project itself: Resource Manager v1, its IAM policy, and Cloud Billing's word of it."""

from __future__ import annotations

from typing import Any

from .. import iam_policy
from ..call import Call, Registry
from ..store import Resource

_ROOT = "cloudresourcemanager.projects"


def register(registry: Registry) -> None:
    registry.add(f"{_ROOT}.get")(get)
    registry.add(f"{_ROOT}.list")(list_projects)
    registry.add(f"{_ROOT}.getAncestry")(ancestry)
    registry.add(f"{_ROOT}.getIamPolicy")(get_policy)
    registry.add(f"{_ROOT}.setIamPolicy")(set_policy)
    registry.add(f"{_ROOT}.testIamPermissions")(test_permissions)
    registry.add("cloudbilling.projects.getBillingInfo")(billing)


def _project(call: Call) -> dict[str, Any]:
    found = call.tx.get(_ROOT, call.cloud.project)
    if found is None:
        # The project exists from the first moment somebody looks at it.
        found = Resource(
            _ROOT,
            call.cloud.project,
            "",
            {
                "projectNumber": call.cloud.project_number,
                "projectId": call.cloud.project,
                "lifecycleState": "ACTIVE",
                "name": call.cloud.project,
                "createTime": call.now,
            },
        )
        call.tx.insert(found)
    return found.body


def get(call: Call) -> dict[str, Any]:
    call.project(call.path["projectId"])
    return _project(call)


def list_projects(call: Call) -> dict[str, Any]:
    return {"projects": [_project(call)]}


def ancestry(call: Call) -> dict[str, Any]:
    project = call.project(call.path["projectId"])
    return {"ancestor": [{"resourceId": {"type": "project", "id": project}}]}


def billing(call: Call) -> dict[str, Any]:
    """A project that nobody pays for, as Google answers for one."""
    return {
        "name": f"{call.target}/billingInfo",
        "projectId": call.target.removeprefix("projects/"),
        "billingAccountName": "",
        "billingEnabled": False,
    }


def get_policy(call: Call) -> dict[str, Any]:
    return iam_policy.read(call, f"projects/{call.project(call.path['resource'])}")


def set_policy(call: Call) -> dict[str, Any]:
    # Without a mask only bindings and etag are written.
    mask = call.body.get("updateMask") or "bindings,etag"
    return iam_policy.write(
        call,
        f"projects/{call.project(call.path['resource'])}",
        call.body["policy"],
        fields=set(mask.replace("audit_configs", "auditConfigs").split(",")),
    )


def test_permissions(call: Call) -> dict[str, Any]:
    # Whoever reaches the local cloud owns it.
    call.project(call.path["resource"])
    return {"permissions": call.body.get("permissions", [])}
