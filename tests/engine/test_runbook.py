"""Every command of docs/runbook.md and docs/checklists.md works on a local stack."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable

import pytest

from eros.project.settings import PROJECT_ROOT
from tests.engine.conftest import Cloud
from tests.engine.surroundings import OTHER_CLOUDS

pytestmark = pytest.mark.deployed

PAGES = ("runbook.md", "checklists.md")
# Blocks below a point of a list are indented.
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)

Run = Callable[..., subprocess.CompletedProcess[str]]


def commands() -> list[str]:
    """The commands of both pages, in their order, each once."""
    blocks = [
        block
        for page in PAGES
        for block in BLOCK.findall((PROJECT_ROOT / "docs" / page).read_text(encoding="utf-8"))
    ]
    lines = (line.strip() for block in blocks for line in block.splitlines())
    return list(dict.fromkeys(line for line in lines if line))


@pytest.fixture(scope="module")
def run(cloud: Cloud) -> Run:
    """Runs a command against a local stack that `eros local up` has filled."""
    folder = cloud.folder
    assert cloud.put_state(folder / "pulumi")
    environment = os.environ | {
        "EROS_LOCAL_DIR": str(folder),
        "PULUMI_BACKEND_URL": f"file://{folder / 'pulumi'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
    }

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        # `eros` alone keeps the settings apart; plain `pulumi` obeys them.
        hostile = OTHER_CLOUDS if arguments[0] == "eros" else {}
        return subprocess.run(
            arguments,
            cwd=PROJECT_ROOT,
            env=environment | hostile,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    started = call("eros", "local", "up", "--no-follow-clock")
    assert started.returncode == 0, started.stdout
    return call


def test_the_pages_have_commands():
    assert len(commands()) > 20


@pytest.mark.parametrize("command", commands())
def test_the_command_works(run, command, tmp_path):
    arguments = [
        # What a command writes belongs beside the test, not into the project.
        str(tmp_path / word) if word == "dashboard.html" else word
        for word in shlex.split(command, comments=True)
    ]
    result = run(*arguments)
    assert result.returncode == 0, result.stdout
