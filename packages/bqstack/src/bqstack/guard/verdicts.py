"""Programs that were found right, and updates that were found to change nothing, remembered.

Declaring a program without an engine takes as long as declaring it to one. Its declarations follow
from its code, its files, its settings and the state: a digest of all of it names the verdict, so
one that is remembered is never stale. Only what is clean is remembered; a program with a mistake,
and an update that changes something, is looked at again each time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import gcptypes
from bqstack.analysis.user_cache import Kept, cache_folder
from bqstack.state import Checkpoint

_LIBRARIES = ("pulumi", "pulumi-gcp")


class Verdict:
    """Whether the update of this program on this state is known to change nothing.

    Without a state: whether the program is known to declare itself without a mistake.
    """

    def __init__(self, program: bytes, stack: str, checkpoint: Checkpoint | None = None) -> None:
        """`program` is the caller's digest of what its declarations depend on."""
        digest = hashlib.sha256(_code() + hashlib.sha256(program).digest())
        digest.update(stack.encode())
        if checkpoint is not None:
            # Without the manifest, whose time changes with every update.
            resources = checkpoint.deployment.get("resources")
            digest.update(json.dumps(resources, sort_keys=True).encode())
        kind = "declared" if checkpoint is None else "guard"
        self._kept, self._key = Kept(cache_folder() / kind), digest.hexdigest()

    def is_known(self) -> bool:
        """Whether it was remembered; being asked keeps it."""
        return self._kept.get(self._key) is not None

    def remember(self) -> None:
        """It is clean; forget what nobody has asked for in a month."""
        self._kept.put(self._key, "")
        self._kept.forget_old()


def digest_of(files: list[Path], *texts: str) -> bytes:
    """Digest of files, by their whole paths and contents, and of texts."""
    digest = hashlib.sha256("\0".join(texts).encode())
    for path in files:
        digest.update(os.fsencode(path) + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


@cache
def _code() -> bytes:
    """This library, the records of resource types, Pulumi's SDK and the interpreter."""
    packages = Path(__file__).parent.parent, Path(gcptypes.__file__).parent
    files = [file for package in packages for file in sorted(package.rglob("*.py"))]
    versions = [sys.version, *(version(name) for name in _LIBRARIES)]
    return digest_of(files, *versions)
