"""Google client libraries, pointed at Google or at the local cloud."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import google.auth
from google.api_core.exceptions import GoogleAPICallError
from google.auth.exceptions import DefaultCredentialsError
from googleapiclient.errors import HttpError

from bqstack.errors import UserError
from eros import logs
from eros.cloud import cloud_logs, endpoints, services
from eros.project.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from google.cloud.bigquery import Client
    from google.cloud.bigquery_datatransfer_v1 import DataTransferServiceClient

# For `retry` and `job_retry`: not again. BigQuery's client documents None; its types leave it out.
NO_RETRY: Any = None
_CONNECT_SECONDS = 5
_SERVICE_DISABLED = "SERVICE_DISABLED"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# APIs by our name: discovery document, key in `eros.cloud.endpoints`, and the end of its address
# that the document's own paths begin with.
_APIS = {
    "cloudresourcemanager": (
        "cloudresourcemanager",
        "v1",
        "cloudResourceManagerCustomEndpoint",
        "v1/",
    ),
    "dashboards": ("monitoring", "v1", "monitoringCustomEndpoint", ""),
    "iam": ("iam", "v1", "iamBetaCustomEndpoint", "v1/"),
    "logging": ("logging", "v2", "loggingCustomEndpoint", "v2/"),
    "monitoring": ("monitoring", "v3", "monitoringCustomEndpoint", ""),
    "pubsub": ("pubsub", "v1", "pubsubCustomEndpoint", "v1/"),
    "serviceusage": ("serviceusage", "v1", "serviceUsageCustomEndpoint", "v1/"),
    "storage": ("storage", "v1", "storageCustomEndpoint", "storage/v1/"),
}


def disabled_service(error: Exception) -> str | None:
    """The service that Google calls not enabled in one of FAILURES; None for other reasons."""
    if isinstance(error, HttpError):
        # A text where the answer has no list of details.
        details: list[Any] = error.error_details if isinstance(error.error_details, list) else []
        for detail in details:
            if isinstance(detail, dict) and detail.get("reason") == _SERVICE_DISABLED:
                service: str | None = detail.get("metadata", {}).get("service")
                return service
    elif isinstance(error, GoogleAPICallError) and error.reason == _SERVICE_DISABLED:
        service = (error.metadata or {}).get("service")
        return service
    # Older errors of the same meaning have the message only.
    return services.disabled(str(getattr(error, "reason", None) or error))


@dataclass
class Google:
    """Clients of one stack, made when first asked for.

    The libraries are imported then, too: they take longer than most commands.
    """

    settings: Settings
    root: Path = PROJECT_ROOT
    _addresses: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._addresses = endpoints.load(self.settings, self.root)

    @property
    def is_local(self) -> bool:
        """Whether the stack lives on the local cloud."""
        return bool(self._addresses)

    @cached_property
    def bigquery(self) -> Client:
        """BigQuery, with the labels and limits of the settings on every query job.

        Every job that it runs is recorded (`eros.logs.query_log`).
        """
        client = self._bigquery_client()
        recorder = logs.Recorder(self.settings.prices.query_usd_per_tib)
        # The session has the one hook that hears every method; the library shows it to who
        # brings a session of his own only.
        recorder.listen(client._http)
        self._keep_records()
        return client

    def _bigquery_client(self) -> Client:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import bigquery

        labels = {
            "component": "eros_command",
            "correlation": logs.correlation(),
            **self.settings.all_labels,
        }
        job_config = bigquery.QueryJobConfig(
            labels=labels,
            maximum_bytes_billed=self.settings.limits.maximum_bytes_billed,
            job_timeout_ms=self.settings.limits.query_timeout_seconds * 1000,
        )
        common: dict[str, Any] = {
            "project": self.settings.project,
            "location": self.settings.location,
            "default_query_job_config": job_config,
        }
        if not self.is_local:
            try:
                return bigquery.Client(**common)
            except DefaultCredentialsError:
                raise _no_credentials() from None
        root = self._address("bigQueryCustomEndpoint").removesuffix("/bigquery/v2/")
        return bigquery.Client(
            **common,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": root},
        )

    @cached_property
    def transfers(self) -> DataTransferServiceClient:
        """BigQuery Data Transfer."""
        from google.auth.credentials import AnonymousCredentials
        from google.cloud.bigquery_datatransfer_v1 import DataTransferServiceClient
        from google.cloud.bigquery_datatransfer_v1.services.data_transfer_service import transports

        if not self.is_local:
            try:
                return DataTransferServiceClient()
            except DefaultCredentialsError:
                raise _no_credentials() from None
        host = self._address("bigqueryDataTransferCustomEndpoint").removesuffix("/v1/")
        transport = transports.DataTransferServiceRestTransport(
            host=host, credentials=AnonymousCredentials(), url_scheme="http"
        )
        return DataTransferServiceClient(transport=transport)

    def api(self, name: str) -> Any:
        """Client of one of `_APIS`, made from Google's discovery document.

        Its methods are made from the document, too: no type knows them.
        The document is the one that ships with the library: nothing is fetched.
        """
        import httplib2
        from googleapiclient.discovery import build_from_document
        from googleapiclient.discovery_cache import get_static_doc
        from googleapiclient.http import DEFAULT_HTTP_TIMEOUT_SEC

        self._keep_records()
        service, version, key, suffix = _APIS[name]
        document = json.loads(get_static_doc(service, version))
        if self.is_local:
            document["rootUrl"] = self._address(key).removesuffix(suffix)
            document["baseUrl"] = document["rootUrl"] + document["servicePath"]
            # Straight to the loopback address: what the environment says of proxies is for others.
            http = httplib2.Http(timeout=DEFAULT_HTTP_TIMEOUT_SEC, proxy_info=None)
            return build_from_document(document, http=http)
        try:
            credentials, _ = google.auth.default(scopes=[_SCOPE])
        except DefaultCredentialsError:
            raise _no_credentials() from None
        return build_from_document(document, credentials=credentials)

    def _keep_records(self) -> None:
        """Let the records of a command that has come so far outlive this machine."""
        logs.forward(cloud_logs.Writer(self).write)

    def _address(self, key: str) -> str:
        """URL of a server of the local cloud.

        Raises UserError when it is not there: the libraries would try for minutes.
        """
        url = self._addresses[key]
        parts = urlsplit(url)
        try:
            with socket.create_connection((parts.hostname, parts.port), _CONNECT_SECONDS):
                return url
        except OSError:
            raise UserError(
                f"the local cloud does not answer at {parts.netloc}", fix="eros local up"
            ) from None


def _no_credentials() -> UserError:
    return UserError("there are no Google credentials", fix="gcloud auth application-default login")
