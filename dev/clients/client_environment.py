"""A Python environment for somebody's client, with the addresses of a local BigQuery."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from localgcp.servers import PROJECT


class ClientsError(Exception):
    """Something the reader can fix; its text is the whole message."""


def environment(addresses: Mapping[str, str]) -> dict[str, str]:
    """Of a client's process: where the local cloud is, and nothing of the person's."""
    kept = ("HOME", "PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "XDG_CACHE_HOME")
    own = {name: os.environ[name] for name in kept if name in os.environ}
    return {
        **own,
        **addresses,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "PYTHONPATH": str(Path(__file__).resolve().parent),
        "no_proxy": "127.0.0.1,localhost",
    }


def python_with(packages: Sequence[str]) -> Path:
    """The interpreter of an environment with these packages, made the first time.

    Raises ClientsError when they cannot be installed.
    """
    digest = hashlib.sha256("\n".join((sys.version, *packages)).encode()).hexdigest()[:12]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eros"
    folder = base / f"clients-{digest}"
    python = folder / "bin" / "python"
    if (folder / "complete").is_file():
        return python
    uv = shutil.which("uv")
    if uv is None:
        raise ClientsError("uv is not on PATH: . tools/activate.sh, then once more")
    print(f"installing {', '.join(packages)} into {folder}", flush=True)
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(python), *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ClientsError(f"`{' '.join(command[:3])} …` failed:\n{done.stderr.strip()}")
    (folder / "complete").touch()
    return python
