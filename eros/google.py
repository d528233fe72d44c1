"""Google client libraries, pointed at Google or at the local cloud."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from requests.exceptions import ConnectionError as RequestsConnectionError

from eros import endpoints
from eros.errors import UserError
from eros.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from google.cloud import bigquery
    from google.cloud.bigquery_datatransfer_v1 import DataTransferServiceClient

# What the libraries raise when a service refuses or cannot be reached.
FAILURES = (GoogleAPICallError, GoogleAuthError, RetryError, RequestsConnectionError)
_CONNECT_SECONDS = 5


def explained(error: Exception) -> str:
    """One line that says what one of FAILURES is about."""
    reason = str(getattr(error, "message", None) or error)
    return (reason.splitlines() or [type(error).__name__])[0]


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
    def bigquery(self) -> bigquery.Client:
        """BigQuery, with the labels and limits of the settings on every query job."""
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import bigquery

        labels = {"component": "eros_command", **self.settings.all_labels}
        job_config = bigquery.QueryJobConfig(
            labels=labels,
            maximum_bytes_billed=self.settings.limits.maximum_bytes_billed,
            job_timeout_ms=self.settings.limits.query_timeout_seconds * 1000,
        )
        common = {
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
