"""pytest plugin for suites of Google's clients: no credentials, and the local storage port.

Loaded by name in the client's own environment; it imports nothing of this repository.
"""

from __future__ import annotations

import os

import google.auth
from google.auth.credentials import AnonymousCredentials

_PROJECT = os.environ["GOOGLE_CLOUD_PROJECT"]


def pytest_configure() -> None:
    """What Google's default credentials and its storage address stand for here."""
    google.auth.default = lambda *_args, **_options: (AnonymousCredentials(), _PROJECT)
    try:
        import grpc
        from google.cloud import bigquery_storage_v1 as storage
        from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (
            BigQueryReadGrpcTransport,
        )
    except ImportError:
        return
    original = storage.BigQueryReadClient.__init__

    def local(self, **options) -> None:
        options.pop("credentials", None)
        options.pop("client_options", None)
        channel = grpc.insecure_channel(
            os.environ["BIGQUERY_STORAGE_HOST"],
            options=[("grpc.max_receive_message_length", -1)],
        )
        original(self, transport=BigQueryReadGrpcTransport(channel=channel), **options)

    setattr(storage.BigQueryReadClient, "__init__", local)  # noqa: B010 (mypy: no method)
