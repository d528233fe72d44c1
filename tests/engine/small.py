"""A program with no more than what a test writes: its rooms, settings and machinery are ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from packages.bqstack.tests.sql_folder import SqlFolder
from tests.engine.conftest import Program

_CONFIG = {
    "schedules": "schedules: {}\n",
    "metrics": "sources: {}\n",
    "alerts": "routes:\n"
    + "".join(
        f"  {one}: {{channels: [], escalateTo: []}}\n" for one in ("CRITICAL", "WARNING", "INFO")
    )
    + "responseTimes: {P0: 15m, P1: 1h, P2: 4h, P3: 1d}\nsources: {}\nrules: {}\n",
}


def emptied(program: Program) -> SqlFolder:
    """The folder of a copy of the program from which every object and document is gone."""
    return emptied_folder(program.root)


def emptied_folder(root: Path) -> SqlFolder:
    """The same of a copy below `root`."""
    shutil.rmtree(root / "sql")
    (root / "sql").mkdir()
    for name, text in _CONFIG.items():
        (root / "config" / f"{name}.yaml").write_text(text, encoding="utf-8")
    for file in (root / "config/dashboards").glob("*.yaml"):
        file.unlink()
    # `pulumi config set` cannot write a list without entries.
    stack = root / "Pulumi.local.yaml"
    text = stack.read_text(encoding="utf-8")
    assert "  eros:backup:\n" in text
    text = text.replace("  eros:backup:\n", "  eros:backup:\n    externalTables: []\n")
    stack.write_text(text, encoding="utf-8")
    return SqlFolder(root)


def eros(program: Program, *arguments: str, code: int = 0) -> str:
    """A command of `eros` in the copy; what it prints. Another exit code fails the test."""
    done = subprocess.run(
        [sys.executable, "-m", "eros.cli.app", *arguments],
        cwd=program.root,
        env=program.environment
        | {
            "EROS_LOCAL_DIR": str(program.cloud.folder),
            "EROS_LOG_DIR": str(program.root / "logs"),
            "COLUMNS": "200",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout
