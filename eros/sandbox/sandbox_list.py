"""Which sandboxes a project has: whose, until when, and what they may cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bqstack import bigquery_rest
from eros.cloud.google import Google
from eros.cloud.local_control import present, shown
from eros.operations.backup import backup_jobs
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file
from eros.sandbox import sandbox_file
from eros.sandbox.clonable import shared_tables

_GIB = 2**30
_MONTH_DAYS = 365 / 12
# What was written while a clone was made came with it.
_MAKING = timedelta(seconds=10)


@dataclass(frozen=True)
class Listed:
    """One sandbox.

    `changed_bytes` are those of its tables' partitions that were written to since they were
    cloned: the most that Google may bill, as it bills the blocks that differ. `usd` is what these
    have cost since the sandbox was made, at the price of active storage.
    """

    name: str
    owner: str
    source: str
    created: datetime | None
    expires: date | None
    age_days: float
    tables: int
    changed_bytes: int
    usd: float
    is_here: bool
    """Whether this machine has its file."""
    is_whole: bool
    """Whether its dataset is there."""

    def document(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            **asdict(self),
            "created": self.created and self.created.isoformat(),
            "expires": self.expires and self.expires.isoformat(),
        }


def listing(google: Google, root: Path = PROJECT_ROOT) -> list[Listed]:
    """All sandboxes of the project, by name; files of sandboxes that have no dataset, too.

    Raises one of `bqstack.failures.FAILURES`.
    """
    datasets: dict[str, list[str]] = {}
    for item in google.bigquery.list_datasets():
        if name := item.labels.get("sandbox"):
            datasets.setdefault(name, []).append(item.dataset_id)
    files = set(sandbox_file.names(root))
    now = present(google.settings)
    return [
        _listed(google, name, datasets.get(name, []), name in files, now, root)
        for name in sorted(datasets.keys() | files)
    ]


def expired(found: list[Listed], today: date) -> list[Listed]:
    """Those whose last day is over."""
    return [one for one in found if one.expires is not None and one.expires < today]


def _listed(
    google: Google, name: str, datasets: list[str], is_here: bool, now: datetime, root: Path
) -> Listed:
    client = google.bigquery
    lease = load_stack_file(name, root).lease if is_here else None
    owner, expires, created = "", None, None
    changed = tables = 0
    # The local cloud's job history is the project's, and no table on Google.
    shared = shared_tables(google.settings, root)
    for dataset in datasets:
        held = client.get_dataset(dataset)
        owner = owner or held.labels.get("owner", "")
        if text := held.labels.get("expires"):
            expires = date.fromisoformat(text)
        if held.created and (created is None or held.created < created):
            created = held.created
        path = f"projects/{client.project}/datasets/{dataset}/tables"
        paths = [f"{path}/{item.table_id}" for item in client.list_tables(dataset)]
        written = _written(google, dataset)
        for table in backup_jobs.side_by_side(partial(bigquery_rest.get, client), paths):
            name_of = table["tableReference"]["tableId"] if table else ""
            if table and table["type"] == "TABLE" and name_of not in shared:
                tables += 1
                changed += _changed(table, written)
    if created:
        [created] = shown(google.settings, [created])
    days = (now - created).total_seconds() / 86_400 if created else 0.0
    price = google.settings.prices.storage_usd_per_gib_month
    return Listed(
        name=name,
        owner=owner or (lease.owner if lease else ""),
        source=lease.source if lease else "",
        created=created,
        expires=expires or (lease.expires if lease else None),
        age_days=round(max(days, 0.0), 2),
        tables=tables,
        changed_bytes=changed,
        usd=round(changed / _GIB * price * days / _MONTH_DAYS, 4),
        is_here=is_here,
        is_whole=bool(datasets),
    )


def _written(google: Google, dataset: str) -> dict[str, list[tuple[datetime, int]]]:
    """When each partition of each table was last written, and its bytes.

    `lastModifiedTime` of a table counts labels and its expiration, which are no data.
    """
    found: dict[str, list[tuple[datetime, int]]] = {}
    for name, moment, size in google.bigquery.query_and_wait(
        "SELECT table_name, last_modified_time, total_logical_bytes"
        f" FROM `{google.settings.project}`.`{dataset}`.INFORMATION_SCHEMA.PARTITIONS"
        " WHERE last_modified_time IS NOT NULL"
    ):
        found.setdefault(name, []).append((moment, size or 0))
    return found


def _changed(table: dict[str, Any], written: dict[str, list[tuple[datetime, int]]]) -> int:
    """Bytes of the partitions that were written after the table was cloned; all of another's."""
    if "cloneDefinition" not in table:
        return int(table.get("numBytes", 0))
    made = datetime.fromtimestamp(int(table["creationTime"]) / 1000, UTC) + _MAKING
    name = table["tableReference"]["tableId"]
    return sum(size for moment, size in written.get(name, ()) if moment > made)


def utc_today(google: Google) -> date:
    """The day by the stack's clock, in UTC."""
    return present(google.settings).astimezone(UTC).date()
