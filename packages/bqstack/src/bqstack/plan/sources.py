"""The two sides of a plan: a commit, the working tree, or a stack's state."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import gcptypes
from bqstack import state
from bqstack.errors import UserError
from bqstack.guard import Resource
from bqstack.guard.declarations import Declared
from bqstack.unchecked import JsonObject

_NUMBER = re.compile(r"service-(\d+)@gcp-sa-")
_NO_NUMBER = "PROJECT_NUMBER"
_FILES = "the working tree"
_BESIDE = Path("packages/bqstack/src")


@dataclass(frozen=True)
class Side:
    """Resources of one side; `label` says where they are from."""

    label: str
    resources: tuple[Resource, ...]
    aliases: dict[str, list[str]] = field(default_factory=dict)
    imports: frozenset[str] = frozenset()
    allowed: tuple[str, ...] = ()
    commit: str = ""
    location: str = "US"
    adopted: dict[str, list[JsonObject]] = field(default_factory=dict)
    """Schemas of tables that the stack only refers to."""


def trees(stack: str, base: str, head: str | None, root: Path) -> tuple[Side, Side]:
    """Both sides of a range of commits; without `head` the working tree.

    Raises UserError for an unknown commit and for what a side's own program refuses.
    """
    with ExitStack() as stack_of_folders, ThreadPoolExecutor(2) as pool:
        old = pool.submit(_tree, stack_of_folders, stack, base, root, is_base=True)
        new = pool.submit(_tree, stack_of_folders, stack, head, root)
        return old.result(), new.result()


def against_state(stack: str, root: Path) -> tuple[Side, Side]:
    """The stack's last state, and the working tree; raises UserError."""
    checkpoint = _last_state(stack, root)
    new = declared(root, stack, _FILES, checkpoint=checkpoint)
    old = Side(
        label=f"the state of stack {stack}",
        resources=checkpoint.resources,
        location=new.location,
        adopted=new.adopted,
    )
    return old, new


def _last_state(stack: str, root: Path) -> state.Checkpoint:
    try:
        return state.current(stack, root)
    except UserError as error:
        if "no stack named" not in error.message:
            raise
        return state.Checkpoint(None, None, ())  # a stack to be


def _tree(
    folders: ExitStack,
    stack: str,
    commit: str | None,
    root: Path,
    *,
    is_base: bool = False,
) -> Side:
    if commit is None:
        return declared(root, stack, _FILES)
    sha = _git(root, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").decode().strip()
    folder = Path(folders.enter_context(tempfile.TemporaryDirectory(prefix="bqstack-plan-")))
    archive = _git(root, "archive", "--format=tar", sha)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    if is_base and not (folder / f"Pulumi.{stack}.yaml").is_file():
        return Side(f"commit {sha[:10]}, before stack {stack} existed", (), commit=sha)
    return declared(folder, stack, f"commit {sha[:10]}", sha, check=not is_base)


def _git(root: Path, *arguments: str) -> bytes:
    result = subprocess.run(["git", *arguments], cwd=root, check=False, capture_output=True)
    if result.returncode != 0:
        reason = result.stderr.decode(errors="replace").strip()
        what = f"git {arguments[0]} {arguments[-1].removesuffix('^{commit}')}"
        raise UserError(
            f"{what}: {reason or 'there is no such commit'}",
            fix="in a shallow clone: git fetch --deepen 100",
        )
    return result.stdout


def declared(
    root: Path,
    stack: str,
    label: str,
    commit: str = "",
    checkpoint: state.Checkpoint | None = None,
    *,
    check: bool = True,
) -> Side:
    """What the program below `root` declares for a stack; raises UserError.

    What `checkpoint` holds has its ids and outputs. Without `check` mistakes that can be read
    are passed over.
    """
    result = subprocess.run(
        [sys.executable, "-S", "-P", "-m", _recorder(root), str(root), stack],
        cwd=root,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, _path(root)))},
        check=False,
        capture_output=True,
        text=True,
        input=json.dumps(_known(checkpoint) | {"check": check}),
    )
    if result.returncode != 0:
        raise UserError(f"{label}: {result.stderr.strip().removeprefix('error: ')}")
    document = json.loads(result.stdout)
    return Side(
        label=label,
        resources=tuple(Declared(**resource) for resource in document["resources"]),
        aliases=document["aliases"],
        imports=frozenset(document["imports"]),
        allowed=tuple(document["allowed"]),
        commit=commit,
        location=document["location"],
        adopted=document["adopted"],
    )


def _recorder(root: Path) -> str:
    """The module that records what the program below `root` declares.

    A commit from before this library stood apart has one of its own, in its own package.
    """
    if not (root / _BESIDE).is_dir():
        for file in sorted(root.glob("*/plan/declare.py")):
            return f"{file.parent.parent.name}.plan.declare"
    return "bqstack.plan.declare"


def _path(root: Path) -> list[Path]:
    """Where a program of another commit finds its modules: its own first, and none of ours.

    Python is started without `site` (`-S`), whose editable installations would lend it modules
    that it lacks; the libraries are named instead. A program has this library beside it, or
    installed.
    """
    own = (
        [root / _BESIDE, *sorted(root.glob("packages/*/src"))] if (root / _BESIDE).is_dir() else []
    )
    library = list(dict.fromkeys(own)) or [
        Path(__file__).parents[2],
        Path(gcptypes.__file__).parents[1],
    ]
    installed = dict.fromkeys(Path(sysconfig.get_path(name)) for name in ("purelib", "platlib"))
    return [root, *library, *installed]


def _known(checkpoint: state.Checkpoint | None) -> JsonObject:
    """Ids and outputs of what exists; secrets stay closed."""
    resources = checkpoint.resources if checkpoint else ()
    number = _NUMBER.search(json.dumps([resource.inputs for resource in resources]))
    return {
        "known": [
            {"urn": r.urn, "type": r.type, "id": r.id, "outputs": r.outputs} for r in resources
        ],
        "number": number[1] if number else _NO_NUMBER,
    }
