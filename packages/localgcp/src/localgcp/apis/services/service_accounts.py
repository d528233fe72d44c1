"""IAM v1: service accounts and who may use them. Keys are not served: nothing here signs."""

from __future__ import annotations

import base64
import re
import secrets
from typing import Any

from .. import iam_policy
from ..api_errors import aborted, already_exists, invalid, not_found
from ..call import Call, Registry
from ..store import Resource

KIND = "iam.projects.serviceAccounts"
_ACCOUNT_ID = re.compile(r"[a-z](?:[-a-z0-9]{4,28}[a-z0-9])")


def register(registry: Registry) -> None:
    registry.add(f"{KIND}.create")(create)
    registry.add(f"{KIND}.get")(get)
    registry.add(f"{KIND}.list")(list_accounts)
    registry.add(f"{KIND}.patch")(patch)
    registry.add(f"{KIND}.delete")(delete)
    registry.add(f"{KIND}.enable")(lambda call: _switch(call, disabled=False))
    registry.add(f"{KIND}.disable")(lambda call: _switch(call, disabled=True))
    registry.add(f"{KIND}.getIamPolicy")(lambda call: iam_policy.read(call, _find(call).name))
    registry.add(f"{KIND}.setIamPolicy")(
        lambda call: iam_policy.write(call, _find(call).name, call.body.get("policy", {}))
    )
    registry.add(f"{KIND}.testIamPermissions")(
        lambda call: {"permissions": call.body.get("permissions", [])}
    )


def find_by_email(call: Call, email: str) -> Resource | None:
    """The account of this project with that address."""
    return call.tx.get(KIND, f"projects/{call.cloud.project}/serviceAccounts/{email}")


def _find(call: Call) -> Resource:
    wanted = call.target.rsplit("/", 1)[-1]
    for account in call.tx.all(KIND):
        if wanted in (account.body["email"], account.body["uniqueId"]):
            return account
    raise not_found(f"Unknown service account: {wanted}")


def _etag() -> str:
    return base64.b64encode(secrets.token_bytes(8)).decode()


def create(call: Call) -> dict[str, Any]:
    account_id = call.body["accountId"]
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise invalid(
            "The account ID must be 6 to 30 characters, lowercase letters, digits and dashes,"
            " starting with a letter.",
            "account_id",
        )
    project = call.cloud.project
    email = f"{account_id}@{project}.iam.gserviceaccount.com"
    name = f"{call.target}/serviceAccounts/{email}"
    if call.tx.get(KIND, name):
        raise already_exists(f"Service account {account_id} already exists within project {name}.")
    unique_id = str(10**20 + secrets.randbelow(9 * 10**19))
    given = call.body.get("serviceAccount", {})
    account = Resource(
        KIND,
        name,
        call.target,
        {
            "name": name,
            "projectId": project,
            "uniqueId": unique_id,
            "email": email,
            **{key: given[key] for key in ("displayName", "description") if key in given},
            "etag": _etag(),
            "oauth2ClientId": unique_id,
        },
    )
    call.tx.insert(account)
    return account.body


def get(call: Call) -> dict[str, Any]:
    return _find(call).body


def list_accounts(call: Call) -> dict[str, Any]:
    chosen, token = call.page(call.tx.children(KIND, call.target), default=20)
    answer: dict[str, Any] = {"accounts": [item.body for item in chosen]} if chosen else {}
    return {**answer, "nextPageToken": token} if token else answer


def patch(call: Call) -> dict[str, Any]:
    account = _find(call)
    given = call.body.get("serviceAccount", {})
    mask = call.body.get("updateMask", "")
    fields = {part.strip().replace("display_name", "displayName") for part in mask.split(",")}
    if not fields <= {"displayName", "description"}:
        raise invalid("Only display_name and description can be updated.", "update_mask")
    if given.get("etag", account.body["etag"]) != account.body["etag"]:
        raise aborted("The service account was changed by somebody else; read it again.")
    masked = {key: value for key, value in given.items() if key in fields}
    account.body = {
        **{key: value for key, value in account.body.items() if key not in fields},
        **masked,
        "etag": _etag(),
    }
    call.tx.update(account)
    return account.body


def delete(call: Call) -> dict[str, Any]:
    account = _find(call)
    call.tx.delete(KIND, account.name)
    iam_policy.remove(call, account.name)
    return {}


def _switch(call: Call, *, disabled: bool) -> dict[str, Any]:
    account = _find(call)
    account.body.pop("disabled", None)
    if disabled:
        account.body["disabled"] = True
    call.tx.update(account)
    return {}
