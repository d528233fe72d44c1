"""Which tables are backed up, and how they are now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from eros import catalogue
from eros.backup import jobs
from eros.catalogue.model import TABLE_KINDS, Kind
from eros.errors import UserError
from eros.google import Google

if TYPE_CHECKING:
    from google.cloud import bigquery


def tables_of(google: Google) -> list[str]:
    """The tables that a backup holds, by name.

    All that the program creates, and those of other systems that `backup.externalTables`
    names. The job history of the local stack is none of them: it copies what BigQuery has.
    """
    objects = catalogue.load(google.settings)
    owned = {table.name for table in objects.tables if table.kind is not Kind.LOCAL_TABLE}
    external = set(google.settings.backup.external_tables)
    unknown = sorted(name for name in external if not _is_table(objects, name))
    if unknown:
        raise UserError(
            "no table of this name is declared in sql/",
            file=f"Pulumi.{google.settings.environment}.yaml",
            key="eros:backup.externalTables",
            value=unknown[0],
        )
    return sorted(owned | external)


def chosen(google: Google, tables: Iterable[str] | None) -> list[str]:
    """The named tables, or all that a backup holds and that are there.

    Raises UserError for a table that is not deployed.
    """
    settings = google.settings
    with jobs.refusals(settings):
        listed = google.bigquery.list_tables(f"{settings.project}.{settings.dataset}")
        deployed = {item.table_id for item in listed if item.table_type == "TABLE"}
    if tables is None:
        found = [name for name in tables_of(google) if name in deployed]
        if not found:
            raise UserError(
                f"the dataset {settings.dataset} has no table yet",
                fix=f"pulumi up --stack {settings.environment}",
            )
        return found
    names = sorted(set(tables))
    for name in names:
        if name not in deployed:
            raise UserError(
                f"the dataset {settings.dataset} has no table of this name",
                value=name,
                fix=f"one of: {', '.join(sorted(deployed))}",
            )
    return names


def live(google: Google, names: Iterable[str]) -> dict[str, bigquery.Table]:
    """The tables as BigQuery has them now."""
    settings = google.settings
    ordered = list(names)
    with jobs.refusals(settings):
        tables = jobs.side_by_side(
            lambda name: google.bigquery.get_table(f"{settings.project}.{settings.dataset}.{name}"),
            ordered,
        )
    return dict(zip(ordered, tables, strict=True))


def _is_table(objects: catalogue.Catalogue, name: str) -> bool:
    return name in objects.objects and objects.objects[name].kind in TABLE_KINDS
