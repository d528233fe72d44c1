"""Caption locks after a rollback (docs/requirements.md C-66)."""

from __future__ import annotations

from bqstack.state import Checkpoint
from eros.cloud.google import Google
from eros.cloud.local_control import present
from gcptypes.records import TRANSFER

# The procedure has the name of its schedule.
_SWEEP = "sweep_expired_caption_locks"


def sweep(google: Google, checkpoint: Checkpoint) -> bool:
    """Run the sweep as the checkpoint's own schedule would; False when it has none."""
    from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

    found = [r for r in checkpoint.resources if r.type == TRANSFER and r.name == _SWEEP]
    if not found:
        return False
    now = present(google.settings)
    parameters = [
        ScalarQueryParameter("run_time", "TIMESTAMP", now),
        ScalarQueryParameter("run_date", "DATE", now.date()),
    ]
    google.bigquery.query_and_wait(
        found[0].inputs["params"]["query"], job_config=QueryJobConfig(query_parameters=parameters)
    )
    return True


def clear(google: Google) -> int:
    """Release every lock, those of another system's table, too; the number of locks."""
    dataset, elsewhere = google.settings.dataset_reference, google.settings.caption_locks
    statements = [
        f"UPDATE {dataset}.active_caption_assignments "
        "SET is_active = FALSE, deactivated_at = CURRENT_TIMESTAMP(), "
        "deactivation_reason = 'ROLLBACK' WHERE is_active"
    ]
    if elsewhere is not None:
        active = elsewhere.active_column
        statements.append(f"UPDATE {dataset}.{elsewhere.table} SET {active} = FALSE WHERE {active}")
    cleared = 0
    for statement in statements:
        job = google.bigquery.query(statement)
        job.result()
        cleared += job.num_dml_affected_rows or 0
    return cleared
