"""What the analyser said of an SQL object, remembered while nothing that it can see changes.

Analysing a hundred objects takes ten seconds, and a change touches a few of them on one of the two
sides. The key holds the object as it is declared, those that its text mentions, directly or not,
and this library: what is recalled is never stale.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path

from bqstack.analysis.memory import Content
from bqstack.analysis.source import Source
from bqstack.analysis.user_cache import Kept, cache_folder
from bqstack.plan.lineage_graph import Object, Read, Step
from bqstack.unchecked import JsonMapping, JsonObject


class Memory:
    """The objects of one side."""

    def __init__(
        self,
        declared: Mapping[str, tuple[str, JsonMapping]],
        texts: Mapping[str, str],
        place: tuple[str, ...],
    ) -> None:
        """`declared` are type and inputs by name, `texts` the SQL in them, `place` theirs."""
        self._sources = {
            name: Source(Path(name), json.dumps([type_, values], sort_keys=True), texts[name])
            for name, (type_, values) in declared.items()
        }
        self._content = Content(self._sources, [_code(), *place])
        self._kept = Kept(cache_folder() / "lineage")
        # What has no type of its own gets it from the analyser, in a form that is not kept.
        self._untyped = {
            name
            for name, (_, values) in declared.items()
            if values.get("routineType") == "SCALAR_FUNCTION" and values.get("returnType") is None
        }

    def get(self, name: str) -> Object | None:
        """The object as it was learned from the same texts, if it was."""
        text = self._kept.get(self._key(name))
        try:
            return None if text is None else _read(json.loads(text))
        except (ValueError, KeyError, TypeError):
            return None  # nothing is lost but time

    def put(self, item: Object) -> None:
        """Remember an object that was understood."""
        if not item.mistake and item.name not in self._untyped:
            self._kept.put(self._key(item.name), json.dumps(asdict(item), default=sorted))

    def forget_old(self) -> None:
        """Delete what nobody has asked for in a month."""
        self._kept.forget_old()

    def _key(self, name: str) -> str:
        return f"{self._content.key(self._sources[name])}.json"


def _read(entry: JsonObject) -> Object:
    steps = [
        Step(
            step["share"],
            {
                name: Read(**{kind: frozenset(columns) for kind, columns in read.items()})
                for name, read in step["reads"].items()
            },
            step["calls"],
            step["changes"],
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
