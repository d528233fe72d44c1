"""Data folders of a local BigQuery that holds a whole catalogue, kept from run to run.

Creating all objects takes most of a minute of a processor, for the same statements the same folder.
Its name is a hash of all that decides what is in it: the statements in their order, the code of the
local BigQuery, the locked packages, Python and this module. Every user works on a copy.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from eros.cloud.google import NO_RETRY
from eros.project.settings import PROJECT_ROOT
from localgcp.bigquery import standalone, switch
from tools import exclusive_lock, toolchain_cache

_KEPT = 4
_CODE = ("packages/localgcp/src", "packages/gcptypes/src")
_DATA = "bigquery"


def connected(server: standalone.Standalone, project: str) -> bigquery.Client:
    """A client of a server on this machine."""
    return bigquery.Client(
        project=project,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": server.rest},
    )


def copy(project: str, dataset: str, statements: Iterable[str], target: Path) -> None:
    """Put a data folder with the dataset below `target`, as `standalone.running` looks for it."""
    texts = list(statements)
    kept = toolchain_cache.folder().parent / "catalogues"
    folder = kept / key(project, dataset, texts)
    with exclusive_lock.exclusive(kept / "lock"):
        if not folder.exists():
            with tempfile.TemporaryDirectory(prefix="eros-catalogue-") as work:
                _create(Path(work), project, dataset, texts)
                with toolchain_cache.assembled(folder) as draft:
                    shutil.copytree(Path(work) / _DATA, draft / _DATA)
        os.utime(folder)
        shutil.copytree(folder / _DATA, target / _DATA)
        others = [one for one in kept.iterdir() if one.is_dir()]
        for old in sorted(others, key=lambda one: one.stat().st_mtime)[:-_KEPT]:
            shutil.rmtree(old)


def key(project: str, dataset: str, texts: list[str], root: Path = PROJECT_ROOT) -> str:
    """Name of the folder for these statements on this server."""
    found = hashlib.sha256()
    strict = os.environ.get(switch.VARIABLE, "")
    parts = [sys.version, platform.platform(), strict, project, dataset, *texts]
    code = [path for folder in _CODE for path in sorted((root / folder).rglob("*.py"))]
    for path in (*code, root / "requirements.txt", Path(__file__)):
        parts += [path.name, path.read_text(encoding="utf-8")]
    for part in parts:
        # With its length: no two lists of texts are the same when joined.
        found.update(f"{len(part)}:{part}".encode())
    return found.hexdigest()[:32]


def _create(folder: Path, project: str, dataset: str, texts: list[str]) -> None:
    with standalone.running(folder, project=project) as server:
        client = connected(server, project)
        client.create_dataset(f"{project}.{dataset}")
        for text in texts:
            client.query(text, retry=NO_RETRY, job_retry=NO_RETRY).result()
        client.close()
