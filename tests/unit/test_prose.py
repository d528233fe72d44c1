"""The words that docs/style.md rules out are found where people read, and nowhere else."""

from __future__ import annotations

import subprocess

import pytest

from tools import prose


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("page.md", "Built anew.\nFine.\nIt is told.\n", [1, 3]),
        ("view.sql", "-- of then\nSELECT 1\n", [1]),
        ("names.py", "x = 1\nanew = 1\ndef is_told(): ...\n", [2, 3]),
        ("others.py", "x.untold = stolder = 1\n", []),
        ("perfect.md", "What it has told already.\n", [1]),
        ("comment.py", "x = 1  # stopped half way\n", [1]),
        ("docstring.py", '"""One.\n\nMade anew.\n"""\n', [3]),
        ("fstring.py", 'f"{1} is told"\n', [1]),
        ("quoted.py", 'X = "anew"  # prose: quoted\n', []),
        ("apart.md", "They are told apart by name.\n", []),
    ],
)
def test_a_word_is_found_in_prose_and_in_names(tmp_path, name, text, lines):
    path = tmp_path / name
    path.write_text(text)
    assert [int(found.split(":")[1]) for found in prose.check(path)] == lines


def test_new_files_are_read_and_deleted_ones_are_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    (tmp_path / "gone.md").write_text("Made anew.\n")
    for command in (["init", "--quiet"], ["add", "gone.md"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    (tmp_path / "gone.md").unlink()
    (tmp_path / "new.md").write_text("Built anew.\n")
    assert prose.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "new.md:1: 'anew': write again, from scratch, or recreated"
    ]


def test_every_refused_word_stands_in_the_style_page():
    page = (prose.ROOT / "docs" / "style.md").read_text()
    rows = page.partition("## Words we do not write")[2]
    for sample in (
        "anew",
        "is told",
        "of then",
        "half way",
        "stands in the way",
        "by and by",
        "in spite of",
        "mend",
        "are the most",
    ):
        assert sample in rows
