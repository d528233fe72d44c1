"""The clients of a backup, on the emulator and a server for the other APIs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from google.cloud import bigquery

from bqstack.catalogue import Catalogue
from eros.cloud import endpoints
from eros.cloud.google import Google
from eros.operations.backup import chosen_tables, ledger
from eros.operations.backup.ledger_tables import TABLES
from eros.project.settings import Settings
from localgcp import servers
from packages.localgcp.tests.rest_support import running
from tests.sql.conftest import PROJECT


@contextmanager
def backup_cloud(
    client: bigquery.Client,
    settings: Settings,
    catalogue: Catalogue,
    factory: pytest.TempPathFactory,
) -> Iterator[Google]:
    """Clients with room for the backups of these settings; `sql/` is what the catalogue says."""
    # local-bigquery keeps gs:// below its own folder; the server reads the same files. The module's
    # own emulator is the newest of this process.
    folders = factory.getbasetemp().glob("bigquery[0-9]*")
    data = max(folders, key=lambda folder: int(folder.name.removeprefix("bigquery"))) / "bigquery"
    root = factory.mktemp("backup")
    url = client._connection.API_BASE_URL
    with running(data, bigquery_url=url) as server, pytest.MonkeyPatch.context() as patch:
        ports = {"bigquery": int(url.rpartition(":")[2]), "gcp": int(server.url.rpartition(":")[2])}
        patch.setenv("EROS_LOCAL_DIR", str(root))
        # Reading sql/ takes longer than most of what is tested here.
        patch.setattr(chosen_tables.catalogue, "load", lambda *_: catalogue)
        (root / "endpoints.json").write_text(json.dumps(servers.endpoints(ports)))
        assert set(servers.endpoints(ports)) == endpoints.KEYS
        made = Google(settings.model_copy(update={"endpoints_file": Path("endpoints.json")}))
        made.bigquery.create_dataset(ledger.dataset(made))
        for name, (_, schema) in TABLES.items():
            fields = [bigquery.SchemaField.from_api_repr(column) for column in schema]
            made.bigquery.create_table(bigquery.Table(f"{ledger.dataset(made)}.{name}", fields))
        body = {"name": settings.backup.bucket}
        made.api("storage").buckets().insert(project=PROJECT, body=body).execute()
        yield made
