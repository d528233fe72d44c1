"""The project's virtual environment: exactly the packages of requirements.txt, and the project.

Everything is installed from the complete lock with hashes required and without resolving.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from tools.console import ToolchainError, run, say, ticking

# Raise it when the steps below change what they leave behind.
FORMAT = "1"
# The folders that are installed in place, each with its pyproject.toml.
_PROJECTS = (
    "packages/gcptypes",
    "packages/erosbuilder",
    "packages/bqstack",
    "packages/localgcp",
    ".",
)
_INPUTS = ("requirements.txt", *(f"{folder}/pyproject.toml" for folder in _PROJECTS))
_PIP_FLAGS = (
    "--quiet",
    "--no-deps",
    "--disable-pip-version-check",
    "--no-input",
    # A person's pip configuration says where packages go elsewhere, not here.
    "--no-user",
)
# Settings of pip and uv that choose another place or other versions than the lock's. Mirrors,
# certificates and proxies stay.
_NOT_OURS = (
    "PIP_CONSTRAINT",
    "PIP_NO_BUILD_ISOLATION",
    "PIP_PREFIX",
    "PIP_REQUIRE_HASHES",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_ROOT",
    "PIP_TARGET",
    "PIP_USER",
    "PYTHONHOME",
    "PYTHONPATH",
    "UV_BUILD_CONSTRAINT",
    "UV_CONSTRAINT",
    "UV_EXCLUDE_NEWER",
    "UV_OVERRIDE",
    "UV_PRERELEASE",
    "UV_PROJECT_ENVIRONMENT",
    "UV_RESOLUTION",
    "UV_SYSTEM_PYTHON",
)


def ensure(root: Path) -> bool:
    """Bring `.venv` up to date; True when something was done.

    Raises ToolchainError when a package cannot be installed.
    """
    venv = root / ".venv"
    home = _digest(FORMAT, str(root), sys.version, sys.base_prefix)
    packages = _digest(*((root / name).read_text() for name in _INPUTS))
    stamp = venv / "eros-stamp"
    current = stamp.read_text().split() if stamp.is_file() else []
    if current == [home, packages]:
        return False
    try:
        if current[:1] == [home]:
            stamp.unlink()
        else:
            _create(venv)
        _install(root, venv)
        _import_extensions(root, venv)
        stamp.write_text(f"{home}\n{packages}\n")
    except OSError as error:
        raise ToolchainError(f"cannot write {error.filename or venv}: {error.strerror}") from error
    return True


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _create(venv: Path) -> None:
    say(f"Python: {sys.version.split()[0]}, creating .venv")
    # Running from the old .venv: its base interpreter has to make the new one.
    base = getattr(sys, "_base_executable", sys.executable)
    run([base, "-m", "venv", "--clear", venv])


def _install(root: Path, venv: Path) -> None:
    python = venv / "bin" / "python"
    lock = root / "requirements.txt"
    count = sum("==" in line for line in lock.read_text().splitlines())
    for name in _NOT_OURS:
        os.environ.pop(name, None)
    with ticking(f"packages: installing {count} (hashes checked)"):
        try:
            uv = _uv(venv, lock)
            # Networks with certificates of their own have them in the system's store.
            os.environ.setdefault("UV_SYSTEM_CERTS", "true")
            run([uv, "pip", "sync", "--require-hashes", "--python", python, lock])
        except ToolchainError as error:
            # uv does not read pip's configuration (mirrors, certificates); pip does.
            say(f"uv could not install, trying pip: {error}")
            run([python, "-m", "pip", "install", *_PIP_FLAGS, "--require-hashes", "-r", lock])
        offline = ["--no-build-isolation", "--no-index"]
        editable = [word for folder in _PROJECTS for word in ("--editable", root / folder)]
        run([python, "-m", "pip", "install", *_PIP_FLAGS, *offline, *editable])


def _uv(venv: Path, lock: Path) -> str:
    """uv from PATH, else the locked one installed into `.venv`: ten times faster than pip."""
    own = venv / "bin" / "uv"
    found = shutil.which("uv")
    if found:
        return found
    if not own.exists():
        only_uv = venv / "uv.txt"
        only_uv.write_text(locked_entry(lock.read_text(), "uv"))
        python = venv / "bin" / "python"
        run([python, "-m", "pip", "install", *_PIP_FLAGS, "--require-hashes", "-r", only_uv])
    return str(own)


def locked_entry(lock: str, package: str) -> str:
    """The lines of one package in a lock file: the requirement and its hashes."""
    lines = lock.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{package}=="))
    end = start
    while lines[end].endswith("\\"):
        end += 1
    return "\n".join(lines[start : end + 1]) + "\n"


def _import_extensions(root: Path, venv: Path) -> None:
    """DuckDB's extensions go from their wheels into the user's DuckDB folder, once a machine."""
    run([venv / "bin" / "python", "-m", "localgcp.extensions"], cwd=root)
