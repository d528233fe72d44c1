"""Extending a sandbox: its file, its datasets and its tables get a later last day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from bqstack import documents, engine, state
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.operations.backup import backup_jobs
from eros.project.settings import NAMESPACE, PROJECT_ROOT
from eros.sandbox import cloning, sandbox_file
from eros.sandbox.creating import Progress
from gcptypes.records import DATASET


def extend(name: str, days: int, *, root: Path = PROJECT_ROOT, progress: Progress) -> date:
    """Keep a sandbox for so many days from today; returns its new last day. Raises UserError."""
    own = sandbox_file.read(name, root)
    google = Google(own, root)
    last = present(own).date() + timedelta(days=days)
    file = sandbox_file.path(name, root)
    content = documents.read_yaml(file, file.name)
    content["config"][f"{NAMESPACE}:lease"] |= {"expires": last.isoformat(), "days": days}
    sandbox_file.write(name, content, root)
    own = sandbox_file.read(name, root)
    assert own.lease is not None

    progress("updating the labels of the datasets")
    held = state.current(name, root).resources
    targets = [part for one in held if one.type == DATASET for part in ("--target", one.urn)]
    quiet = ("--yes", "--skip-preview")
    engine.run_quietly("up", "--stack", name, *quiet, *targets, root=root)

    progress("updating the expiration of the tables")
    when = cloning.end(own.lease)
    client = google.bigquery

    def move(table_id: str) -> None:
        table = client.get_table(f"{own.dataset}.{table_id}")
        if table.expires is not None and table.expires != when:
            table.expires = when
            client.update_table(table, ["expires"])

    backup_jobs.side_by_side(move, [item.table_id for item in client.list_tables(own.dataset)])
    return last
