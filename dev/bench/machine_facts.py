"""What a figure must be read with: machine, load, versions."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from eros.project.settings import PROJECT_ROOT
from tools import gcp_plugin

_PACKAGES = ("pulumi", "pulumi-gcp", "local-bigquery", "duckdb", "google-cloud-bigquery")


def machine() -> dict[str, Any]:
    """Fixed for the whole run."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "commit": _output("git", "describe", "--always", "--dirty"),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        # Where it may not be written, every start compiles whatever has none.
        "python_bytecode": "not written" if sys.dont_write_bytecode else "written",
        "pulumi_cli": _output("pulumi", "version"),
        "gcp_plugin": gcp_plugin.find(PROJECT_ROOT).kind,
        **{name: metadata.version(name) for name in _PACKAGES},
    }


def load() -> float:
    """Processes that want a processor, on average over the last minute."""
    return round(os.getloadavg()[0], 2)


def _output(*command: str) -> str:
    try:
        found = subprocess.run(
            command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return "not on PATH: make shell"
    return found.stdout.strip() or "unknown"
