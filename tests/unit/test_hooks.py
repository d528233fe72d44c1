"""Hooks of .pre-commit-config.yaml: each passes what is right and stops what is wrong."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from eros.project.settings import PROJECT_ROOT

CONFIG = PROJECT_ROOT / ".pre-commit-config.yaml"
HOOKS = {
    hook["id"]: hook
    for repo in yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["repos"]
    for hook in repo["hooks"]
}
# A file of the project for each hook to pass, and a text that it must stop.
RIGHT = {
    "ruff": "packages/bqstack/src/bqstack/errors.py",
    "format": "packages/bqstack/src/bqstack/errors.py",
    "secrets": "packages/bqstack/src/bqstack/errors.py",
    "shell": "tools/bootstrap.sh",
    "workflows": ".github/workflows/main.yml",
}
WRONG = {
    "ruff": ("wrong.py", "import os\n"),
    "format": ("wrong.py", "a   =  1\n"),
    # Written in two parts, so that the scan of this file does not find it.
    "secrets": ("wrong.yaml", "key: AIza" + "SyA1234567890abcdefghijklmnopqrstuv\n"),
    "shell": ("wrong.sh", "#!/bin/sh\ncd $1\n"),
    "workflows": ("wrong.yml", "on: push\njobs: {}\n"),
}


def run(hook: str, *files: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a hook as pre-commit does: its entry, then the files, in the project's folder."""
    return subprocess.run(
        [*shlex.split(HOOKS[hook]["entry"]), *map(str, files)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("hook", RIGHT)
def test_a_hook_passes_what_is_right(hook):
    done = run(hook, RIGHT[hook])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("hook", WRONG)
def test_a_hook_stops_what_is_wrong(hook, tmp_path):
    name, text = WRONG[hook]
    file = tmp_path / name
    file.write_text(text)
    done = run(hook, file)
    assert done.returncode != 0, hook
    assert name in done.stdout + done.stderr


def test_the_settings_of_all_stacks_and_the_catalogues_are_read():
    done = run("settings")
    assert done.returncode == 0, done.stderr


def test_sql_goes_through_the_analyser():
    done = run("sql", "sql/tables/holiday_calendar.sql")
    assert done.returncode == 0, done.stdout + done.stderr
    assert run("sql", "sql/tables/not_there.sql").returncode != 0


def test_hooks_are_all_tried_and_fetch_nothing():
    assert HOOKS.keys() == RIGHT.keys() | {"settings", "sql"}
    for hook in HOOKS.values():
        assert hook["language"] == "system"
        assert hook["entry"].startswith("tools/with_environment.sh ")


@pytest.mark.parametrize(
    ("hook", "file"),
    [
        ("sql", "sql/procedures/run_daily_automation.sql"),
        ("settings", "Pulumi.prod.yaml"),
        ("settings", "config/schedules.yaml"),
        ("workflows", ".github/workflows/main.yml"),
    ],
)
def test_hooks_look_at_the_files_meant(hook, file):
    assert (PROJECT_ROOT / file).is_file()
    assert re.search(HOOKS[hook]["files"], file)


def test_pre_commit_takes_the_configuration():
    done = subprocess.run(
        ["pre-commit", "validate-config", CONFIG], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
