"""Files that backends in folders and buckets keep, which `pulumi` itself does not give.

`pulumi stack export --version` works on Pulumi's cloud only. The other backends keep
`.pulumi/history/<project>/<stack>/<stack>-<nanoseconds>.{history,checkpoint}.json`, one pair
for each update, packed by gzip or zstd when asked (pkg/backend/diy/state.go).
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from bqstack import documents
from bqstack.durable import write_bytes
from bqstack.errors import UserError

Storage = Callable[[], Any]
"""Makes a client of Cloud Storage's JSON API, as googleapiclient builds it."""
_FILES = ("file",)
_BUCKETS = ("gs",)
# Pulumi keeps stacks there, too; their clients are no dependency of this project.
_OTHER_BUCKETS = ("s3", "azblob")
_NOTE = ".attrs"
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


def is_kept_in_files(backend: str) -> bool:
    """Whether this backend has files, in a folder or a bucket, rather than a service."""
    return urlsplit(backend).scheme in (*_FILES, *_BUCKETS, *_OTHER_BUCKETS)


class NotKept(UserError):
    """There is no checkpoint of this update."""


class Unreachable(UserError):
    """The checkpoint is in a place that is not read; `files` are its names there."""

    def __init__(self, message: str, backend: str, files: str) -> None:
        self.files = files
        super().__init__(message, value=backend, fix=f"copy {files} to this machine, read the copy")


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


def files(backend: str, folder: str, root: Path, storage: Storage | None) -> Files | None:
    """The files of a folder of the backend; None where no client for it is at hand.

    A folder needs none, a bucket of Cloud Storage needs `storage`.
    """
    scheme = urlsplit(backend).scheme
    if scheme in _FILES:
        return _Folder(backend, folder, root)
    return _Bucket(backend, folder, storage) if scheme in _BUCKETS and storage else None


def project(root: Path) -> str:
    """Name of the project, which is part of every path in a backend."""
    name: str = documents.read_yaml(root / "Pulumi.yaml", "Pulumi.yaml")["name"]
    return name


def read(backend: str, stack: str, version: int, root: Path, storage: Storage | None) -> bytes:
    """The checkpoint file of one update, as it is kept.

    Raises NotKept when there is none, Unreachable when the backend is not a folder, nor a
    bucket with a `storage` to read it.
    """
    folder = f".pulumi/history/{project(root)}/{stack.rpartition('/')[2]}/"
    kept = files(backend, folder, root, storage)
    if kept is None:
        raise Unreachable(
            f"checkpoints in {urlsplit(backend).scheme}:// cannot be read by number",
            backend,
            f"{folder}*.checkpoint.json of the update",
        )
    names = kept.names()
    updates = sorted(name for name in names if ".history.json" in name)
    if not 1 <= version <= len(updates):
        raise _unknown(version, stack)
    prefix = updates[version - 1].partition(".history.json")[0] + ".checkpoint.json"
    found = [name for name in names if name.startswith(prefix)]
    if not found:
        raise NotKept(f"update {version} of stack {stack} left no checkpoint")
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
    return NotKept(
        f"stack {stack} has no update {version}",
        fix=f"pulumi stack history --stack {stack} lists the updates",
    )


def drop_broken_notes(backend: str, root: Path) -> list[Path]:
    """Delete what the backend's library was writing beside a file when it died; its paths.

    It notes the type and a digest of each file in `NAME.attrs`, does without where there is none,
    and where one is broken the engine reads neither the file nor the list of stacks
    (`error: EOF`). Backends that are no folder have none. Raises UserError.
    """
    if urlsplit(backend).scheme not in _FILES:
        return []
    found = []
    place = _place(backend, root) / ".pulumi"
    try:
        for note in sorted(place.rglob(f"*{_NOTE}")):
            if not _is_json(note):
                note.unlink()
                found.append(note)
    except OSError as error:
        raise UserError(f"cannot be repaired: {error.strerror}", file=place) from None
    return found


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except ValueError:
        return False
    return True


def _place(backend: str, root: Path) -> Path:
    path = backend.removeprefix("file://").partition("?")[0]
    return root / Path(path).expanduser()


class _Folder:
    """A folder of a folder: `file:///path`, `file://~/path` or `file://./path`."""

    def __init__(self, backend: str, folder: str, root: Path) -> None:
        self._folder = _place(backend, root) / folder

    def names(self) -> list[str]:
        """Names of the files; those that end in .attrs belong to the backend's library."""
        if not self._folder.is_dir():
            return []
        try:
            return [p.name for p in self._folder.iterdir() if not p.name.endswith(_NOTE)]
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

    def __init__(self, backend: str, folder: str, storage: Storage) -> None:
        parts = urlsplit(backend)
        self._bucket = parts.netloc
        self._prefix = "/".join(filter(None, (parts.path.strip("/"), folder)))
        self._objects = storage().objects()

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
