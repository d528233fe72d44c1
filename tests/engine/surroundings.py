"""Copies of this project in the places and under the settings that people have."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eros.project.settings import PROJECT_ROOT

_OURS = ("EROS_", "PULUMI_", "VIRTUAL_ENV")

# What a person may have set for other clouds; no command on the local stack may see it.
OTHER_CLOUDS = {
    **dict.fromkeys(("HTTP_PROXY", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9"),
    "PULUMI_ACCESS_TOKEN": "pul-0000",
    "PULUMI_BACKEND_URL": "s3://nowhere.invalid",
    "PULUMI_CONFIG_PASSPHRASE": "of another stack",
    "PULUMI_STACK": "prod",
    "GOOGLE_CLOUD_PROJECT": "theirs",
    "GOOGLE_CREDENTIALS": "{}",
    "GOOGLE_REGION": "europe-west1",
    "BIGQUERY_EMULATOR_HOST": "127.0.0.1:9",
    "TZ": "Asia/Kathmandu",
}


def bare() -> dict[str, str]:
    """The environment of this run without what `tools/activate.sh` puts into one."""
    own = str(PROJECT_ROOT / ".venv")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    path = (part for part in kept["PATH"].split(os.pathsep) if not part.startswith(own))
    return kept | {"PATH": os.pathsep.join(path)}


@dataclass(frozen=True)
class Place:
    """A copy of the project and the settings of the person who works in it."""

    root: Path
    settings: Mapping[str, str]

    def run(
        self, *command: str, within: Path | None = None, umask: int = -1, fails: bool = False
    ) -> str:
        """What a command prints, run in the copy or `within` another folder."""
        done = subprocess.run(
            command,
            cwd=within or self.root,
            env=bare() | dict(self.settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            umask=umask,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stdout
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout

    def shell(self, text: str, *, within: Path | None = None) -> str:
        """What lines of bash print; a part of a pipe that fails counts."""
        return self.run("bash", "-euo", "pipefail", "-c", text, within=within)


def copied(root: Path) -> Path:
    """The project's files as they are now in a new folder, without history or environment."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source = PROJECT_ROOT / name
        if source.exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, root / name, follow_symlinks=False)
    return root


def committed(root: Path) -> Path:
    """A copy of the project with a history of two commits."""
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com"]
    for command in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["commit", "--quiet", "--allow-empty", "--message", "before"],
        ["add", "--all"],
        ["commit", "--quiet", "--no-verify", "--message", "as it is"],
    ):
        subprocess.run([*git, *command], cwd=root, check=True)
    return root
