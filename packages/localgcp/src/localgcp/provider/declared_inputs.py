"""The inputs pulumi_gcp declares for a resource: loading them, checking against them.

Reading the declarations loads the whole SDK, so it happens once per pulumi_gcp version
in another process (`declare`) and the result is kept in the user's cache folder. Where that
folder takes no files, as in a container with a read-only home, each provider reads them again.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import platformdirs

from .properties import UNKNOWN, Secret

Type = str | dict[str, Any]

_KIND_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number"}


@dataclass(frozen=True)
class Problem:
    """One input that the resource type does not take, at a property path."""

    path: str
    reason: str


class Declarations:
    """The declared inputs of a set of classes named `MODULE:CLASS`."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = sorted(names)
        self._lock = threading.Lock()
        self._document: dict[str, Any] | None = None

    def resource(self, name: str) -> dict[str, Any]:
        """The declaration of one class: `properties` (name to type) and `required`."""
        return self._load()["resources"][name]

    def object(self, kind: Type) -> dict[str, Any] | None:
        """The declaration behind an object type, None for any other type."""
        if isinstance(kind, dict) and "object" in kind:
            return self._load()["objects"][kind["object"]]
        return None

    def _load(self) -> dict[str, Any]:
        with self._lock:
            if self._document is None:
                path = self._cache_path()
                self._document = _kept(path)
                if self._document is None:
                    text = self.declare()
                    _keep(path, text)
                    self._document = json.loads(text)
            return self._document

    def _cache_path(self) -> Path:
        version = metadata.version("pulumi_gcp")
        # Another list of classes, or another form of the document, is another file.
        script = Path(__file__).with_name("print_inputs.py").read_text()
        digest = hashlib.sha256(" ".join([script, *self._names]).encode()).hexdigest()[:12]
        folder = platformdirs.user_cache_path("eros")
        return folder / f"pulumi-gcp-{version}-inputs-{digest}.json"

    def declare(self) -> str:
        """The declarations as JSON, read by another process. Raises RuntimeError."""
        command = [sys.executable, "-m", f"{__package__}.print_inputs", *self._names]
        root = Path(__file__).parents[len(__package__.split("."))]
        finished = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if finished.returncode != 0:
            raise RuntimeError(
                f"could not read the inputs that pulumi_gcp declares: {finished.stderr.strip()}"
            )
        return finished.stdout

    def problems(self, name: str, inputs: dict[str, Any]) -> list[Problem]:
        """What in these inputs the class does not take: unknown, missing, of a wrong type."""
        return list(self._object_problems(self.resource(name), inputs, ""))

    def _object_problems(
        self, declared: dict[str, Any], value: dict[str, Any], path: str
    ) -> Iterator[Problem]:
        prefix = f"{path}." if path else ""
        for key in sorted(value):
            if key not in declared["properties"]:
                yield Problem(prefix + key, "Invalid or unknown key")
            else:
                kind = declared["properties"][key]
                yield from self._value_problems(kind, value[key], prefix + key)
        for key in declared["required"]:
            if value.get(key) is None:
                yield Problem(prefix + key, "Missing required argument")

    def _value_problems(self, kind: Type, value: Any, path: str) -> Iterator[Problem]:
        if isinstance(value, Secret):
            value = value.value
        if value is UNKNOWN or value is None or kind == "any":
            return
        if isinstance(kind, str):
            if not _is_scalar(kind, value):
                yield Problem(path, f"expected {kind} type, got {_name(value)} type")
        elif "list" in kind:
            if not isinstance(value, list):
                yield Problem(path, f"expected array type, got {_name(value)} type")
                return
            for index, item in enumerate(value):
                yield from self._value_problems(kind["list"], item, f"{path}[{index}]")
        elif not isinstance(value, dict):
            yield Problem(path, f"expected object type, got {_name(value)} type")
        elif "map" in kind:
            for key in sorted(value):
                yield from self._value_problems(kind["map"], value[key], f"{path}.{key}")
        elif (declared := self.object(kind)) is not None:
            yield from self._object_problems(declared, value, path)


def _is_scalar(kind: str, value: Any) -> bool:
    if kind == "string":
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (kind == "number" and isinstance(value, float))


def _name(value: Any) -> str:
    if isinstance(value, list):
        return "array"
    return "object" if isinstance(value, dict) else _KIND_NAMES[type(value)]


def _kept(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _keep(path: Path, text: str) -> None:
    """Write so that another provider starting now reads all of it or nothing."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text)
        draft.replace(path)
    except OSError:
        # It only costs the next provider the time of reading them.
        return
