"""Reading a stack through `pulumi`, and the checkpoints that `pulumi` itself does not give."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bqstack import engine
from bqstack.errors import UserError
from bqstack.state import checkpoints
from bqstack.state.checkpoints import Storage
from bqstack.state.state_files import Checkpoint, Update

# organisation/project/name
_WHOLE_NAME = 3
# How a file backend names the file of a stack: plain, gzip, zstd.
_ENDINGS = (".json", ".json.gz", ".json.zst")
# What JSON of another shape ends in.
_MISSHAPEN = (AttributeError, KeyError, TypeError, ValueError)


def current(stack: str, root: Path) -> Checkpoint:
    """What the stack holds now; raises UserError when pulumi cannot read it."""
    return _exported("stack", "export", "--stack", stack, version=None, root=root)


def kept_in_folder(stack: str, root: Path) -> Checkpoint | None:
    """What the stack holds now, read from its file without a process of pulumi's.

    `stack` has its organisation and its project in front. None where `pulumi` must be asked:
    another backend than a folder named by PULUMI_BACKEND_URL, or no file that is understood.
    """
    backend = os.environ.get("PULUMI_BACKEND_URL", "")
    parts = stack.split("/")
    if urlsplit(backend).scheme != "file" or len(parts) != _WHOLE_NAME:
        return None
    _, project, name = parts
    kept = checkpoints.files(backend, f".pulumi/stacks/{project}/", root, None)
    if kept is None:
        return None
    try:
        # A stack is kept packed or plain; anything else is an unfinished change.
        there = files_of(name, kept.names())
        return parse(kept.content(there[0]), there[0]) if len(there) == 1 else None
    except UserError:
        return None  # pulumi says what is wrong with it


def files_of(stack: str, names: Collection[str]) -> list[str]:
    """Those of the files of a backend that are a stack's; nothing stands in front of its name."""
    return [stack + ending for ending in _ENDINGS if stack + ending in names]


def history(stack: str, root: Path) -> list[Update]:
    """The stack's updates, newest first.

    Pulumi's cloud numbers them; file and bucket backends say 0 for each, there they are
    counted from 1, the oldest that is kept. Raises UserError when pulumi cannot read them.
    """
    arguments = ("stack", "history", "--stack", stack)
    entries = _answer(*arguments, "--json", "--full-dates", "--page-size", "0", root=root)
    try:
        return [
            Update.from_history(entry, entry.get("version") or len(entries) - index)
            for index, entry in enumerate(entries)
        ]
    except _MISSHAPEN:
        raise _unreadable(arguments, "no history of a stack") from None


def load(stack: str, version: int, root: Path, storage: Storage | None = None) -> Checkpoint:
    """The resources that update `version` left.

    `storage` reads backends in Cloud Storage. Raises UserError when pulumi cannot be asked,
    NotKept when there is no such checkpoint, Unreachable when the backend cannot be read.
    """
    backend = backend_url(root)
    if not checkpoints.is_kept_in_files(backend):
        arguments = ("stack", "export", "--stack", stack, "--version", str(version))
        return _exported(*arguments, version=version, root=root)
    content = checkpoints.read(backend, stack, version, root, storage)
    return parse(content, f"update {version} of stack {stack}", version)


def backend_url(root: Path) -> str:
    """Address of the backend that pulumi uses; raises UserError."""
    asked = ("whoami", "--verbose", "--json")
    try:
        url: str = _answer(*asked, root=root)["url"]
    except _MISSHAPEN:
        raise _unreadable(asked, "no address of a backend") from None
    return url


def load_file(path: Path) -> Checkpoint:
    """A checkpoint that somebody copied out of a backend, or a `pulumi stack export`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", file=path) from None
    return parse(content, str(path))


def _exported(*arguments: str, version: int | None, root: Path) -> Checkpoint:
    document = _answer(*arguments, root=root)
    try:
        return _checkpoint(document["deployment"], version)
    except _MISSHAPEN:
        raise _unreadable(arguments, "no deployment of a stack") from None


def _answer(*arguments: str, root: Path) -> Any:
    """The JSON that pulumi prints."""
    try:
        return json.loads(engine.output(*arguments, root=root))
    except ValueError:
        raise _unreadable(arguments, "no JSON") from None
    except OSError as error:
        raise UserError(f"pulumi {' '.join(arguments)}: cannot be run: {error}") from None


def _unreadable(arguments: tuple[str, ...], what: str) -> UserError:
    command = f"pulumi {' '.join(arguments)}"
    return UserError(
        f"`{command}` printed {what}",
        fix="run it by hand to see what is wrong",
    )


def parse(content: bytes, what: str, version: int | None = None) -> Checkpoint:
    """The checkpoint in a file of a backend, or in an export; UserError names `what`."""
    try:
        document = json.loads(checkpoints.unpacked(content))
        deployment = document.get("deployment") or document["checkpoint"]["latest"]
        # A stack that was never updated has none.
        return _checkpoint(deployment or {}, version)
    except (*_MISSHAPEN, EOFError, OSError, zlib.error):
        raise UserError(f"{what}: this is not a Pulumi checkpoint") from None


def _checkpoint(deployment: Any, version: int | None) -> Checkpoint:
    if not isinstance(deployment, Mapping):
        raise TypeError
    return Checkpoint.from_deployment(deployment, version)
