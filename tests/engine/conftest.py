"""The real `pulumi` against a local cloud of the test run's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from dev.program_copy import copy_program
from eros.project.settings import PROJECT_ROOT
from tests.engine import kept

PROJECT = "eros-local"
DATASET = "eros_scheduling_brain"
# Longest first; what is not named comes after them, and single tests at the end fill up.
_LONG = (
    *("surroundings", "deploy", "rollback", "sandboxes", "lifecycle", "matrix"),
    *("alerts", "wide_tables", "chaos", "repair", "runbook", "guard", "faults", "adopt"),
    *("adopt_objects", "gate"),
)
# Tests of these files need no other one, and may run in two processes.
_APART = {"test_gate", "test_surroundings"}
# Beside a kept state: those of the cloud that it was made with.
_ADDRESSES = "addresses.json"


@dataclass(frozen=True)
class Cloud:
    """A running local cloud and its data folder."""

    folder: Path

    def control(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python -m localgcp ...` for this cloud."""
        return subprocess.run(
            [sys.executable, "-m", "localgcp", *arguments],
            cwd=PROJECT_ROOT,
            env=os.environ | {"EROS_LOCAL_DIR": str(self.folder)},
            capture_output=True,
            text=True,
            check=True,
        )

    @property
    def endpoints(self) -> dict[str, str]:
        """Provider key to URL."""
        return json.loads((self.folder / "endpoints.json").read_text(encoding="utf-8"))

    def put_state(self, target: Path) -> bool:
        """Put the state of the stack that it began with into a new folder, if it did."""
        before = self.folder.parent
        if not (before / "state").exists():
            return False
        shutil.copytree(before / "state", target, dirs_exist_ok=True)
        old = json.loads((before / _ADDRESSES).read_text(encoding="utf-8"))
        kept.move(target, old, self.endpoints)
        return True

    @property
    def bigquery(self) -> bigquery.Client:
        """A client of the local BigQuery, beside the program's back."""
        root = self.endpoints["bigQueryCustomEndpoint"].removesuffix("/bigquery/v2/")
        return bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": root},
        )


@dataclass(frozen=True)
class Program:
    """A copy of the Pulumi program with a state of its own."""

    root: Path
    cloud: Cloud

    @property
    def environment(self) -> dict[str, str]:
        """Environment of its pulumi commands."""
        return os.environ | {
            "PULUMI_BACKEND_URL": f"file://{self.root / 'state'}",
            "EROS_LOCAL_BACKEND_URL": f"file://{self.root / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
        }

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        """Run pulumi; its whole output. A result other than expected fails the test."""
        result = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (result.returncode != 0) is fails, result.stdout
        return result.stdout

    def up(self, *options: str, fails: bool = False) -> str:
        """`pulumi up` without questions."""
        return self.pulumi(
            "up", "--stack", "local", "--yes", "--skip-preview", *options, fails=fails
        )

    def assert_converged(self) -> None:
        """The next preview is empty."""
        self.pulumi("preview", "--stack", "local", "--expect-no-changes")

    def planned(self) -> dict[str, str]:
        """What the next `up` would do: resource name to operation, unchanged ones left out."""
        text = self.pulumi("preview", "--stack", "local", "--json")
        steps = json.loads(text[text.index("{") :])["steps"]
        return {
            step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] != "same"
        }

    def last_changes(self) -> dict[str, int]:
        """Number of resources per operation in the last update."""
        history = json.loads(self.pulumi("stack", "history", "--stack", "local", "--json"))
        return history[0]["resourceChanges"]

    def state(self, stack: str = "local") -> list[dict]:
        """Resources in the stack's state."""
        export = json.loads(self.pulumi("stack", "export", "--stack", stack))
        return export["deployment"].get("resources", [])

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text in a file of the copy."""
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {path}"
        file.write_text(text.replace(old, new), encoding="utf-8")

    def set(self, key: str, value: str) -> None:
        """Set a value of the local stack."""
        self.pulumi("config", "set", "--path", f"eros:{key}", value, "--stack", "local")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first, where nothing but this folder runs."""
    here = Path(__file__).parent
    if all(here in item.path.parents for item in items):
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[int, bool]:
    name = item.path.stem.removeprefix("test_")
    return (_LONG.index(name) if name in _LONG else len(_LONG), item.path.stem in _APART)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file stays in one process and in its order, but for those in _APART.

    Not xdist's groups: 3.8 writes them into names that pytest 9.2 does not read any more.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Files(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return nodeid if Path(file).stem in _APART else file

    return Files(config, log)


@pytest.fixture(scope="module")
def cloud(request, tmp_path_factory) -> Iterator[Cloud]:
    """A local cloud of the module's own, empty at first unless the module is marked `deployed`."""
    folder = tmp_path_factory.mktemp("cloud")
    if request.node.get_closest_marker("deployed"):
        kept.copy(_deploy, folder)
    with _running(folder) as running:
        yield running


@pytest.fixture(scope="module")
def program(tmp_path_factory, cloud) -> Program:
    """A fresh copy of the program and its stack; nothing is deployed unless the cloud is so."""
    return _program(tmp_path_factory.mktemp("program"), cloud)


@contextmanager
def _running(folder: Path) -> Iterator[Cloud]:
    running = Cloud(folder / "cloud")
    running.control("up")
    try:
        yield running
    finally:
        running.control("down")


def _program(root: Path, cloud: Cloud) -> Program:
    copy_program(root)
    (root / ".local").symlink_to(cloud.folder)
    copy = Program(root, cloud)
    if not cloud.put_state(root / "state"):
        (root / "state").mkdir()
        copy.pulumi("stack", "init", "local")
    return copy


def _deploy(folder: Path) -> None:
    """Make the first `up` of the program as it is."""
    root = folder / "program"
    root.mkdir()
    with _running(folder) as cloud:
        program = _program(root, cloud)
        program.up()
        text = json.dumps(cloud.endpoints)
    (folder / _ADDRESSES).write_text(text, encoding="utf-8")
    (root / "state").rename(folder / "state")
    shutil.rmtree(root)
