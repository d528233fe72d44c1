"""A whole check without a finding, remembered with the catalogue that it read.

What a check gives depends on the files below sql/, on what the program says of the rest, and on
this library: all of it goes into the key, so what is recalled is never stale. A run without a
change reads its files once for the key and neither renders, parses nor analyses them.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path

from bqstack import texts
from bqstack.analysis.beside import Beside
from bqstack.analysis.findings import Note, Report
from bqstack.analysis.user_cache import cache_folder
from bqstack.catalogue.loader import Catalogue
from bqstack.catalogue.sql_objects import (
    Argument,
    ForeignKey,
    Kind,
    MaterializedView,
    Reference,
    Routine,
    SqlObject,
    Table,
    View,
)
from bqstack.target import Target
from bqstack.unchecked import JsonObject

_CLASSES = {kind.__name__: kind for kind in (MaterializedView, Routine, Table, View)}
# Fields that are tuples of what JSON has, too.
_TUPLES = ("clustering", "primary_key", "schema")
# Beside our own code, what a result depends on.
_LIBRARIES = ("jinja2", "pydantic", "pyyaml", "sqlglot", "zetasql")


def key(target: Target, root: Path, beside: Beside) -> str | None:
    """Key of all that a check of one stack reads.

    None where a file of it cannot be read, or nobody can say what it depends on.
    """
    if beside.fingerprint is None:
        return None
    digest = hashlib.sha256(_program())
    place = (target.project, target.dataset, target.location, target.environment)
    digest.update("\0".join(place).encode())
    try:
        digest.update(beside.fingerprint())
        digest.update(fingerprint([root / "sql"]))
    except OSError:
        return None  # the check says which, and why
    return digest.hexdigest()


def fingerprint(folders: Iterable[Path]) -> bytes:
    """Digest of the files below some folders, by name and content; raises OSError."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in texts.below(folder):
            digest.update(b"\0" + path.relative_to(folder.parent).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


def get(key: str) -> Report | None:
    """The report of this key; None when there is none."""
    path = _file(key)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        objects = [_object(entry) for entry in found["catalogue"]]
        report = Report(
            findings=[],
            notes=[Note(**{**note, "file": Path(note["file"])}) for note in found["notes"]],
            objects=found["objects"],
            statements=found["statements"],
            catalogue=Catalogue({o.name: o for o in objects}, frozenset(found["adopted"])),
        )
        path.touch()
    except (OSError, ValueError, KeyError, TypeError):
        return None  # nothing is lost but time
    return report


def put(key: str, report: Report) -> None:
    """Remember a report without a finding; a folder that cannot be written costs time only."""
    if report.findings or report.catalogue is None:
        return
    content = {
        "catalogue": [_written(found) for found in report.catalogue],
        "adopted": sorted(report.catalogue.adopted),
        "notes": [asdict(note) for note in report.notes],
        "objects": report.objects,
        "statements": report.statements,
    }
    path = _file(key)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps(content, default=str), encoding="utf-8")
        unfinished.replace(path)
    except OSError:
        return


def _file(key: str) -> Path:
    # Beside the outcomes of single texts, which are forgotten by their age: this is, too.
    return cache_folder() / "analysis" / f"whole-{key}.json"


def _written(found: SqlObject) -> JsonObject:
    return {**asdict(found), "class": type(found).__name__, "kind": found.kind.value}


def _object(entry: JsonObject) -> SqlObject:
    values = {**entry, "kind": Kind(entry["kind"]), "path": Path(entry["path"])}
    kind = _CLASSES[values.pop("class")]
    values["references"] = tuple(Reference(**one) for one in entry["references"])
    if "arguments" in entry:
        values["arguments"] = tuple(Argument(**one) for one in entry["arguments"])
    if "foreign_keys" in entry:
        values["foreign_keys"] = tuple(_foreign_key(one) for one in entry["foreign_keys"])
    values.update({name: tuple(entry[name]) for name in _TUPLES if name in entry})
    return kind(**values)


def _foreign_key(entry: JsonObject) -> ForeignKey:
    pairs = {name: tuple(entry[name]) for name in ("columns", "referenced")}
    return ForeignKey(**{**entry, **pairs})


@cache
def _program() -> bytes:
    """The versions of the libraries and of our own code that reads and checks files."""
    digest = hashlib.sha256(sys.version.encode())
    digest.update("/".join(version(name) for name in _LIBRARIES).encode())
    package = Path(__file__).parent
    for path in sorted(
        [
            *package.parent.glob("*.py"),
            *package.glob("*.py"),
            *(package.parent / "catalogue").glob("*.py"),
        ]
    ):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()
