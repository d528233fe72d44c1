"""A stack's file that was being written when the machine or the engine died.

The engine copies the file to `NAME.bak` before it writes the next one (pkg/backend/diy/state.go).
It begins no operation before it is written down, so the copy knows of every operation that the
broken file would have known as begun.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bqstack.errors import UserError
from bqstack.state import checkpoints
from bqstack.state.reading import backend_url, files_of, parse
from bqstack.state.state_files import Checkpoint

_COPY = ".bak"
_ASIDE = ".broken"


@dataclass(frozen=True)
class Damage:
    """A file that is no checkpoint, and the engine's copy of the one before it."""

    name: str
    """Path of the file within the backend."""
    copy: Checkpoint | None
    """What the copy holds; None when there is none, or when it is broken, too."""
    _folder: checkpoints.Files

    @property
    def time(self) -> datetime | None:
        """When the copy was the newest state."""
        return self.copy.time if self.copy else None

    def put_back(self) -> None:
        """Put the copy in the place of the broken file, which stays beside it."""
        name = self.name.rpartition("/")[2]
        broken, whole = self._folder.content(name), self._folder.content(name + _COPY)
        self._folder.write(name + _ASIDE, broken)
        self._folder.write(name, whole)


def drop_broken_notes(root: Path) -> int:
    """Delete broken notes beside the files of a backend in a folder; how many. Raises UserError."""
    return len(checkpoints.drop_broken_notes(backend_url(root), root))


def damage(stack: str, root: Path, storage: checkpoints.Storage | None = None) -> Damage | None:
    """What is broken; None when the stack can be read, or when its backend keeps no files.

    `storage` reads backends in Cloud Storage.
    A stack without a file is no broken one: `pulumi stack rm` leaves a copy behind, too.
    Raises UserError when the backend cannot be read.
    """
    backend = backend_url(root)
    if not checkpoints.is_kept_in_files(backend):
        return None
    folder = f".pulumi/stacks/{checkpoints.project(root)}/"
    kept = checkpoints.files(backend, folder, root, storage)
    if kept is None:
        return None
    names = set(kept.names())
    there = files_of(stack.rpartition("/")[2], names)
    broken = [name for name in there if _checkpoint(kept, name) is None]
    if not broken or len(broken) < len(there):
        return None
    for name in broken:
        if name + _COPY in names and (copy := _checkpoint(kept, name + _COPY)):
            return Damage(folder + name, copy, kept)
    return Damage(folder + broken[0], None, kept)


def _checkpoint(kept: checkpoints.Files, name: str) -> Checkpoint | None:
    content = kept.content(name)
    try:
        return parse(content, name)
    except UserError:
        return None
