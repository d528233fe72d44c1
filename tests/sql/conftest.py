"""One local-bigquery per test module, and datasets that hold the catalogue or a part.

A test module asks for what it needs. The whole catalogue takes most of a minute to create, so it
lies on a server of its own that starts from a kept data folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from bqstack.catalogue import Catalogue
from eros.project.project import Project
from eros.project.settings import Settings
from localgcp.bigquery import standalone
from tests.sql import seed, whole_tables

PROJECT = "eros-local"

Build = Callable[..., "Warehouse"]


@dataclass(frozen=True)
class Warehouse:
    """A dataset on the emulator with its catalogue."""

    client: bigquery.Client
    settings: Settings
    catalogue: Catalogue
    created: frozenset[str]
    """Names of the objects that the dataset holds."""

    def name(self, object_name: str) -> str:
        """Quoted full name of an object, for use in SQL."""
        return f"`{self.settings.project}`.`{self.settings.dataset}`.{object_name}"

    def run(self, sql: str) -> list[dict[str, Any]]:
        """Run a statement or script; bare names are objects of the dataset.

        Returns the rows of its last query; raises google.api_core.exceptions.BadRequest.
        """
        config = bigquery.QueryJobConfig(
            default_dataset=f"{self.settings.project}.{self.settings.dataset}"
        )
        sql = whole_tables.read_whole(sql, self.catalogue.tables)
        # Nothing is tried again behind the test's back: a retried script runs twice.
        job = self.client.query(sql, job_config=config, retry=None, job_retry=None)
        return [dict(row) for row in job.result()]

    rows = run

    def value(self, sql: str) -> Any:
        """The single value that the query returns."""
        [row] = self.run(sql)
        [value] = row.values()
        return value

    def clear(self) -> None:
        """Delete the rows of every table that has some."""
        tables = {t.name for t in self.catalogue.tables if t.name in self.created}
        # A listing counts in one look; a query over all tables takes ten times as long.
        listing = f"{self.settings.dataset}.__TABLES__"
        rows = self.run(f"SELECT table_id AS t FROM {listing} WHERE row_count > 0")
        if full := sorted(tables & {row["t"] for row in rows}):
            self.run("\n".join(f"DELETE FROM {table} WHERE TRUE;" for table in full))


# Not longer than a module: until it ends, DuckDB keeps every version of a catalogue that it has
# read, and one server with the datasets of all modules took 11 GiB.
@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bigquery.Client]:
    """Client of an emulator that lives as long as the tests of a module."""
    with (
        standalone.running(tmp_path_factory.mktemp("bigquery"), project=PROJECT) as server,
        closing(seed.connected(server, PROJECT)) as connected,
    ):
        yield connected


@pytest.fixture(scope="module")
def build(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Build]:
    """Function that creates a dataset, or hands out the one it made before.

    `only` limits it to the named objects and what they need; keyword arguments are
    sections of the settings, as in `selection={"policy": "wilson"}`.
    """
    made: dict[str, Warehouse] = {}
    with ExitStack() as servers:

        def make(dataset: str, only: Iterable[str] | None = None, **sections: Any) -> Warehouse:
            if dataset not in made:
                settings = _settings(dataset, sections)
                if only is None:
                    folder = tmp_path_factory.mktemp(dataset)
                    made[dataset] = _whole(settings, folder, servers)
                else:
                    client = request.getfixturevalue("client")
                    made[dataset] = _create(client, settings, only)
            return made[dataset]

        yield make


def _settings(dataset: str, sections: dict[str, Any]) -> Settings:
    return Settings.model_validate(
        {
            "environment": "local",
            "project": PROJECT,
            "dataset": dataset,
            "external_tables": "greenfield",
            "job_history": "table",
            "cost_owner": "tests",
            "alert_email": "tests@example.com",
            "backup": {"bucket": "eros-local-backups"},
            **sections,
        }
    )


def _whole(settings: Settings, folder: Path, servers: ExitStack) -> Warehouse:
    catalogue = Project(settings).sql
    seed.copy(PROJECT, settings.dataset, [item.sql for item in catalogue], folder)
    server = servers.enter_context(standalone.running(folder, project=PROJECT))
    client = servers.enter_context(closing(seed.connected(server, PROJECT)))
    return Warehouse(client, settings, catalogue, frozenset(catalogue.objects))


def _create(client: bigquery.Client, settings: Settings, only: Iterable[str]) -> Warehouse:
    catalogue = Project(settings).sql
    wanted = _closure(catalogue, only)
    client.create_dataset(f"{PROJECT}.{settings.dataset}")
    for item in catalogue:
        if item.name in wanted:
            client.query(item.sql, retry=None, job_retry=None).result()
    return Warehouse(client, settings, catalogue, frozenset(wanted))


def _closure(catalogue: Catalogue, names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            text = catalogue.objects[name].sql
            waiting.extend(n for n in re.findall(r"`\.(\w+)", text) if n in catalogue.objects)
    return found
