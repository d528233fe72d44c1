"""`make client-suite DIR=…`: the system tests of a client of Google's against a local cloud.

DIR is a checkout that the person has, of googleapis/python-bigquery, python-bigquery-storage or
python-bigquery-sqlalchemy; nothing of it is copied. Its client is the one installed, in an
environment of its own. The local cloud is one of the suite's own, with stand-ins for the public
data that the tests read.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.clients import stand_ins
from dev.clients.client_environment import ClientsError, environment, python_with
from localgcp.errors import LocalCloudError
from localgcp.paths import DataFolder
from localgcp.supervisor import Supervisor

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
# By a folder of the checkout: its extras, and what its tests need besides.
_SUITES = {
    "sqlalchemy_bigquery": ("all", ("google-cloud-bigquery", "sqlalchemy<2.1")),
    "google/cloud/bigquery_storage": ("fastavro,pandas,pyarrow", ("google-cloud-bigquery", "pytz")),
    "google/cloud/bigquery": ("all", ()),
}


def main() -> int:
    """Run the suite; the exit code is pytest's."""
    parser = argparse.ArgumentParser(prog="python -m dev.clients", description=__doc__)
    parser.add_argument("checkout", type=Path, help="a checkout of the client's repository")
    parser.add_argument("pytest", nargs="*", help="options of pytest, behind --")
    arguments = parser.parse_args()
    checkout = arguments.checkout.resolve()
    found = [needs for folder, needs in _SUITES.items() if (checkout / folder).is_dir()]
    if not found or not (checkout / _TESTS).is_dir():
        parser.error(f"{checkout} has no {_TESTS} of a client: git clone its repository first")
    extras, besides = found[0]
    try:
        python = python_with((f"{checkout}[{extras}]", *besides, *_TOOLS))
        with (
            tempfile.TemporaryDirectory(prefix="eros-clients-") as folder,
            _cloud(DataFolder(Path(folder) / "cloud")) as addresses,
        ):
            done = subprocess.run(
                [
                    *(str(python), "-m", "pytest", "-p", "local_cloud", "-q"),
                    *("--timeout", "240", "-p", "no:cacheprovider", "-rfE", "--tb=line"),
                    *(arguments.pytest or [str(_TESTS)]),
                ],
                cwd=checkout,
                env=environment(addresses),
                check=False,
            )
        return done.returncode
    except (ClientsError, LocalCloudError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


@contextmanager
def _cloud(folder: DataFolder) -> Iterator[dict[str, str]]:
    """A local cloud for as long as the block lasts, and where its servers are."""
    # `timeout` and CI end a program by SIGTERM; the servers are processes of their own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    supervisor = Supervisor(folder, lambda text: print(text, flush=True))
    try:
        supervisor.up()
        addresses = supervisor.addresses()
        stand_ins.make(addresses["BIGQUERY_EMULATOR_HOST"], folder.root / "gcs")
        storage = json.loads(folder.endpoints.read_text(encoding="utf-8"))["storageCustomEndpoint"]
        yield addresses | {"STORAGE_EMULATOR_HOST": storage.partition("/storage/")[0]}
    finally:
        supervisor.down()


if __name__ == "__main__":
    sys.exit(main())
