"""What Google clones, and what a sandbox must not have.

A clone keeps row access policies and policy tags, and both need grants that only the table's
owner can give. Such tables are therefore refused by name, before anything is created. Neither views
nor external tables can be cloned. https://cloud.google.com/bigquery/docs/table-clones-intro#limitations
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bqstack import bigquery_rest, row_access
from bqstack.catalogue import Kind
from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations.backup import backup_jobs
from eros.project.project import Project
from eros.project.settings import Settings


@dataclass(frozen=True)
class Source:
    """Tables of the source that will be cloned, by name: their resources as Google has them."""

    tables: Mapping[str, Mapping[str, Any]]
    missing: tuple[str, ...]
    """Tables that the program declares and the source lacks: they stay empty."""

    @property
    def streaming(self) -> tuple[str, ...]:
        """Tables with rows in the streaming buffer, which a clone leaves out."""
        return tuple(name for name, table in self.tables.items() if table.get("streamingBuffer"))

    @property
    def bytes(self) -> int:
        """Logical bytes of all of them."""
        return sum(int(table.get("numBytes", 0)) for table in self.tables.values())


def shared_tables(settings: Settings, root: Path) -> frozenset[str]:
    """Tables that no stack has to itself: the local cloud's job history, which is the project's."""
    tables = Project(settings, root).sql.tables
    return frozenset(one.name for one in tables if one.kind is Kind.LOCAL_TABLE)


def examine(google: Google, source: Settings, names: Iterable[str]) -> Source:
    """The tables of `source` with these names; raises UserError for what must not be cloned."""
    client = google.bigquery
    dataset = f"projects/{source.project}/datasets/{source.dataset}"
    if (place := bigquery_rest.get(client, dataset)) is None:
        raise UserError(
            f"the stack {source.stack} has no dataset {source.dataset}",
            fix=f"pulumi up --stack {source.stack}, or --data none",
        )
    if place["location"].upper() != google.settings.location.upper():
        raise UserError(
            f"a clone stays in its region: {source.dataset} is in {place['location']}",
            key="eros:location",
            value=google.settings.location,
        )

    def look(name: str) -> tuple[str, dict[str, Any] | None, list[str]]:
        table = bigquery_rest.get(client, f"{dataset}/tables/{name}")
        if table is None or table["type"] != "TABLE":
            return name, table, []
        held = row_access.policies(client, source.project, source.dataset, name)
        return name, table, sorted(held)

    looked = backup_jobs.side_by_side(look, sorted(names))
    problems = [
        problem
        for name, table, policies in looked
        if table is not None
        for problem in obstacles(name, table, policies)
    ]
    if problems:
        raise UserError(
            f"these tables of {source.project}.{source.dataset} cannot be cloned into a sandbox: "
            + "; ".join(problems),
            key="--data",
            fix="--data sample loads generated rows, --data none leaves the tables empty",
        )
    found = {name: table for name, table, _ in looked if table is not None}
    return Source(found, tuple(name for name, table, _ in looked if table is None))


def obstacles(name: str, table: Mapping[str, Any], policies: list[str]) -> Iterator[str]:
    """What keeps a table from being cloned, by name; `policies` are its row access policies."""
    if table["type"] != "TABLE":
        yield f"{name} ({table['type'].lower().replace('_', ' ')})"
    if policies:
        yield f"{name} (row access policies {', '.join(policies)})"
    for column, tags in _tagged(table.get("schema", {}).get("fields", ()), name):
        yield f"{column} (policy tags {', '.join(tags)})"


def _tagged(fields: Iterable[Mapping[str, Any]], above: str) -> Iterator[tuple[str, list[str]]]:
    for field in fields:
        place = f"{above}.{field['name']}"
        if tags := (field.get("policyTags") or {}).get("names"):
            yield place, tags
        yield from _tagged(field.get("fields", ()), place)
