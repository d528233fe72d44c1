"""How far back time travel reaches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from eros.cloud.google import Google
from eros.operations.backup import backup_jobs

# What BigQuery has for a dataset that does not say.
_DEFAULT_HOURS = 168


def obstacle(
    google: Google,
    tables: Iterable[str],
    moment: datetime,
    *,
    spare: timedelta = timedelta(0),
) -> str | None:
    """Why time travel does not reach a moment of all these tables; None when it does.

    `spare` is how long it has to go on reaching it. The window is that of the dataset as it
    is, which a setting that was never deployed does not change.
    """
    dataset = f"{google.settings.project}.{google.settings.dataset}"
    with backup_jobs.refusals(google.settings):
        declared = google.bigquery.get_dataset(dataset).max_time_travel_hours
        created = {item.table_id: item.created for item in google.bigquery.list_tables(dataset)}
    now = backup_jobs.now(google)
    window = timedelta(hours=int(declared or _DEFAULT_HOURS))
    if not now - window + spare < moment <= now:
        return f"time travel reaches back {window.days} days, and not into the future"
    names = sorted(set(tables))
    if gone := [name for name in names if name not in created]:
        return f"time travel does not reach {', '.join(gone)}: deleted"
    if newer := [name for name in names if created[name] > moment]:
        return f"time travel does not reach {', '.join(newer)}: recreated since"
    return None
