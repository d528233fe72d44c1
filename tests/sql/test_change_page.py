"""The SQL tests that docs/change.md has people write pass in a project that followed the page.

`tests/unit/test_change_to_the_letter.py` runs the unit tests there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.change_page import examples, followed

pytestmark = [pytest.mark.sql, pytest.mark.emulator, pytest.mark.timeout(900)]

CASES = [Path(path) for path in examples() if path.startswith("tests/sql/cases/")]


def test_the_pages_own_sql_tests_pass_in_a_project_that_followed_it(tmp_path: Path) -> None:
    root = tmp_path / "project"
    followed(root)
    names = [f"{path.parent.name}/{path.stem}" for path in CASES]
    assert len(names) >= 2
    chosen = ("tests/sql/test_cases.py", "-k", " or ".join(path.stem for path in CASES))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-n0", "-p", "no:cacheprovider", *chosen],
        cwd=root,
        env=os.environ | {"EROS_LOG_DIR": str(root / "logs")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    for name in names:
        assert any(name in line and "PASSED" in line for line in done.stdout.splitlines()), name
