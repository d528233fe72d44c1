"""A Pulumi program on this library, described once: for the engine, the guard and a plan.

`__main__.py` hands a function that makes the description to `run`. A plan calls the same
function, which pyproject.toml names: `[tool.bqstack] program = "module:function"`.
"""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pulumi

from bqstack.catalogue import Catalogue
from bqstack.connection import Connect
from bqstack.errors import UserError
from bqstack.guard.declarations import Declared
from bqstack.guard.guard import Guard
from bqstack.target import Target
from bqstack.unchecked import JsonMapping

_FILE = "pyproject.toml"
_KEY = "tool.bqstack.program"


@dataclass(frozen=True)
class Program:
    """What a program declares for one stack.

    `declare` registers the resources and returns the stack's outputs. What follows it is
    handed to `bqstack.guard.guard.Guard.check`.
    """

    target: Target
    catalogue: Catalogue
    declare: Callable[[], JsonMapping | None]
    judge: Callable[[Sequence[Declared]], Iterable[object]] | None = None
    fingerprint: Callable[[], bytes | None] | None = None
    connect: Connect | None = None
    rules: str = ""


def run(make: Callable[[str], Program], root: Path, repair: str = "pulumi refresh --stack") -> None:
    """All that `__main__.py` does: read the files, ask the guard, declare.

    `make` is given the stack's name; `root` is the program's folder. A mistake of the user's
    ends in its message, with nothing changed.
    """
    try:
        # First: it reads the state while the program reads its files.
        guard = Guard(pulumi.warn, root, repair)
        program = make(pulumi.get_stack())
        guard.check(
            program.target,
            program.declare,
            program.judge,
            program.fingerprint,
            program.connect,
            program.rules,
        )
        outputs = program.declare()
    except UserError as error:
        raise pulumi.RunError(str(error)) from None
    for name, value in (outputs or {}).items():
        pulumi.export(name, value)


def entry(root: Path) -> Callable[..., Program]:
    """The function that the program below `root` names; raises UserError.

    It takes the stack's name and `check`, which is false for what is deployed already: mistakes
    that are found in it now are not its reader's.
    """
    fix = f'[tool.bqstack] program = "module:function", which returns a {__name__}.Program'
    try:
        document = tomllib.loads((root / _FILE).read_text(encoding="utf-8"))
        module, _, function = document["tool"]["bqstack"]["program"].partition(":")
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it does not name a program"
        raise UserError(str(reason), file=_FILE, key=_KEY, fix=fix) from None
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    found = getattr(importlib.import_module(module), function, None)
    if not callable(found):
        raise UserError(
            "the module has no such function", file=_FILE, key=_KEY, value=function, fix=fix
        )
    return cast("Callable[..., Program]", found)
