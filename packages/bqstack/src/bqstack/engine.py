"""The Pulumi engine as a command: environment, calls, history."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from bqstack.errors import UserError

# Of what a failed command said: its errors stand at the end.
_MOST_SAID = 4000
_MISSING = re.compile(r"no stack named '([^']+)' found")


def executable() -> str:
    """Path of the pulumi CLI; raises UserError when it is not there."""
    found = shutil.which("pulumi")
    if found is None:
        raise UserError(
            "pulumi is not on PATH", fix="install the Pulumi CLI, or put its folder on PATH"
        )
    return found


def run(*arguments: str, root: Path) -> None:
    """Run pulumi in the folder `root`, with the terminal as it is; raises UserError."""
    command = [executable(), *arguments]
    if subprocess.run(command, cwd=root, check=False).returncode != 0:
        raise UserError(f"pulumi {arguments[0]} failed; see its message above")


def run_quietly(*arguments: str, root: Path) -> None:
    """Run pulumi without a word of it; raises UserError with the end of what it says.

    An interruption reaches it once, as `in_session` does it.
    """
    with tempfile.TemporaryFile() as said:
        command = [executable(), *arguments, "--non-interactive", "--color", "never"]
        code = in_session(
            command, cwd=root, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
        if code:
            said.seek(0)
            lines = said.read().decode(errors="replace").splitlines()
            end = "\n".join(line for line in lines if line.strip())[-_MOST_SAID:]
            raise UserError(f"pulumi {arguments[0]} failed:\n{end}")


def in_session(
    command: Sequence[str],
    *,
    cwd: Path | str,
    env: Mapping[str, str] | None = None,
    stdin: int | None = None,
    stdout: int | IO[str] | IO[bytes] | None = None,
    stderr: int | IO[str] | IO[bytes] | None = None,
) -> int:
    """Run a command in a session of its own; its exit code. The rest is as Popen takes it.

    An interruption (Ctrl-C) reaches it once, through us, and it is waited for: the second one
    makes the engine drop what it is doing, with the stack locked and operations of unknown end.
    """
    process = subprocess.Popen(
        command,
        start_new_session=True,
        cwd=cwd,
        env=env,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise


def output(*arguments: str, root: Path) -> str:
    """What pulumi prints; raises UserError with its message when it fails."""
    result = subprocess.run(
        [executable(), *arguments], cwd=root, check=False, capture_output=True, text=True
    )
    if result.returncode != 0:
        text = result.stderr.strip()
        missing = _MISSING.search(text)
        raise UserError(
            f"pulumi {' '.join(arguments[:2])}: {text}",
            fix=f"pulumi stack init {missing[1]}; or name its backend: PULUMI_BACKEND_URL"
            if missing
            else None,
        )
    return result.stdout


def last_changes(stack: str, root: Path) -> dict[str, int]:
    """Number of resources per operation in the stack's last update."""
    text = output(
        "stack", "history", "--stack", stack, "--json", "--page-size", "1", "--page", "1", root=root
    )
    updates = json.loads(text)
    return updates[0].get("resourceChanges") or {} if updates else {}


def uses_local_backend() -> bool:
    """Whether stacks are kept in a folder of this machine."""
    return os.environ.get("PULUMI_BACKEND_URL", "").startswith("file://")
