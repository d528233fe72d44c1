"""Checks the workflows of GitHub Actions with actionlint, built once a machine from its Go module.

`python -m tools.workflows [FILE...]`; shellcheck, from its package, reads the `run` steps.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tools import go_build, toolchain_cache
from tools.console import ToolchainError
from tools.exclusive_lock import exclusive

ROOT = Path(__file__).resolve().parent.parent
_MODULE = "actionlint"
_PACKAGE = "github.com/rhysd/actionlint/cmd/actionlint"


def actionlint(root: Path = ROOT) -> Path:
    """Path of the program, built if this machine has not got it; raises ToolchainError."""
    module = root / "tools" / _MODULE
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        digest.update((module / name).read_bytes())
    folder = toolchain_cache.folder() / f"{_MODULE}-{digest.hexdigest()[:12]}"
    with exclusive(toolchain_cache.folder() / f"{_MODULE}.lock"):
        if not folder.is_dir():
            if shutil.which("go") is None:
                raise ToolchainError(
                    "actionlint is built with Go, which is not on PATH\n"
                    "  fix: install Go 1.26 or newer (https://go.dev/dl/)"
                )
            with toolchain_cache.assembled(folder) as draft:
                go_build.compile_program(module, _PACKAGE, draft, "10 seconds, once per machine")
    return folder / _MODULE


def check(files: list[str], root: Path = ROOT) -> int:
    """actionlint on these files, or on all workflows; its exit code. Raises ToolchainError."""
    command: list[str | Path] = [
        actionlint(root),
        "-shellcheck",
        root / ".venv" / "bin" / "shellcheck",
        *files,
    ]
    return subprocess.run(command, cwd=root, check=False).returncode


def main() -> int:
    """The exit code of the process."""
    try:
        code = check(sys.argv[1:])
    except ToolchainError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if code == 0:
        print("workflows: clean")
    return code


if __name__ == "__main__":
    sys.exit(main())
