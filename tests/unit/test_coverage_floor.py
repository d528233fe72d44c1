"""The floor of the unit tests' coverage: what is below it fails, and it only rises."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml

from eros.project.settings import PROJECT_ROOT
from tools import coverage_floor
from tools.coverage_floor import CoverageError, File

PYPROJECT = """\
[tool.coverage.run]
source = ["code"]
relative_files = true

[tool.coverage.report]
# Why it is what it is.
fail_under = {floor}
precision = 1
"""
MEASURED = ("components", "eros", "policy", "bqstack", "erosbuilder", "gcptypes", "localgcp")


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Five of eight lines have run: four of six of one file, one of one, none of one."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.format(floor=60))
    code = tmp_path / "code"
    code.mkdir()
    (code / "half.py").write_text(
        "a = 1\nif a:\n    b = 2\nif not a:\n    c = 3\n    d = 4\n", encoding="utf-8"
    )
    (code / "unused.py").write_text("a = 1\n", encoding="utf-8")
    (code / "whole.py").write_text("import half\n", encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "coverage", "run", "code/whole.py"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    with patch.object(coverage_floor, "ROOT", tmp_path):
        yield tmp_path


def written_floor(project: Path) -> float:
    text = (project / "pyproject.toml").read_text()
    return tomllib.loads(text)["tool"]["coverage"]["report"]["fail_under"]


def test_the_total_and_the_least_covered_files_are_shown_in_the_summary_too(
    project, capsys, monkeypatch
):
    summary = project / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert coverage_floor.main(["show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "coverage: 62.5% of 8 lines, floor 60%"
    assert [line.split()[-1] for line in lines[2:5]] == [
        "code/unused.py",
        "code/half.py",
        "code/whole.py",
    ]
    assert lines[-1] == "the floor can rise to 62%: make coverage RAISE=1"
    assert written_floor(project) == 60
    text = summary.read_text()
    assert text.startswith("before\n### Coverage: 62.5% of 8 lines\n")
    assert "| 66.7% | 2 | `code/half.py` |" in text


def test_below_the_floor_fails_and_still_shows_what_pulls_it_down(project, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "summary.md"))
    (project / "pyproject.toml").write_text(PYPROJECT.format(floor=63))
    assert coverage_floor.main(["show", "--raise"]) == 1
    shown = capsys.readouterr()
    assert "62.5% is below the floor of 63%" in shown.err
    assert "fix: " in shown.err
    assert "code/unused.py" in shown.out
    assert "code/unused.py" in (project / "summary.md").read_text()
    assert written_floor(project) == 63


def test_the_floor_is_raised_in_its_place(project):
    assert coverage_floor.main(["show", "--raise"]) == 0
    assert (project / "pyproject.toml").read_text() == PYPROJECT.format(floor=62)


@pytest.mark.parametrize("floor", [62, 62.5])
def test_the_floor_is_never_lowered(project, floor, capsys):
    (project / "pyproject.toml").write_text(PYPROJECT.format(floor=floor))
    assert coverage_floor.main(["show", "--raise"]) == 0
    assert f"the floor stays at {floor}%" in capsys.readouterr().out
    assert written_floor(project) == floor


@pytest.mark.parametrize(("percent", "floor"), [(91.9, 91), (91.1, 90), (100.0, 99), (0.0, 0)])
def test_a_floor_leaves_room_for_lines_that_run_by_chance(percent, floor):
    assert coverage_floor.reachable(percent) == floor


def test_of_many_files_ten_are_shown_the_longest_of_those_alike_first():
    files = [File(f"{n}.py", n, n) for n in range(1, 20)] + [File("empty.py", 0, 0)]
    assert [file.name for file in coverage_floor.least_covered(files)] == [
        f"{n}.py" for n in range(19, 9, -1)
    ]


@pytest.mark.parametrize("content", [None, b"no database"])
def test_without_a_measurement_nothing_is_shown(project, content, capsys):
    (project / ".coverage").unlink()
    if content:
        (project / ".coverage").write_bytes(content)
    assert coverage_floor.main(["show"]) == 1
    shown = capsys.readouterr()
    assert "fix: make unit" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [("60", "60", 0), ("60", "61.5", 0), ("60", "59.9", 1), (None, "1", 0), ("60", None, 1)],
)
def test_a_change_may_raise_the_floor_and_not_lower_it(tmp_path, before, after, code, capsys):
    file = tmp_path / "pyproject.toml"
    git(tmp_path, "init", "--quiet")
    file.write_text(PYPROJECT.format(floor=before) if before else "[project]\n")
    git(tmp_path, "add", "pyproject.toml")
    git(tmp_path, "commit", "--quiet", "--message", "base")
    file.write_text(PYPROJECT.format(floor=after) if after else "[project]\n")
    with patch.object(coverage_floor, "ROOT", tmp_path):
        assert coverage_floor.main(["compare", "HEAD"]) == code
    assert ("fix: " in capsys.readouterr().err) is bool(code)


def test_a_commit_that_is_not_there_is_an_error(tmp_path, capsys):
    git(tmp_path, "init", "--quiet")
    with patch.object(coverage_floor, "ROOT", tmp_path):
        assert coverage_floor.main(["compare", "HEAD^1"]) == 1
    assert "HEAD^1: " in capsys.readouterr().err


@pytest.mark.parametrize("value", ["true", "'60'", "-1", "101", "= 3"])
def test_a_floor_that_is_no_percentage_is_an_error(value):
    with pytest.raises(CoverageError, match=r"pyproject.toml: .*\n  fix: "):
        coverage_floor.floor_of(PYPROJECT.format(floor=value), "pyproject.toml")


def test_the_packages_that_ship_are_measured_and_only_the_unit_tier_is():
    document = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    sources = document["tool"]["coverage"]["run"]["source"]
    folders = [path if "/" not in path else path.split("/")[1] for path in sources]
    assert sorted(folders) == sorted(MEASURED)
    assert all((PROJECT_ROOT / path).is_dir() for path in sources)
    assert "--cov" not in document["tool"]["pytest"]["ini_options"]["addopts"]
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = re.findall(r"^(\w+):.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert [name for name, recipe in recipes if "--cov " in recipe] == ["unit"]


def test_a_pull_request_is_compared_with_what_it_is_merged_into():
    file = PROJECT_ROOT / ".github/workflows/pull-request.yml"
    steps = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"]["floor"]["steps"]
    assert steps[0]["with"]["fetch-depth"] == 2
    assert steps[1]["run"] == "python3 -m tools.coverage_floor compare HEAD^1"


def test_what_ci_compares_with_needs_nothing_that_is_installed():
    done = subprocess.run(
        [sys.executable, "-S", "-m", "tools.coverage_floor", "compare", "--help"],
        cwd=PROJECT_ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
