"""The engine's own preview, as text."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bqstack import engine


def preview(stack: str, root: Path) -> str:
    """What `pulumi preview --diff` prints, a refusal of the guard included."""
    command = [engine.executable(), "preview", "--stack", stack, "--diff"]
    result = subprocess.run(
        [*command, "--color", "never", "--non-interactive"],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )
    lines = f"{result.stdout}\n{result.stderr}".strip().splitlines()
    # Progress, whose dots count the seconds.
    return "\n".join(line for line in lines if not line.startswith("@ "))
