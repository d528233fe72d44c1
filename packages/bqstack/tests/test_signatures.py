"""Public signatures say what they take and give."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import bqstack

ROOT = Path(bqstack.__file__).parent
# The names of unchecked values are made here, and nowhere else.
NAMES = "unchecked.py"


def unchecked(source: str) -> list[str]:
    """Public functions, methods, fields and constants of a module whose types say Any."""
    return sorted(name for name, notes in _public(ast.parse(source)) if any(map(_says_any, notes)))


def _public(node: ast.Module | ast.ClassDef, within: str = "") -> Iterator[tuple[str, list]]:
    for item in node.body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            if not item.name.startswith("_") or item.name == "__init__":
                spec = item.args
                every = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
                yield f"{within}{item.name}", [item.returns, *(a.annotation for a in every if a)]
        elif isinstance(item, ast.ClassDef) and not item.name.startswith("_"):
            yield from _public(item, f"{within}{item.name}.")
        elif isinstance(item, ast.AnnAssign) and not ast.unparse(item.target).startswith("_"):
            yield f"{within}{ast.unparse(item.target)}", [item.annotation]
        elif isinstance(item, ast.TypeAlias) and not item.name.id.startswith("_"):
            yield f"{within}{item.name.id}", [item.value]


def _says_any(annotation: ast.expr | None) -> bool:
    if annotation is None:
        return False
    return any(
        (isinstance(node, ast.Name) and node.id == "Any")
        or (isinstance(node, ast.Attribute) and node.attr == "Any")
        or (isinstance(node, ast.Constant) and "Any" in str(node.value).split("[")[-1])
        for node in ast.walk(annotation)
    )


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(x: Any) -> str: ...", ["f"]),
        ("def f(*x: int, **more: Any) -> str: ...", ["f"]),
        ("def f(x: int) -> dict[str, Any]: ...", ["f"]),
        ("class C:\n    x: Mapping[str, Any]\n    def g(self, y: typing.Any) -> None: ...", 2),
        ("class C:\n    def __init__(self, y: Any) -> None: ...", ["C.__init__"]),
        ("type T = list[Any]", ["T"]),
        ("def _f(x: Any) -> str: ...", []),
        ("def f(x: JsonValue, y: object) -> str: ...", []),
    ],
)
def test_what_says_any_is_found(source, found):
    assert unchecked(source) == (found if isinstance(found, list) else ["C.g", "C.x"])


def test_no_public_signature_of_the_library_says_any():
    found = {}
    for file in sorted(ROOT.rglob("*.py")):
        if file.name != NAMES and (names := unchecked(file.read_text(encoding="utf-8"))):
            found[str(file.relative_to(ROOT))] = names
    assert found == {}, "say what it is, `object` where it is only looked at, or use unchecked"


def test_unchecked_values_have_four_names():
    assert unchecked((ROOT / NAMES).read_text(encoding="utf-8")) == [
        "FieldValue",
        "JsonMapping",
        "JsonObject",
        "JsonValue",
    ]
