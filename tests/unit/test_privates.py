"""Tests use what production code offers: no private name of it, neither read nor patched."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from eros.project.settings import PROJECT_ROOT

ROOMS = ("components", "dev", "eros", "packages/*/src", "policy", "tools")
TESTS = ("tests", "packages/*/tests")
# Names of libraries that production code happens to use for itself, too.
_OF_LIBRARIES = {"_connection", "_content", "_replace"}
_PRIVATE = re.compile(r"_[a-z]\w*|_[A-Z]\w*")


def sources(*folders: str) -> Iterator[tuple[Path, ast.AST]]:
    for folder in folders:
        for file in sorted(PROJECT_ROOT.glob(f"{folder}/**/*.py")):
            yield file, ast.parse(file.read_text(encoding="utf-8"))


def made(tree: ast.AST) -> set[str]:
    """Private names that a module makes: functions, classes, variables, attributes of objects."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                found.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                found.add(name)
    return {name for name in found if _PRIVATE.fullmatch(name)}


def used(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Private names that a test takes from something else, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(names=names, lineno=line):
                yield from ((line, alias.name) for alias in names)
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                pass
            case ast.Attribute(attr=name, lineno=line):
                yield line, name
            case ast.Call(
                func=ast.Attribute(attr="setattr" | "delattr"),
                args=[_, ast.Constant(value=str(name)), *_],
                lineno=line,
            ):
                yield line, name


def breaches(tree: ast.AST, production: set[str]) -> list[tuple[int, str]]:
    own = made(tree)
    return [(line, name) for line, name in used(tree) if name in production - own]


def production() -> set[str]:
    """Private names that production code makes."""
    return {name for _, tree in sources(*ROOMS) for name in made(tree)} - _OF_LIBRARIES


def test_no_test_reaches_into_a_private_name():
    names = production()
    found = [
        f"{file.relative_to(PROJECT_ROOT)}:{line}: {name}"
        for file, tree in sources(*TESTS)
        for line, name in breaches(tree, names)
    ]
    assert found == [], "test what the module offers, or make the name public:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "from eros.some import _thing",
        "some._thing(1)",
        "some.made()._thing = 2",
        'monkeypatch.setattr(some, "_thing", 1)',
    ],
)
def test_a_private_name_is_found(source):
    assert breaches(ast.parse(source), {"_thing"}) == [(1, "_thing")]


@pytest.mark.parametrize(
    "source",
    [
        "from eros.some import thing",
        "self._thing = 1",
        "client._connection",
        "class Fake:\n    def _thing(self): ...\nFake()._thing()",
        'monkeypatch.setattr(some, "thing", 1)',
    ],
)
def test_what_is_offered_or_its_own_is_none(source):
    assert not breaches(ast.parse(source), {"_thing"})
