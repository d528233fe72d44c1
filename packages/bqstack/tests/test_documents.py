"""Typed documents: what a YAML file may hold, and what is said of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bqstack import documents
from bqstack.errors import UserError

TWICE = """\
# by their ids
rules:
  A01: {title: one}
  A02:
    title: two
    title: three
"""


def read(folder: Path, text: str) -> dict[str, object]:
    path = folder / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return documents.read_yaml(path, path.name)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (TWICE, 6, "title is already in line 5"),
        (TWICE.replace("    title: three\n", "  A01: {}\n"), 6, "A01 is already in line 3"),
        ("a: {b: 1, b: 2}\n", 1, "b is already in line 1"),
        ("- x\n", 1, "must hold a mapping"),
    ],
)
def test_what_no_mapping_may_hold_is_refused_at_its_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    with pytest.raises(UserError, match=said) as refused:
        read(tmp_path, text)
    assert (refused.value.file, refused.value.line) == ("rules.yaml", line)


def test_the_same_key_in_two_mappings_and_a_merged_one_are_no_mistake(tmp_path: Path) -> None:
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n"
    assert read(tmp_path, text) == {"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 2}}
