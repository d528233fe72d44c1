"""IAM policies: the same read, change and write cycle for every resource that has one."""

from __future__ import annotations

import base64
import re
from typing import Any

from . import service_agents
from .api_errors import ApiError, aborted, invalid
from .call import Call
from .store import Resource

KIND = "iam.policy"

# The etag of a policy that nobody has ever set.
EMPTY_ETAG = "ACAB"
_ROLE = re.compile(r"(projects/[^/]+/|organizations/\d+/)?roles/[\w.]+")
_MEMBER = re.compile(
    r"allUsers|allAuthenticatedUsers"
    r"|(user|serviceAccount|group|domain|deleted|projectOwner|projectEditor|projectViewer):\S+"
    r"|principal(Set)?://\S+"
)


def read(call: Call, resource: str, default: dict[str, Any] | None = None) -> dict[str, Any]:
    """The policy of `resource`; `default` before anything was set."""
    found = call.tx.get(KIND, resource)
    return found.body if found else {"etag": EMPTY_ETAG, **(default or {})}


def write(
    call: Call,
    resource: str,
    policy: dict[str, Any],
    *,
    fields: set[str] | None = None,
    default: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Replace the policy of `resource` and return it with its new etag.

    fields: the update mask, None for all. Raises 409 ABORTED when the caller
    read an older policy than the one stored, 400 for a role or member that
    cannot be.
    """
    old = read(call, resource, default)
    etag = policy.get("etag")
    if etag and _plain(etag) != _plain(old["etag"]):
        raise aborted(
            "There were concurrent policy changes. Please retry the whole read-modify-write"
            " with exponential backoff."
        )
    new = {"version": policy.get("version", 1)}
    for name in ("bindings", "auditConfigs"):
        source = policy if fields is None or name in fields else old
        if source.get(name):
            new[name] = source[name]
    if "bindings" in new:
        new["bindings"] = _bindings(call, new["bindings"])
    if not any("condition" in binding for binding in new.get("bindings", ())):
        # Google stores version 3 only where a condition needs it.
        new["version"] = 1
    new["etag"] = _next_etag(call)
    _save(call, resource, new)
    return new


def remove(call: Call, resource: str) -> None:
    """Forget the policy of a resource that is being deleted."""
    call.tx.delete(KIND, resource)


def _save(call: Call, resource: str, policy: dict[str, Any]) -> None:
    stored = Resource(KIND, resource, "", policy)
    if call.tx.get(KIND, resource):
        call.tx.update(stored)
    else:
        call.tx.insert(stored)


def _bindings(call: Call, bindings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bindings checked, merged by role and condition, sorted as Google gives them back."""
    merged: dict[tuple[str, str], dict[str, Any]] = {}
    for binding in bindings:
        role = binding.get("role", "")
        if not _ROLE.fullmatch(role):
            raise invalid(f"Role {role!r} is not supported for this resource.", "policy.bindings")
        for member in binding.get("members", ()):
            _check_member(call, member)
        condition = binding.get("condition")
        target = merged.setdefault(
            (role, repr(condition)),
            {"role": role, "members": [], **({"condition": condition} if condition else {})},
        )
        target["members"] = sorted({*target["members"], *binding.get("members", ())})
    return [merged[key] for key in sorted(merged) if merged[key]["members"]]


def _check_member(call: Call, member: str) -> None:
    if not _MEMBER.fullmatch(member):
        raise invalid(f"Invalid member: {member!r}", "policy.bindings.members")
    # Google refuses accounts that do not exist, the usual sign of a missing dependency.
    email = member.removeprefix("serviceAccount:")
    ours = f"@{call.cloud.project}.iam.gserviceaccount.com"
    if email != member and email.endswith(ours):
        name = f"projects/{call.cloud.project}/serviceAccounts/{email}"
        if call.tx.get("iam.projects.serviceAccounts", name) is None:
            raise _no_account(email)
    if service_agents.is_missing(call, email):
        raise _no_account(email)


def _no_account(email: str) -> ApiError:
    return invalid(f"Service account {email} does not exist.", "policy.bindings.members")


def _next_etag(call: Call) -> str:
    number = call.tx.next_id("iam.etag")
    return base64.b64encode(b"\x07" + number.to_bytes(8, "big")).decode()


def _plain(etag: str) -> str:
    """Clients re-encode bytes fields; both base64 alphabets mean the same etag."""
    return etag.replace("-", "+").replace("_", "/").rstrip("=")
