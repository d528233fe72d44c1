"""Prepares the working environment; a second run finds everything in place and costs no time.

Steps: .venv with the locked packages, DuckDB's extensions, a Pulumi engine, the gcp plugin.
"""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

from tools import gcp_plugin, pulumi_engine, python_environment
from tools.console import ToolchainError, say

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run all steps; the exit code of the process."""
    try:
        _wait_for_other_bootstrap()
        changed = python_environment.ensure(ROOT)
        found = pulumi_engine.ensure(ROOT)
        plugin = gcp_plugin.attach(ROOT)
        if changed or found.changed:
            say(f"Pulumi: {found.description}")
            say(f"gcp plugin: {plugin.description}")
            say("ready: . tools/activate.sh (or make shell), make help")
    except ToolchainError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _wait_for_other_bootstrap() -> None:
    """Lock the project folder until this process ends, so that one bootstrap works at a time."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another bootstrap of this folder")
        fcntl.flock(folder, fcntl.LOCK_EX)


if __name__ == "__main__":
    sys.exit(main())
