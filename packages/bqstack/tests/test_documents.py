"""Typed documents: what a YAML file may hold, and what is said of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bqstack import documents
from bqstack.analysis import sql_files
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


class Entry(documents.Section):
    title: str
    priority: str = ""
    limits: dict[str, float | list[float]] = {}


class Entries(documents.Section):
    entries: dict[str, Entry]


def refused(folder: Path, text: str) -> UserError:
    path = folder / "entries.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        documents.load_document(Entries, path, folder)
    return caught.value


def test_every_mistake_of_a_document_is_named_with_its_own_fix(tmp_path: Path) -> None:
    error = refused(
        tmp_path,
        "entries:\n  a: {title: x, prioritty: high}\n  b: {title: 3}\n  c: {priority: low}\n",
    )
    keys = [one.key for one in (error, *error.others)]
    assert keys == ["entries.a.prioritty", "entries.b.title", "entries.c.title"]
    text = str(error)
    for said in (
        "entries.a.prioritty: unknown key (got 'high')\n  fix: did you mean 'priority'?\n",
        "entries.b.title: input should be a valid string (got 3)",
        "entries.c.title: required, but not set",
    ):
        assert said in text
    assert "more" not in text


def test_a_misspelt_key_and_the_missing_one_are_one_mistake(tmp_path: Path) -> None:
    error = refused(tmp_path, "entries:\n  a: {titel: x}\n")
    assert (error.key, error.others) == ("entries.a.titel", ())
    error = refused(tmp_path, "entries:\n  a: {colour: x}\n")
    assert [one.key for one in error.others] == ["entries.a.title"]


def test_a_value_that_fits_none_of_its_kinds_is_one_mistake_at_its_key(tmp_path: Path) -> None:
    error = refused(tmp_path, "entries:\n  a: {title: x, limits: {low: many}}\n")
    assert (error.key, error.others) == ("entries.a.limits.low", ())


def test_mistakes_beyond_what_a_person_takes_in_are_counted(tmp_path: Path) -> None:
    lines = "".join(f"  e{n}: {{title: x, odd: 1}}\n" for n in range(14))
    error = refused(tmp_path, f"entries:\n{lines}")
    assert str(error).count("unknown key") == documents.MOST_PROBLEMS
    assert str(error).endswith("entries.yaml: 4 more mistakes: fix those above to see them")


def test_each_mistake_of_a_document_is_a_finding_at_its_line(tmp_path: Path) -> None:
    text = "entries:\n  a: {title: x, odd: 1}\n  b: {title: x, even: 2}\n"
    found = sql_files.in_document(refused(tmp_path, text), tmp_path)
    assert [(one.line, one.message) for one in found] == [
        (2, "entries.a.odd: unknown key (got 1)"),
        (3, "entries.b.even: unknown key (got 2)"),
    ]


def test_one_mistake_that_is_left_out_is_not_written_as_several() -> None:
    mistakes = [
        UserError(f"mistake {n}", file="a.yaml") for n in range(documents.MOST_PROBLEMS + 1)
    ]
    assert str(documents.together(mistakes)).splitlines()[-1].startswith("a.yaml: 1 more mistake:")
