"""Cloud Storage v1: buckets and their IAM policies."""

from __future__ import annotations

import base64
import re
from typing import Any

from .. import iam_policy
from ..api_errors import ApiError, already_exists, invalid, not_found
from ..call import Call, Registry
from ..masks import merge_patch
from ..store import Resource
from . import storage_objects

KIND = "storage.buckets"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_MULTI_REGIONS = {"US", "EU", "ASIA"}
_DUAL_REGIONS = {"NAM4", "EUR4", "EUR5", "EUR7", "EUR8", "ASIA1"}
_STORAGE_CLASSES = {"STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"}
_SOFT_DELETE_SECONDS = "604800"
# What the server alone decides; a patch that names them changes nothing.
_ASSIGNED = (
    "kind", "id", "name", "selfLink", "projectNumber", "location", "locationType",
    "generation", "timeCreated",
)  # fmt: skip


def register(registry: Registry) -> None:
    registry.add(f"{KIND}.insert")(insert)
    registry.add(f"{KIND}.get")(get)
    registry.add(f"{KIND}.list")(list_buckets)
    registry.add(f"{KIND}.patch")(patch)
    registry.add(f"{KIND}.update")(update)
    registry.add(f"{KIND}.delete")(delete)
    registry.add(f"{KIND}.getIamPolicy")(get_policy)
    registry.add(f"{KIND}.setIamPolicy")(set_policy)
    registry.add(f"{KIND}.testIamPermissions")(test_permissions)
    registry.add("storage.anywhereCaches.list")(list_caches)


def find(call: Call) -> Resource:
    """The bucket in the path; 404 when there is none."""
    found = call.tx.get(KIND, call.path["bucket"])
    if found is None:
        raise not_found("The specified bucket does not exist.")
    return found


def check_generation(call: Call, body: dict[str, Any], field: str) -> None:
    """Preconditions of the query such as ifMetagenerationMatch; 412 when one fails."""
    word = field[0].upper() + field[1:]
    current = body.get(field, "0")
    wanted = call.query.get(f"if{word}Match")
    unwanted = call.query.get(f"if{word}NotMatch")
    if (wanted is not None and wanted != current) or (unwanted is not None and unwanted == current):
        raise ApiError(
            "CONDITION_NOT_MET", "At least one of the pre-conditions you specified did not hold."
        )


def etag(metageneration: str) -> str:
    return base64.b64encode(b"\x08" + metageneration.encode()).decode()


def insert(call: Call) -> dict[str, Any]:
    name = call.body.get("name", "")
    if not _NAME.fullmatch(name) or name.startswith("goog"):
        raise invalid(f"Invalid bucket name: '{name}'")
    if "project" not in call.query:
        raise invalid("Required parameter: project")
    call.project(call.query["project"])
    if call.tx.get(KIND, name):
        raise already_exists(
            "Your previous request to create the named bucket succeeded and you already own it."
        )
    location = call.body.get("location", "US").upper()
    body = {
        "kind": "storage#bucket",
        "id": name,
        "selfLink": f"{call.base_url}/storage/v1/b/{name}",
        "projectNumber": call.cloud.project_number,
        "name": name,
        "location": location,
        "locationType": _location_type(location),
        "generation": str(int(call.cloud.clock.now().timestamp() * 1e6)),
        "timeCreated": call.now,
        "storageClass": "STANDARD",
        "metageneration": "0",
        **{key: value for key, value in call.body.items() if key not in _ASSIGNED},
    }
    if body["locationType"] == "multi-region":
        body.setdefault("rpo", "DEFAULT")
    bucket = Resource(KIND, name, call.cloud.project, body)
    _finish(call, bucket)
    call.tx.insert(bucket)
    return bucket.body


def _location_type(location: str) -> str:
    if location in _MULTI_REGIONS:
        return "multi-region"
    return "dual-region" if location in _DUAL_REGIONS else "region"


def _finish(call: Call, bucket: Resource) -> None:
    """Check what was sent and fill in the defaults and versions."""
    body = bucket.body
    body["storageClass"] = body["storageClass"].upper()
    if body["storageClass"] not in _STORAGE_CLASSES:
        raise invalid(f"Invalid storage class: {body['storageClass']}")
    _check_lifecycle(body.get("lifecycle", {}))
    iam = dict(body.get("iamConfiguration", {}))
    uniform = dict(iam.get("uniformBucketLevelAccess", {}))
    uniform.setdefault("enabled", False)
    iam["uniformBucketLevelAccess"] = uniform
    iam["bucketPolicyOnly"] = dict(uniform)
    prevention = iam.setdefault("publicAccessPrevention", "inherited")
    if prevention not in ("inherited", "unspecified", "enforced"):
        raise invalid(f"Invalid value for publicAccessPrevention: {prevention}")
    body["iamConfiguration"] = iam
    soft = dict(body.get("softDeletePolicy", {}))
    soft.setdefault("retentionDurationSeconds", _SOFT_DELETE_SECONDS)
    soft.setdefault("effectiveTime", call.now)
    body["softDeletePolicy"] = soft
    for name in ("labels", "lifecycle"):
        # Removing the last entry removes the whole part.
        if name in body and not body[name]:
            del body[name]
    body["metageneration"] = str(int(body["metageneration"]) + 1)
    body["etag"] = etag(body["metageneration"])
    body["updated"] = call.now


def _check_lifecycle(lifecycle: dict[str, Any]) -> None:
    for rule in lifecycle.get("rule", []):
        action = rule.get("action", {})
        kinds = ("Delete", "SetStorageClass", "AbortIncompleteMultipartUpload")
        if action.get("type") not in kinds:
            raise invalid(f"Invalid lifecycle action: {action.get('type')}")
        if not rule.get("condition"):
            raise invalid("A lifecycle rule needs at least one condition.")


def get(call: Call) -> dict[str, Any]:
    bucket = find(call)
    check_generation(call, bucket.body, "metageneration")
    return bucket.body


def list_buckets(call: Call) -> dict[str, Any]:
    if "project" not in call.query:
        raise invalid("Required parameter: project")
    call.project(call.query["project"])
    prefix = call.query.get("prefix", "")
    rows = [item for item in call.tx.all(KIND) if item.name.startswith(prefix)]
    chosen, token = call.page(rows, size="maxResults")
    answer: dict[str, Any] = {"kind": "storage#buckets"}
    if chosen:
        answer["items"] = [item.body for item in chosen]
    return {**answer, "nextPageToken": token} if token else answer


def patch(call: Call) -> dict[str, Any]:
    bucket = find(call)
    check_generation(call, bucket.body, "metageneration")
    change = {key: value for key, value in call.body.items() if key not in _ASSIGNED}
    bucket.body = merge_patch(bucket.body, change)
    bucket.body.setdefault("storageClass", "STANDARD")
    _finish(call, bucket)
    call.tx.update(bucket)
    return bucket.body


def update(call: Call) -> dict[str, Any]:
    bucket = find(call)
    check_generation(call, bucket.body, "metageneration")
    kept = {key: bucket.body[key] for key in (*_ASSIGNED, "metageneration")}
    bucket.body = {"storageClass": "STANDARD", **call.body, **kept}
    _finish(call, bucket)
    call.tx.update(bucket)
    return bucket.body


def delete(call: Call) -> None:
    bucket = find(call)
    check_generation(call, bucket.body, "metageneration")
    if call.tx.children(storage_objects.KIND, bucket.name):
        raise already_exists("The bucket you tried to delete is not empty.")
    call.tx.delete(KIND, bucket.name)
    iam_policy.remove(call, f"b/{bucket.name}")
    storage_objects.remove_folder(call, bucket.name)


def _default_policy(call: Call) -> dict[str, Any]:
    """A new bucket is open to the project's owners, editors and viewers."""
    project = call.cloud.project
    return {
        "bindings": [
            {
                "role": "roles/storage.legacyBucketOwner",
                "members": [f"projectEditor:{project}", f"projectOwner:{project}"],
            },
            {
                "role": "roles/storage.legacyBucketReader",
                "members": [f"projectViewer:{project}"],
            },
        ],
        "version": 1,
    }


def get_policy(call: Call) -> dict[str, Any]:
    bucket = find(call)
    policy = iam_policy.read(call, f"b/{bucket.name}", _default_policy(call))
    return _as_storage_policy(bucket, policy)


def set_policy(call: Call) -> dict[str, Any]:
    bucket = find(call)
    try:
        policy = iam_policy.write(
            call, f"b/{bucket.name}", call.body, default=_default_policy(call)
        )
    except ApiError as error:
        if error.status == "ABORTED":
            # Storage says 412 where the other APIs say 409.
            raise ApiError("CONDITION_NOT_MET", error.message) from None
        raise
    return _as_storage_policy(bucket, policy)


def _as_storage_policy(bucket: Resource, policy: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "storage#policy",
        "resourceId": f"projects/_/buckets/{bucket.name}",
        **policy,
    }


def test_permissions(call: Call) -> dict[str, Any]:
    find(call)
    return {
        "kind": "storage#testIamPermissionsResponse",
        "permissions": call.query.get("permissions", []),
    }


def list_caches(call: Call) -> dict[str, Any]:
    find(call)
    return {"kind": "storage#anywhereCaches"}
