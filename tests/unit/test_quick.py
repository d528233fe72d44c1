"""`make quick` chooses the tests that a change can break, and says what it left out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools import quick

FILES = {
    "__main__.py": "from components import system\n",
    "components/system.py": "from eros import alerts\n",
    "eros/__init__.py": "",
    "eros/alerts.py": 'FILE = "config/alerts.yaml"\n',
    "eros/other.py": "",
    "packages/bqstack/src/bqstack/catalogue/loader.py": "",
    "config/alerts.yaml": "",
    "sql/views/open_alerts.sql": "",
    "tests/sql/cases/open_alerts/one.sql": "",
    "tests/sql/cases/open_alerts/two.sql": "",
    "tests/unit/conftest.py": "",
    "tests/unit/test_alerts.py": "from eros.alerts import FILE\n",
    "tests/unit/test_catalogue.py": "from bqstack.catalogue.loader import load\n",
    "tests/unit/test_program.py": 'PROGRAM = "__main__.py"\n',
    "tests/unit/test_other.py": 'COMMAND = ["-m", "eros.other"]\n',
    "tests/unit/test_docs.py": 'FOLDER = "docs"\n',
}


@pytest.fixture
def root(tmp_path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def names(root: Path, *files: str) -> list[str]:
    return [path.stem for path in quick.touched([Path(file) for file in files], root)]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("eros/alerts.py", ["test_alerts", "test_program"]),
        ("config/alerts.yaml", ["test_alerts", "test_program"]),
        ("eros/other.py", ["test_other"]),
        ("sql/views/open_alerts.sql", ["test_catalogue"]),
        ("docs/alerts.md", ["test_docs"]),
        ("tests/unit/test_other.py", ["test_other"]),
        ("Makefile", []),
    ],
)
def test_who_uses_what_has_changed_is_run_the_nearest_first(root, changed, expected):
    assert names(root, changed) == expected


def test_a_conftest_counts_for_every_test_of_its_folder(root):
    assert len(names(root, "tests/unit/conftest.py")) == 5


def test_the_cases_of_a_changed_object_and_changed_cases_are_run(root):
    case = Path("tests/sql/cases/open_alerts/one.sql")
    assert quick.cases([case], root) == [case]
    assert len(quick.cases([Path("sql/views/open_alerts.sql")], root)) == 2
    assert quick.cases([Path("tests/sql/cases/open_alerts/gone.sql")], root) == []


def test_changed_are_edits_new_files_and_commits_of_the_branch(root):
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=n", "-c", "user.email=e@example.com")
        subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)

    git("init", "-b", "main")
    git("add", "-A")
    git("commit", "-m", "first")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert quick.changed(root=root) == []
    (root / "eros/alerts.py").write_text("FILE = 1\n", encoding="utf-8")
    git("commit", "-am", "second")
    (root / "eros/other.py").unlink()
    (root / "eros/new.py").write_text("", encoding="utf-8")
    assert [path.stem for path in quick.changed(root=root)] == ["alerts", "new", "other"]
    assert [path.stem for path in quick.changed("HEAD", root)] == ["new", "other"]


def test_a_step_that_fails_is_a_failure_and_one_without_time_is_said(capsys):
    clock = quick.Clock(seconds=0.0)
    assert not clock.run("lint", [sys.executable, "-c", "raise SystemExit(1)"])
    assert clock.run("tests", [sys.executable, "-c", "raise SystemExit(1)"], may_stop=True)
    assert clock.left_out == ["tests"]
    assert "lint: FAILED" in capsys.readouterr().out


def test_a_step_that_takes_too_long_is_stopped_and_said(capsys):
    clock = quick.Clock(seconds=0.5)
    wait = (
        "import time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    raise SystemExit(2)"
    )
    assert clock.run("tests", [sys.executable, "-c", wait], may_stop=True)
    assert clock.left_out == ["a part of tests"]
    assert "tests: stopped, out of time" in capsys.readouterr().out
