"""Cloud Storage v1: objects, kept as plain files below `gcs/BUCKET/` of the data folder.

Plain files so that local-bigquery, whose GCS_LOCAL_ROOT is that folder, reads
and writes the same objects: a file it exported is listed here without having
been uploaded. One generation per object; old versions are not kept.
"""

from __future__ import annotations

import base64
import email.parser
import email.policy
import hashlib
import json
import os
import shutil
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import quote

import google_crc32c
from starlette.responses import Response

from ..api_errors import ApiError, invalid, not_found
from ..call import Call, Registry
from ..clock import rfc3339
from ..masks import merge_patch
from ..store import Resource

KIND = "storage.objects"
_BUCKET_KIND = "storage.buckets"
_UPLOAD_KIND = "storage.uploads"


def register(registry: Registry) -> None:
    registry.add(f"{KIND}.insert")(insert)
    registry.add(f"{KIND}.get")(get)
    registry.add(f"{KIND}.list")(list_objects)
    registry.add(f"{KIND}.patch")(patch)
    registry.add(f"{KIND}.delete")(delete)


def remove_folder(call: Call, bucket: str) -> None:
    """Drop the empty folder of a deleted bucket once the deletion is committed."""
    folder = _folder(call, bucket)
    call.after_commit.append(lambda: shutil.rmtree(folder, ignore_errors=True))


def _folder(call: Call, bucket: str) -> Path:
    return call.cloud.data_dir / "gcs" / bucket


def _bucket(call: Call) -> str:
    name = call.path["bucket"]
    if call.tx.get(_BUCKET_KIND, name) is None:
        raise not_found("The specified bucket does not exist.")
    return name


def _path(call: Call, bucket: str, name: str) -> Path:
    """Where an object's bytes live; refuses a name that would leave the bucket."""
    folder = _folder(call, bucket).resolve()
    path = (folder / name).resolve()
    if not name or name.endswith("/") or not path.is_relative_to(folder) or path == folder:
        raise invalid(f"Object name not supported by the local cloud: {name!r}")
    return path


def _find(call: Call) -> Resource:
    bucket, name = _bucket(call), call.path["object"]
    path = _path(call, bucket, name)
    if not path.is_file():
        raise not_found(f"No such object: {bucket}/{name}")
    return _load(call, bucket, name, path)


def _load(call: Call, bucket: str, name: str, path: Path) -> Resource:
    """The object's metadata, renewed when the file was written by somebody else."""
    stored = call.tx.get(KIND, f"{bucket}/{name}")
    stat = path.stat()
    if stored is not None and stored.private["mtime_ns"] == stat.st_mtime_ns:
        return stored
    given = {"contentType": "application/octet-stream"}
    return _record(call, bucket, name, path, given, stored)


def _record(
    call: Call, bucket: str, name: str, path: Path, given: dict[str, Any], old: Resource | None
) -> Resource:
    content = path.read_bytes()
    stat = path.stat()
    written = rfc3339(datetime.fromtimestamp(stat.st_mtime, UTC))
    generation = str(stat.st_mtime_ns // 1000)
    link = f"{call.base_url}/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
    media = f"{call.base_url}/download/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
    body = {
        "storageClass": "STANDARD",
        **given,
        "kind": "storage#object",
        "id": f"{bucket}/{name}/{generation}",
        "selfLink": link,
        "mediaLink": f"{media}?generation={generation}&alt=media",
        "name": name,
        "bucket": bucket,
        "generation": generation,
        "metageneration": "1",
        "size": str(len(content)),
        "md5Hash": base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode(),
        "crc32c": base64.b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode(),
        "etag": base64.b64encode(generation.encode()).decode(),
        "timeCreated": written,
        "updated": written,
        "timeStorageClassUpdated": written,
    }
    resource = Resource(KIND, f"{bucket}/{name}", bucket, body, {"mtime_ns": stat.st_mtime_ns})
    if old is None:
        call.tx.insert(resource)
    else:
        resource.seq = old.seq
        call.tx.update(resource)
    return resource


def insert(call: Call) -> Any:
    bucket = _bucket(call)
    kind = call.query.get("uploadType")
    if kind == "resumable":
        return _start_resumable(call, bucket)
    if kind == "multipart":
        metadata, content = _split_multipart(call)
    elif kind == "media":
        metadata, content = {"contentType": call.media_type}, call.media
    else:
        raise invalid("Only uploads of type media, multipart and resumable are served.")
    return _save(call, bucket, metadata, content)


def _start_resumable(call: Call, bucket: str) -> Response:
    """Answer with the address that takes the content in one PUT."""
    name = call.query.get("name") or call.body.get("name")
    if not name:
        raise invalid("Required parameter: name")
    upload_id = f"u{call.tx.next_id(_UPLOAD_KIND)}"
    body = {**call.body, "name": name, "bucket": bucket}
    call.tx.insert(Resource(_UPLOAD_KIND, upload_id, bucket, body))
    location = f"{call.base_url}/upload/storage/v1/b/{bucket}/o"
    location += f"?uploadType=resumable&upload_id={upload_id}"
    return Response(
        status_code=200, headers={"Location": location, "X-GUploader-UploadID": upload_id}
    )


def finish_resumable(call: Call, upload_id: str, content_range: str) -> Any:
    """The PUT that follows: the whole content at once, chunks are not served."""
    started = call.tx.get(_UPLOAD_KIND, upload_id)
    if started is None:
        raise not_found("Upload not found.")
    total = content_range.rsplit("/", 1)[-1]
    if content_range and total != str(len(call.media)):
        raise ApiError("UNIMPLEMENTED", "Uploads in several chunks are not served.")
    call.tx.delete(_UPLOAD_KIND, upload_id)
    metadata = dict(started.body)
    bucket = metadata.pop("bucket")
    return _save(call, bucket, metadata, call.media)


def _split_multipart(call: Call) -> tuple[dict[str, Any], bytes]:
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    message = parser.parsebytes(
        b"Content-Type: " + call.media_type.encode() + b"\r\n\r\n" + call.media
    )
    parts = list(message.iter_parts())
    if len(parts) != 2:
        raise invalid("A multipart upload has two parts: metadata and content.")
    described, content = (_payload(part) for part in parts)
    metadata = json.loads(described)
    metadata.setdefault("contentType", parts[1].get_content_type())
    return metadata, content


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        raise invalid("A part of a multipart upload holds parts of its own.")
    return payload


def _save(call: Call, bucket: str, metadata: dict[str, Any], content: bytes) -> dict[str, Any]:
    name = call.query.get("name") or metadata.get("name")
    if not name:
        raise invalid("Required parameter: name")
    path = _path(call, bucket, name)
    old = call.tx.get(KIND, f"{bucket}/{name}")
    _check_generation(call, old.body if old and path.is_file() else {})
    path.parent.mkdir(parents=True, exist_ok=True)
    # Rename so that no reader ever sees half an object.
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(content)
    os.replace(temporary, path)
    metadata.pop("name", None)
    if not metadata.get("contentType"):
        metadata["contentType"] = "application/octet-stream"
    return _record(call, bucket, name, path, metadata, old).body


def _check_generation(call: Call, body: dict[str, Any]) -> None:
    wanted = call.query.get("ifGenerationMatch")
    if wanted is not None and wanted != body.get("generation", "0"):
        raise ApiError(
            "CONDITION_NOT_MET", "At least one of the pre-conditions you specified did not hold."
        )


def get(call: Call) -> Any:
    found = _find(call)
    if call.query.get("alt") != "media":
        return found.body
    content = _path(call, found.parent, found.body["name"]).read_bytes()
    return Response(
        content,
        media_type=found.body["contentType"],
        headers={
            "X-Goog-Generation": found.body["generation"],
            "X-Goog-Hash": f"crc32c={found.body['crc32c']},md5={found.body['md5Hash']}",
        },
    )


def patch(call: Call) -> dict[str, Any]:
    found = _find(call)
    fixed = {"name", "bucket", "id", "kind", "generation", "size", "md5Hash", "crc32c"}
    change = {key: value for key, value in call.body.items() if key not in fixed}
    found.body = merge_patch(found.body, change)
    found.body["metageneration"] = str(int(found.body["metageneration"]) + 1)
    found.body["updated"] = call.now
    call.tx.update(found)
    return found.body


def delete(call: Call) -> None:
    found = _find(call)
    _check_generation(call, found.body)
    path = _path(call, found.parent, found.body["name"])
    call.tx.delete(KIND, found.name)
    path.unlink()


def _scan(call: Call, bucket: str) -> list[Resource]:
    """All objects of a bucket in the order of their names, the database brought up to date."""
    folder = _folder(call, bucket)
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )
    gone = {item.body["name"] for item in call.tx.children(KIND, bucket)} - set(names)
    for name in gone:
        call.tx.delete(KIND, f"{bucket}/{name}")
    return [_load(call, bucket, name, folder / name) for name in names]


def list_objects(call: Call) -> dict[str, Any]:
    """Objects by name; with a delimiter, what lies deeper is folded into `prefixes`."""
    bucket = _bucket(call)
    prefix, delimiter = call.query.get("prefix", ""), call.query.get("delimiter", "")
    items: list[Resource] = []
    prefixes: set[str] = set()
    for item in _scan(call, bucket):
        name = item.body["name"]
        if not name.startswith(prefix):
            continue
        rest = name[len(prefix) :]
        if delimiter and delimiter in rest:
            prefixes.add(prefix + rest.split(delimiter, 1)[0] + delimiter)
        else:
            items.append(item)
    # Paging follows the names, so positions stand in for the ages.
    for position, item in enumerate(items, start=1):
        item.seq = position
    chosen, token = call.page(items, size="maxResults")
    answer: dict[str, Any] = {"kind": "storage#objects"}
    if chosen:
        answer["items"] = [item.body for item in chosen]
    if prefixes:
        answer["prefixes"] = sorted(prefixes)
    return {**answer, "nextPageToken": token} if token else answer
