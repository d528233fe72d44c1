"""A Python environment for somebody's client, and a local BigQuery for it to talk to."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localgcp import ports
from localgcp.services import PROJECT

_START_SECONDS = 90


class ClientsError(Exception):
    """Something the reader can mend; its text is the whole message."""


@dataclass(frozen=True)
class Emulator:
    """Addresses of a running local BigQuery."""

    rest: str
    storage: str

    @property
    def environment(self) -> dict[str, str]:
        """Of a client's process: the documented variables, and nothing of the person's."""
        kept = ("HOME", "PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "XDG_CACHE_HOME")
        own = {name: os.environ[name] for name in kept if name in os.environ}
        return own | {
            "BIGQUERY_EMULATOR_HOST": self.rest,
            "BIGQUERY_STORAGE_HOST": self.storage,
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


@contextmanager
def emulator(folder: Path) -> Iterator[Emulator]:
    """A local BigQuery with its data in `folder`; it ends with the block."""
    rest = ports.choose(folder, ())
    storage = ports.choose(folder, (rest,))
    own = {
        "BIGQUERY_HOST": ports.HOST,
        "BIGQUERY_PORT": str(rest),
        "GRPC_PORT": str(storage),
        "DATA_DIR": str(folder / "bigquery"),
        "DEFAULT_PROJECT_ID": PROJECT,
    }
    log = folder / "bigquery.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [sys.executable, "-m", "localgcp.bigquery"],
            env=os.environ | own,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            url = f"http://{ports.HOST}:{rest}"
            _wait(process, f"{url}/bigquery/v2/projects/{PROJECT}/datasets", log)
            yield Emulator(url, f"{ports.HOST}:{storage}")
        finally:
            process.terminate()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with direct.open(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise ClientsError(f"the local BigQuery does not start:\n{log.read_text()[-2000:]}")
