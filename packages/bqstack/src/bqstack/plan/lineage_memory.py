"""What the analyser said of an SQL object, remembered while nothing that it can see changes.

Analysing a hundred objects takes ten seconds, and a change touches a few of them on one of the two
sides. The key holds the object as it is declared, those that its text mentions, directly or not,
and this library: what is recalled is never stale.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bqstack.analysis.memory import Content
from bqstack.analysis.source import Source
from bqstack.analysis.user_cache import cache_folder
from bqstack.plan.lineage_graph import Object, Read, Step

# What nobody has asked for in this time is of a text that is gone.
_KEPT_SECONDS = 30 * 24 * 60 * 60
_DAY_SECONDS = 24 * 60 * 60


class Memory:
    """The objects of one side."""

    def __init__(
        self,
        declared: Mapping[str, tuple[str, Mapping[str, Any]]],
        texts: Mapping[str, str],
        place: tuple[str, ...],
    ) -> None:
        """`declared` are type and inputs by name, `texts` the SQL in them, `place` theirs."""
        self._sources = {
            name: Source(Path(name), json.dumps([type_, values], sort_keys=True), texts[name])
            for name, (type_, values) in declared.items()
        }
        self._content = Content(self._sources, [_code(), *place])
        self._folder = cache_folder() / "lineage"
        # What has no type of its own gets it from the analyser, in a form that is not kept.
        self._untyped = {
            name
            for name, (_, values) in declared.items()
            if values.get("routineType") == "SCALAR_FUNCTION" and values.get("returnType") is None
        }

    def get(self, name: str) -> Object | None:
        """The object as it was learned from the same texts, if it was."""
        path = self._file(name)
        try:
            item = _read(json.loads(path.read_text(encoding="utf-8")))
            if time.time() - path.stat().st_mtime > _DAY_SECONDS:
                path.touch()
        except (OSError, ValueError, KeyError, TypeError):
            return None  # nothing is lost but time
        return item

    def put(self, item: Object) -> None:
        """Remember an object that was understood; without a folder to write it costs time only."""
        if item.mistake or item.name in self._untyped:
            return
        path = self._file(item.name)
        try:
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}")
            unfinished.write_text(json.dumps(asdict(item), default=sorted), encoding="utf-8")
            unfinished.replace(path)
        except OSError:
            return

    def forget_old(self) -> None:
        """Delete what nobody has asked for in a month."""
        try:
            limit = time.time() - _KEPT_SECONDS
            for path in self._folder.iterdir():
                if path.stat().st_mtime < limit:
                    path.unlink(missing_ok=True)
        except OSError:
            return

    def _file(self, name: str) -> Path:
        return self._folder / f"{self._content.key(self._sources[name])}.json"


def _read(entry: dict[str, Any]) -> Object:
    steps = [
        Step(
            step["share"],
            {
                name: Read(**{kind: frozenset(columns) for kind, columns in read.items()})
                for name, read in step["reads"].items()
            },
            step["calls"],
        )
        for step in entry["steps"]
    ]
    values = entry | {
        "needs": tuple(entry["needs"]),
        "outputs": {name: _places(found) for name, found in entry["outputs"].items()},
        "reads": _places(entry["reads"]),
        "scans": [
            {name: set(columns) for name, columns in scan.items()} for scan in entry["scans"]
        ],
        "steps": steps,
    }
    return Object(**values)


def _places(found: list[list[str]]) -> set[tuple[str, str]]:
    return {(name, column) for name, column in found}


@cache
def _code() -> str:
    """This library, Google's analyser and the interpreter."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256(f"{sys.version}/{version('zetasql')}".encode())
    for path in sorted(package.rglob("*.py")):
        # Without the folder: all clones of a person share what is remembered.
        digest.update(path.relative_to(package).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
