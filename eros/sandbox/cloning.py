"""Rows of a sandbox: clones of its source's tables, all of one moment.

`up` makes the tables empty; each is then replaced by a clone in one statement, so that a table is
either empty or whole. Each clone records its moment (`cloneDefinition`), so a command that is
repeated after an interruption uses the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from bqstack import bigquery_rest
from bqstack.amounts import counted
from bqstack.errors import UserError
from bqstack.rows.side_dataset import sql_type
from eros.cloud.google import Google
from eros.operations.backup import backup_jobs
from eros.project.settings import Settings
from eros.project.settings_sections import Lease

# Time travel counts from when BigQuery gets to the statement.
_MARGIN = timedelta(minutes=10)


def moments(google: Google, source: Settings) -> dict[str, datetime]:
    """As of which moment each table of the sandbox is a clone of its source's, by name.

    Tables that are not clones are left out. Raises one of `bqstack.failures.FAILURES`.
    """
    own = google.settings
    client = google.bigquery
    path = f"projects/{own.project}/datasets/{own.dataset}"
    if bigquery_rest.get(client, path) is None:
        return {}

    def look(name: str) -> tuple[str, datetime | None]:
        table = bigquery_rest.get(client, f"{path}/tables/{name}") or {}
        clone = table.get("cloneDefinition", {})
        if clone.get("baseTableReference", {}).get("datasetId") != source.dataset:
            return name, None
        return name, datetime.fromisoformat(clone["cloneTime"])

    listed = [item.table_id for item in client.list_tables(own.dataset)]
    return {name: when for name, when in backup_jobs.side_by_side(look, listed) if when}


def moment_of(google: Google, source: Settings) -> datetime:
    """The one moment of all clones; raises UserError where there is none."""
    found = set(moments(google, source).values())
    if len(found) != 1:
        name = google.settings.stack
        raise UserError(
            f"the tables of {google.settings.dataset} are not all clones of the same moment"
            if found
            else f"{google.settings.dataset} has no clones: there is nothing to compare with",
            fix=f"eros sandbox create {name} finishes it"
            if found
            else f"eros sandbox destroy {name}, then create it with --data clone",
        )
    return found.pop()


def clone(
    google: Google,
    source: Settings,
    tables: Mapping[str, Mapping[str, Any]],
    tell: Callable[[str], None],
) -> datetime:
    """Make each of these tables a clone of the source's, unless it is one; the moment of all."""
    known = moments(google, source)
    now = backup_jobs.now(google)
    oldest = now - timedelta(hours=source.retention.time_travel_hours) + _MARGIN
    missing = [name for name in tables if name not in known]
    then = max(known.values(), default=now)
    if missing and then < oldest:
        # Time travel no longer reaches the moment that the others have.
        then, missing = now, list(tables)
    missing += [name for name in tables if name in known and known[name] != then]
    lease = google.settings.lease
    assert lease is not None
    if missing:
        when = f"{then:%Y-%m-%d %H:%M:%S} UTC"
        tell(f"cloning {counted(len(set(missing)), 'table')} of {source.dataset} as of {when}")
    backup_jobs.side_by_side(
        lambda name: _clone(google, source, name, then, lease), sorted(set(missing))
    )
    return then


def _clone(google: Google, source: Settings, name: str, then: datetime, lease: Lease) -> None:
    own = google.settings
    labels = ", ".join(f"('{key}', '{value}')" for key, value in own.all_labels.items())
    google.bigquery.query_and_wait(
        f"CREATE OR REPLACE TABLE {own.dataset_reference}.`{name}`"
        f" CLONE {source.dataset_reference}.`{name}`"
        f" FOR SYSTEM_TIME AS OF {backup_jobs.literal(then)}"
        f" OPTIONS (labels = [{labels}],"
        f" expiration_timestamp = {backup_jobs.literal(end(lease))})"
    )


def end(lease: Lease) -> datetime:
    """When BigQuery deletes what a sandbox still holds: the day after its last has passed."""
    return datetime.combine(lease.expires + timedelta(days=2), time(), UTC)


def differing(google: Google, declared: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    """Tables whose columns are not those that the program declares; `declared` by table."""
    own = google.settings

    def look(name: str) -> bool:
        path = f"projects/{own.project}/datasets/{own.dataset}/tables/{name}"
        table = bigquery_rest.get(google.bigquery, path) or {}
        return _columns(table.get("schema", {}).get("fields", [])) != _columns(declared[name])

    names = sorted(declared)
    return [n for n, odd in zip(names, backup_jobs.side_by_side(look, names), strict=True) if odd]


def _columns(fields: list[dict[str, Any]]) -> dict[str, tuple[str, str, str]]:
    return {
        field["name"]: (
            sql_type(field),
            field.get("mode") or "NULLABLE",
            field.get("description", ""),
        )
        for field in fields
    }
