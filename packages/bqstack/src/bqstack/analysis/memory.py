"""What was found in procedures that have not changed, nor anything that they can see.

A body's result depends on its text, on the catalogue, on the allow comments of its own
file and on this program: all of it goes into the key, so a result is never stale. Bodies
take most of the time of a run, and most runs follow the edit of one file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bqstack.analysis.findings import Finding, Note
from bqstack.analysis.source import Source
from bqstack.analysis.wasm import cache_folder
from bqstack.analysis.world import World


@dataclass(frozen=True)
class Outcome:
    """Result of checking one body; `allowed` are lines of allow comments that were used."""

    findings: list[Finding]
    notes: list[Note]
    statements: int
    allowed: list[int]


class Memory:
    """Outcomes of earlier runs of one project and stack."""

    def __init__(self, root: Path, environment: str) -> None:
        place = hashlib.sha256(f"{root.resolve()}\n{environment}".encode()).hexdigest()[:16]
        self._path = cache_folder() / f"validate-{place}.json"
        self._known: dict[str, Any] = _read(self._path)
        self._used: dict[str, Any] = {}

    def get(self, key: str) -> Outcome | None:
        """Outcome of this key, if there is one."""
        found = self._known.get(key)
        if found is None:
            return None
        self._used[key] = found
        return Outcome(
            findings=[Finding(**{**f, "file": Path(f["file"])}) for f in found["findings"]],
            notes=[Note(**{**n, "file": Path(n["file"])}) for n in found["notes"]],
            statements=found["statements"],
            allowed=found["allowed"],
        )

    def put(self, key: str, outcome: Outcome) -> None:
        """Remember an outcome."""
        self._used[key] = asdict(outcome)

    def save(self, *, complete: bool) -> None:
        """Write for the next run; after a `complete` run what was not used is forgotten."""
        kept = self._used if complete else {**self._known, **self._used}
        if kept == self._known:
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps(kept, default=str), encoding="utf-8")
        unfinished.replace(self._path)


def fingerprint(world: World) -> str:
    """Everything that a body can see, and the program that looks."""
    digest = hashlib.sha256(_program())
    digest.update(world.catalogue({}, {}).SerializeToString(deterministic=True))
    digest.update(repr(sorted(world.failed)).encode())
    for name in sorted(world.facts):
        known = world.facts[name]
        keys = sorted(sorted(key) for key in known.keys)
        digest.update(repr((name, known.partition, keys, known.required)).encode())
    return digest.hexdigest()


def key(seen: str, source: Source, arguments: Mapping[str, Any]) -> str:
    """Key of one body."""
    parts = [seen, source.path.as_posix(), source.text, source.sql, repr(sorted(arguments))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def _program() -> bytes:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return b"".join([version("zetasql").encode(), *(file.read_bytes() for file in files)])


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        # Nothing is lost but time.
        return {}
    return found if isinstance(found, dict) else {}
