"""docs/change.md carried out to the letter in a copy of the project, whose tests then pass."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from eros.project.settings import PROJECT_ROOT
from tests.unit.change_page import examples, followed

# Of the unit tier, which the page names by `make quick`: what reads the files that the page
# changes. Those that only the engine or an emulator can answer are left to their tiers.
TESTS = (
    "tests/unit/test_alerts.py",
    "tests/unit/test_channels.py",
    "tests/unit/test_dashboards.py",
    "tests/unit/test_docs_change.py",
    "tests/unit/test_docs_commands.py",
    "tests/unit/test_docs_links.py",
    "tests/unit/test_docs_reference.py",
    "tests/unit/test_figures.py",
    "tests/unit/test_policy.py",
    "tests/unit/test_schedules.py",
    "tests/unit/test_settings.py",
    "tests/unit/test_sqlfluff.py",
)
_SECONDS = 600


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which somebody has followed the page."""
    if (PROJECT_ROOT / next(iter(examples()))).is_file():
        pytest.skip("the page has been followed in this project itself")
    root = tmp_path_factory.mktemp("letter") / "project"
    followed(root)
    return root


def run(root: Path, *arguments: str) -> str:
    """`python -m ...` in the copy; its output. A failure is shown whole."""
    result = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=root,
        env=os.environ | {"EROS_LOG_DIR": str(root / "logs")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


# Under a minute alone; on a machine that does much else it is many.
@pytest.mark.timeout(2 * _SECONDS)
def test_the_whole_page_leaves_a_project_whose_tests_pass(changed: Path) -> None:
    written = run(changed, "eros.cli.app", "docs")
    for page in (".sqlfluff", "docs/alerts.md", "docs/objects.md"):
        assert f"written: {page}" in written
    sql = [path for path in examples() if path.startswith("sql/")]
    run(changed, "sqlfluff", "lint", *sql)
    options = ("-q", "-n0", "-p", "no:cacheprovider")
    assert " passed" in run(changed, "pytest", *options, *TESTS)
