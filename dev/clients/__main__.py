"""`make client-suite DIR=…`: the system tests of Google's Python client against the local BigQuery.

DIR is a checkout that the person has (googleapis/python-bigquery); nothing of it is copied. Its
client is the one installed, in an environment of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from dev.clients.client_environment import ClientsError, environment, python_with
from localgcp.bigquery import standalone
from localgcp.errors import LocalCloudError

_TOOLS = (
    "google-cloud-datacatalog",
    "google-cloud-resource-manager",
    "google-cloud-storage",
    "google-cloud-testutils",
    "psutil",
    "pytest<9",
    "pytest-timeout",
)
_TESTS = Path("tests") / "system"


def main() -> int:
    """Run the suite; the exit code is pytest's."""
    parser = argparse.ArgumentParser(prog="python -m dev.clients", description=__doc__)
    parser.add_argument("checkout", type=Path, help="a checkout of the client's repository")
    parser.add_argument("pytest", nargs="*", help="options of pytest, behind --")
    arguments = parser.parse_args()
    checkout = arguments.checkout.resolve()
    if not (checkout / _TESTS).is_dir():
        parser.error(f"{checkout} has no {_TESTS}: git clone the client's repository first")
    try:
        python = python_with((f"{checkout}[all]", *_TOOLS))
        with (
            tempfile.TemporaryDirectory(prefix="eros-clients-") as folder,
            standalone.running(Path(folder)) as server,
        ):
            done = subprocess.run(
                [
                    *(str(python), "-m", "pytest", "-p", "local_cloud", "-q"),
                    *("--timeout", "120", "-p", "no:cacheprovider", "-rfE", "--tb=line"),
                    *(arguments.pytest or [str(_TESTS)]),
                ],
                cwd=checkout,
                env=environment(server),
                check=False,
            )
        return done.returncode
    except (ClientsError, LocalCloudError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
