"""Which tables are backed up, and how they are now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bqstack import catalogue
from bqstack.catalogue.sql_objects import TABLE_KINDS, Kind
from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations.backup import backup_jobs
from eros.project.project import Project

if TYPE_CHECKING:
    from google.cloud import bigquery

# BigQuery's word for what has rows of its own; not for VIEW, EXTERNAL and the like.
_TABLE = "TABLE"


def tables_of(google: Google) -> list[str]:
    """The tables that a backup holds, by name.

    All that the program creates, and those of other systems that `backup.externalTables`
    names. The job history of the local stack is none of them: it copies what BigQuery has.
    """
    objects = Project(google.settings, google.root).sql
    owned = {table.name for table in objects.tables if table.kind is not Kind.LOCAL_TABLE}
    external = set(google.settings.backup.external_tables)
    unknown = sorted(name for name in external if not _is_table(objects, name))
    if unknown:
        raise UserError(
            "sql/ declares no table with this name",
            file=f"Pulumi.{google.settings.stack}.yaml",
            key="eros:backup.externalTables",
            value=unknown[0],
        )
    return sorted(owned | external)


def there(google: Google) -> dict[str, str]:
    """What the dataset has by name, with BigQuery's word for its type."""
    settings = google.settings
    with backup_jobs.refusals(settings):
        listed = google.bigquery.list_tables(f"{settings.project}.{settings.dataset}")
        return {item.table_id: item.table_type for item in listed}


def chosen(google: Google, tables: Iterable[str] | None, also: Iterable[str] = ()) -> list[str]:
    """The named tables, or all that a backup holds and that are there.

    Of `also` come those that are there. Raises UserError for a named table that is not deployed.
    """
    settings = google.settings
    kinds = there(google)
    deployed = {name for name, kind in kinds.items() if kind == _TABLE}
    further = deployed.intersection(also)
    if tables is None:
        found = further.union(name for name in tables_of(google) if name in deployed)
        if not found:
            raise UserError(
                f"the dataset {settings.dataset} has no table yet",
                fix=f"pulumi up --stack {settings.stack}",
            )
        return sorted(found)
    names = set(tables)
    for name in sorted(names):
        if kinds.get(name, _TABLE) != _TABLE:
            raise UserError(
                "it is not a table with its own rows, so it cannot be backed up",
                value=f"{name} is of the type {kinds[name]}",
                fix=f"one of: {', '.join(sorted(deployed))}",
            )
        if name not in deployed:
            raise UserError(
                f"the dataset {settings.dataset} has no table with this name",
                value=name,
                fix=f"one of: {', '.join(sorted(deployed))}",
            )
    return sorted(names | further)


def require_there(google: Google, names: Iterable[str]) -> None:
    """Raise UserError unless each of these tables of a backup can take its rows back."""
    settings, kinds = google.settings, there(google)
    ordered = sorted(names)
    gone = [name for name in ordered if name not in kinds]
    if gone:
        fix = f"pulumi up --refresh --stack {settings.stack} creates what sql/ declares"
        if others := [name for name in ordered if name in kinds]:
            fix += f"; or restore the others: --tables {','.join(others)}"
        raise UserError(
            f"the dataset {settings.dataset} no longer has {', '.join(gone)}; nothing was changed",
            fix=fix,
        )
    chosen(google, ordered)


def left_out(google: Google) -> tuple[str, ...]:
    """In words, the tables that a backup holds by their name but that are of another kind.

    A table of another system may be a view, or stand on files: that is not ours to say.
    """
    return tuple(
        f"{name} is not backed up: it is not a table with its own rows, but {kind}"
        for name, kind in _without_rows(google).items()
    )


def require_rows(google: Google) -> None:
    """Raise UserError where a backup of everything would hold no rows of a table it names."""
    found = _without_rows(google)
    if not found:
        return
    settings = google.settings
    shown = ", ".join(f"{name} ({kind})" for name, kind in found.items())
    message = f"these have no rows of their own, so no backup can give them back: {shown}"
    listed = settings.backup.external_tables
    if not found.keys() <= set(listed):
        raise UserError(message, fix="make them tables again, or name the others by --tables")
    left = ", ".join(name for name in listed if name not in found)
    raise UserError(
        message,
        file=f"Pulumi.{settings.stack}.yaml",
        key="eros:backup.externalTables",
        fix=f"list the others there: [{left}]",
    )


def _without_rows(google: Google) -> dict[str, str]:
    kinds = there(google)
    return {name: kinds[name] for name in tables_of(google) if kinds.get(name, _TABLE) != _TABLE}


def live(google: Google, names: Iterable[str]) -> dict[str, bigquery.Table]:
    """The tables as BigQuery has them now."""
    settings = google.settings
    ordered = list(names)
    with backup_jobs.refusals(settings):
        tables = backup_jobs.side_by_side(
            lambda name: google.bigquery.get_table(f"{settings.project}.{settings.dataset}.{name}"),
            ordered,
        )
    return dict(zip(ordered, tables, strict=True))


def _is_table(objects: catalogue.Catalogue, name: str) -> bool:
    return name in objects.objects and objects.objects[name].kind in TABLE_KINDS
