"""A digest of all that the program's declarations depend on, beside the stack's state."""

from __future__ import annotations

import json
import os
from pathlib import Path

from bqstack.analysis import recall
from bqstack.guard.verdicts import digest_of
from eros.cloud import endpoints
from eros.project.files import beside
from eros.project.schedules import ScheduledScripts
from eros.project.settings import PROJECT_ROOT, Settings

# Code of the program; what it reads from the library is the guard's to know.
_FOLDERS = ("components", "eros", "policy")
# What names the program, and the library's entry to it.
_FILES = ("__main__.py", "Pulumi.yaml", "pyproject.toml")
# Variables that the pulumi-gcp package or our own code reads.
_ENVIRONMENT = ("CLOUDSDK_", "EROS_", "GCLOUD_", "GCP_", "GOOGLE_", "USER_PROJECT_OVERRIDE")


def fingerprint(settings: Settings, root: Path = PROJECT_ROOT) -> bytes | None:
    """The digest; None where a file cannot be read.

    Secrets are left out: two values of one look the same to the guard.
    """
    files = recall.key(settings, root, beside(ScheduledScripts(settings, root)))
    if files is None:
        return None
    code = [path for name in _FILES if (path := root / name).is_file()]
    for folder in _FOLDERS:
        code += sorted((root / folder).rglob("*.py"))
    environment = sorted(
        (name, value) for name, value in os.environ.items() if name.startswith(_ENVIRONMENT)
    )
    addresses = endpoints.load(settings, root)
    return digest_of(code, files, json.dumps([environment, addresses], sort_keys=True))
