"""pytest plugin for suites of Google's clients: no credentials, and the local storage port.

Loaded by name in the client's own environment; it imports nothing of this repository.
"""

from __future__ import annotations

import os
from typing import Any

import google.auth
from google.auth.credentials import AnonymousCredentials

_PROJECT = os.environ["GOOGLE_CLOUD_PROJECT"]


def pytest_configure() -> None:
    """What Google's default credentials and its storage address stand for here."""
    google.auth.default = lambda *_args, **_options: (AnonymousCredentials(), _PROJECT)
    # The storage client's suite reads it from a variable of its own.
    os.environ.setdefault("PROJECT_ID", _PROJECT)
    try:
        from google.cloud import bigquery_storage_v1 as storage
        from google.cloud.bigquery_storage_v1.services.big_query_read import transports as read
        from google.cloud.bigquery_storage_v1.services.big_query_write import transports as write
    except ImportError:
        return
    _to_local(storage.BigQueryReadClient, read.BigQueryReadGrpcTransport)
    _to_local(storage.BigQueryWriteClient, write.BigQueryWriteGrpcTransport)


def _to_local(client: Any, transport: Any) -> None:
    """Have every client of this kind talk to the local storage port."""
    import grpc

    original = client.__init__

    def local(self, **options) -> None:
        options.pop("credentials", None)
        options.pop("client_options", None)
        channel = grpc.insecure_channel(
            os.environ["BIGQUERY_STORAGE_HOST"],
            options=[("grpc.max_receive_message_length", -1)],
        )
        original(self, transport=transport(channel=channel), **options)

    client.__init__ = local
