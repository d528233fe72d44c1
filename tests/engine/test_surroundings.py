"""The two commands and `eros` work wherever the project lies, whatever is set there.

Each stack stands for many surroundings at once: what fails names the command, and its output the
cause.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.engine.surroundings import OTHER_CLOUDS, Place, bare, committed, copied

SQL = "sql/views/current_health.sql"


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Path:
    """A repository to clone from."""
    return committed(copied(tmp_path_factory.mktemp("origin")))


def programs(folder: Path) -> dict[str, str]:
    """A PATH that begins with an old pulumi, and a PYTHONPATH with packages of our names."""
    old = folder / "old"
    old.mkdir()
    (old / "pulumi").write_text("#!/bin/sh\necho v1.14.1\nexit 3\n", encoding="utf-8")
    (old / "pulumi").chmod(0o755)
    theirs = folder / "theirs"
    for name in ("components", "policy", "tools"):
        (theirs / name).mkdir(parents=True)
        (theirs / name / "__init__.py").write_text(
            "raise ImportError('of another project')\n", encoding="utf-8"
        )
    return {
        "PATH": f"{old}{os.pathsep}{bare()['PATH']}",
        "PYTHONPATH": str(theirs),
        "PYTHONOPTIMIZE": "2",
        "UV_SYSTEM_PYTHON": "1",
        "PIP_USER": "1",
        "GOOGLE_APPLICATION_CREDENTIALS": str(folder / "nothing.json"),
    }


def prepare(place: Place) -> None:
    """Packages are fetched through the person's proxy, and theirs is dead here."""
    proxies = ("HTTP_PROXY", "https_proxy", "ALL_PROXY")
    reached = {name: value for name, value in place.settings.items() if name not in proxies}
    Place(place.root, reached).run("make", "-j8", "bootstrap", umask=0o077)


def test_a_shallow_clone_with_a_strange_name_and_a_persons_settings(tmp_path, origin):
    """From nothing to a running system, used from everywhere, then moved."""
    root = tmp_path / "ein Haus (für alle)" / "eros"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth", "1", f"file://{origin}", str(root)], check=True
    )
    terminal = {"LC_ALL": "C", "TERM": "dumb", "COLUMNS": "40", "NO_COLOR": "1", "CI": "1"}
    place = Place(root, OTHER_CLOUDS | terminal | programs(tmp_path))
    eros = str(root / ".venv/bin/eros")
    moved = Place(tmp_path / "moved", place.settings)
    try:
        prepare(place)
        place.run("make", "-j8", "up", umask=0o077)
        assert "All systems" in place.run(eros, "health", within=root / "sql")
        assert "unchanged" in place.run("make", "up")
        # From a cron line: another folder, no activation; and a reader that has read enough.
        assert "HEALTHY" in place.run(eros, "health", within=Path("/"))
        many = f"'{eros}' query 'SELECT * FROM caption_bank' --limit 500"
        place.shell(f"{many} | head -1 >/dev/null || [ $? = {128 + signal.SIGPIPE} ]")
        place.run("make", "down")
        root.rename(moved.root)
        prepare(moved)
        assert "unchanged" in moved.run("make", "up")
        assert "HEALTHY" in moved.run(str(moved.root / ".venv/bin/eros"), "health")
    finally:
        here = moved if moved.root.exists() else place
        here.run("make", "down")


def windows(root: Path) -> None:
    """Give everything that is read the line ends that git for Windows may write."""
    for pattern in ("sql/**/*.sql", "config/**/*.yaml", "Pulumi*.yaml"):
        for file in root.glob(pattern):
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert b"\r\n" in (root / SQL).read_bytes()


def test_an_archive_without_history(tmp_path):
    root = copied(tmp_path / "archive")
    windows(root)
    Place(root, {}).run("make", "validate")


def test_a_worktree_beside_its_clone(tmp_path, origin):
    """Two copies at once, of one history, each with a cloud of its own."""
    tree = tmp_path / "tree"
    subprocess.run(
        ["git", "-C", str(origin), "worktree", "add", "--quiet", str(tree), "-b", "other"],
        check=True,
    )
    places = [Place(origin, {}), Place(tree, {})]
    try:
        running = [
            subprocess.Popen(
                ["bash", "-euc", "make bootstrap; . tools/activate.sh; python -m localgcp up"],
                cwd=place.root,
                env=bare(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for place in places
        ]
        for process in running:
            said = process.communicate()[0]
            assert process.returncode == 0, said
        ports = [place.shell(". tools/activate.sh; python -m localgcp status") for place in places]
        assert all("running" in text for text in ports)
        assert ports[0] != ports[1]
        # The plan's other side is a commit that the worktree shares with its clone.
        windows(tree)
        said = places[1].run(".venv/bin/eros", "plan", "--stack", "staging", "--base", "HEAD")
        assert "nothing" in said.lower(), said
    finally:
        for place in places:
            place.shell(". tools/activate.sh; python -m localgcp down")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_files_of_another_user(tmp_path, origin):
    """As in a container: root works in a folder that belongs to somebody else."""
    root = tmp_path / "theirs"
    subprocess.run(["git", "clone", "--quiet", str(origin), str(root)], check=True)
    subprocess.run(["chown", "-R", "65534:65534", str(root)], check=True)
    place = Place(root, {})
    place.run("make", "validate")
    assert "eros" in place.run(".venv/bin/eros", "--version")
