"""The servers of the local cloud: how each one is started, reached and probed."""

from __future__ import annotations

import socket
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException

from localgcp.paths import DataFolder
from localgcp.ports import HOST

PROJECT = "eros-local"
PROJECT_NUMBER = "123456789012"
_PROBE_SECONDS = 2.0
# No proxy stands between this machine and itself, whatever the environment says.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# Config key of the gcp provider: path of the API on the REST server.
_REST_PATHS = {
    "bigqueryDataTransferCustomEndpoint": "bigquerydatatransfer/v1/",
    "monitoringCustomEndpoint": "monitoring/",
    "loggingCustomEndpoint": "logging/v2/",
    "pubsubCustomEndpoint": "pubsub/v1/",
    "storageCustomEndpoint": "storage/storage/v1/",
    "iamBetaCustomEndpoint": "iam/v1/",
    "cloudBillingCustomEndpoint": "cloudbilling/v1/",
    "cloudResourceManagerCustomEndpoint": "cloudresourcemanager/v1/",
    "resourceManagerCustomEndpoint": "cloudresourcemanager/v1/",
    "serviceUsageCustomEndpoint": "serviceusage/v1/",
}

# Ports by the name of the port, over all services.
Ports = Mapping[str, int]


@dataclass(frozen=True)
class Service:
    """One server process. Functions get the ports of all services and the data folder."""

    name: str
    title: str
    port_names: tuple[str, ...]
    command: Callable[[Ports, DataFolder], list[str]]
    answers: Callable[[Ports], bool]
    environment: Callable[[Ports, DataFolder], dict[str, str]] = field(
        default=lambda ports, folder: {}
    )

    @property
    def main_port(self) -> str:
        """The port that users see."""
        return self.port_names[0]


def endpoints(ports: Ports) -> dict[str, str]:
    """The gcp provider's endpoint settings, without the prefix `gcp:`."""
    bigquery, rest = _url(ports["bigquery"]), _url(ports["gcp"])
    return {
        "bigQueryCustomEndpoint": f"{bigquery}/bigquery/v2/",
        **{key: f"{rest}/{path}" for key, path in _REST_PATHS.items()},
    }


def addresses(ports: Ports) -> dict[str, str]:
    """Where BigQuery is, by environment variable.

    The first is read by Google's clients for Python themselves; the second is ours, since no
    client has one for the storage API.
    """
    return {
        "BIGQUERY_EMULATOR_HOST": _url(ports["bigquery"]),
        "BIGQUERY_STORAGE_HOST": f"{HOST}:{ports['bigquery_storage']}",
    }


def _url(port: int) -> str:
    return f"http://{HOST}:{port}"


def _answers_http(port: int, path: str) -> bool:
    """Whether the server answers this request and does so without an error."""
    try:
        with _DIRECT.open(f"{_url(port)}{path}", timeout=_PROBE_SECONDS):
            return True
    except (OSError, HTTPException):  # The latter: something on the port that is no web server.
        return False


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=_PROBE_SECONDS):
            return True
    except OSError:
        return False


def _bigquery_environment(ports: Ports, folder: DataFolder) -> dict[str, str]:
    return {
        "BIGQUERY_HOST": HOST,
        "BIGQUERY_PORT": str(ports["bigquery"]),
        "GRPC_PORT": str(ports["bigquery_storage"]),
        "DATA_DIR": str(folder.root / "bigquery"),
        "GCS_LOCAL_ROOT": str(folder.root / "gcs"),
        "DEFAULT_PROJECT_ID": PROJECT,
        "EROS_LOCAL_ROOT": str(folder.root),
    }


def _rest_command(ports: Ports, folder: DataFolder) -> list[str]:
    options = {
        "--port": str(ports["gcp"]),
        "--data-dir": str(folder.root),
        "--bigquery-url": _url(ports["bigquery"]),
        "--project": PROJECT,
        "--project-number": PROJECT_NUMBER,
    }
    return _module("localgcp.apis", *(word for pair in options.items() for word in pair))


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


SERVICES = (
    Service(
        name="bigquery",
        title="BigQuery",
        port_names=("bigquery", "bigquery_storage"),
        command=lambda ports, folder: _module("localgcp.bigquery"),
        environment=_bigquery_environment,
        answers=lambda ports: (
            _accepts(ports["bigquery_storage"])
            and _answers_http(ports["bigquery"], f"/bigquery/v2/projects/{PROJECT}/datasets")
        ),
    ),
    Service(
        name="gcp",
        title="Google's other APIs",
        port_names=("gcp",),
        command=_rest_command,
        answers=lambda ports: _answers_http(
            ports["gcp"], f"/cloudresourcemanager/v1/projects/{PROJECT}"
        ),
    ),
)
