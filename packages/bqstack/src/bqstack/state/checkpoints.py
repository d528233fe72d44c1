"""Files that backends in folders and buckets keep, which `pulumi` itself does not give.

`pulumi stack export --version` works on Pulumi's cloud only. The other backends keep
`.pulumi/history/<project>/<stack>/<stack>-<nanoseconds>.{history,checkpoint}.json`, one pair
for each update, packed by gzip or zstd when asked (pkg/backend/diy/state.go).
"""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from bqstack import documents
from bqstack.durable import write_bytes
from bqstack.errors import UserError

_FILES = ("file",)
_BUCKETS = ("gs",)
# Pulumi keeps stacks there, too; their clients are no dependency of this project.
_OTHER_BUCKETS = ("s3", "azblob")
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


def is_kept_in_files(backend: str) -> bool:
    """Whether this backend has files, in a folder or a bucket, rather than a service."""
    return urlsplit(backend).scheme in (*_FILES, *_BUCKETS, *_OTHER_BUCKETS)


class Files(Protocol):
    """The files of one folder of a backend."""

    def names(self) -> list[str]:
        """Their names."""
        ...

    def content(self, name: str) -> bytes:
        """One file."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write a file in one step, on top of one that is there."""
        ...


def files(backend: str, folder: str, stack: str, root: Path) -> Files | None:
    """The files of a folder of the backend; None where no client for it is at hand."""
    scheme = urlsplit(backend).scheme
    if scheme in _FILES:
        return _Folder(backend, folder, root)
    return _Bucket(backend, folder, stack, root) if scheme in _BUCKETS else None


def project(root: Path) -> str:
    """Name of the project, which is part of every path in a backend."""
    name: str = documents.read_yaml(root / "Pulumi.yaml", "Pulumi.yaml")["name"]
    return name


def read(backend: str, stack: str, version: int, root: Path) -> bytes:
    """The checkpoint file of one update, as it is kept; raises UserError when there is none."""
    folder = f".pulumi/history/{project(root)}/{stack.rpartition('/')[2]}/"
    kept = files(backend, folder, stack, root)
    if kept is None:
        raise UserError(
            f"checkpoints in {urlsplit(backend).scheme}:// cannot be read by their number",
            value=backend,
            fix=f"copy {folder}*.checkpoint.json of the update to this machine, "
            "then: eros rollback --to FILE",
        )
    names = kept.names()
    updates = sorted(name for name in names if ".history.json" in name)
    if not 1 <= version <= len(updates):
        raise _unknown(version, stack)
    prefix = updates[version - 1].partition(".history.json")[0] + ".checkpoint.json"
    found = [name for name in names if name.startswith(prefix)]
    if not found:
        raise UserError(
            f"update {version} of stack {stack} left no checkpoint",
            fix=f"eros rollback --stack {stack} lists those that can be chosen",
        )
    return kept.content(min(found, key=len))


def unpacked(content: bytes) -> bytes:
    """The JSON text of a file, whichever way it was packed."""
    if content.startswith(_GZIP):
        return gzip.decompress(content)
    if content.startswith(_ZSTD):
        import pyarrow

        packed = pyarrow.CompressedInputStream(pyarrow.BufferReader(content), "zstd")
        return bytes(packed.read())
    return content


def _unknown(version: int, stack: str) -> UserError:
    return UserError(
        f"stack {stack} has no update {version}",
        fix=f"eros rollback --list --stack {stack} lists the updates",
    )


class _Folder:
    """A folder of a folder: `file:///path`, `file://~/path` or `file://./path`."""

    def __init__(self, backend: str, folder: str, root: Path) -> None:
        path = backend.removeprefix("file://").partition("?")[0]
        self._folder = root / Path(path).expanduser() / folder

    def names(self) -> list[str]:
        """Names of the files; those that end in .attrs belong to the backend's library."""
        if not self._folder.is_dir():
            return []
        try:
            return [p.name for p in self._folder.iterdir() if not p.name.endswith(".attrs")]
        except OSError as error:
            raise UserError(f"cannot be read: {error.strerror}", file=self._folder) from None

    def content(self, name: str) -> bytes:
        """One file."""
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise UserError(f"cannot be read: {error.strerror}", file=self._folder / name) from None

    def write(self, name: str, content: bytes) -> None:
        """Write a file in one step."""
        try:
            write_bytes(self._folder / name, content)
        except OSError as error:
            message = f"cannot be written: {error.strerror}"
            raise UserError(message, file=self._folder / name) from None


class _Bucket:
    """A folder in Cloud Storage: `gs://bucket/path`."""

    def __init__(self, backend: str, folder: str, stack: str, root: Path) -> None:
        parts = urlsplit(backend)
        self._bucket = parts.netloc
        self._prefix = "/".join(filter(None, (parts.path.strip("/"), folder)))
        self._objects = _storage(stack, root).objects()

    def names(self) -> list[str]:
        """Names of the objects under the folder."""
        found: list[str] = []
        request = self._objects.list(bucket=self._bucket, prefix=self._prefix)
        while request is not None:
            page = request.execute()
            found += [i["name"].removeprefix(self._prefix) for i in page.get("items", [])]
            request = self._objects.list_next(request, page)
        return found

    def content(self, name: str) -> bytes:
        """One object."""
        request = self._objects.get_media(bucket=self._bucket, object=self._prefix + name)
        content: bytes = request.execute()
        return content

    def write(self, name: str, content: bytes) -> None:
        """Write an object, which Cloud Storage does in one step."""
        from googleapiclient.http import MediaIoBaseUpload

        body = MediaIoBaseUpload(io.BytesIO(content), "application/octet-stream")
        self._objects.insert(
            bucket=self._bucket, name=self._prefix + name, media_body=body
        ).execute()


def _storage(stack: str, root: Path) -> Any:
    # Imported late: a stack in a folder needs no client of Google's.
    from eros.cloud.google import Google
    from eros.project.settings import load_stack_file

    return Google(load_stack_file(stack.rpartition("/")[2], root), root).api("storage")
