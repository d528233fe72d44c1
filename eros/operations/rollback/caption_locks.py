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
    """Release every lock; the number of locks."""
    job = google.bigquery.query(
        f"UPDATE {google.settings.dataset_reference}.active_caption_assignments "
        "SET is_active = FALSE, deactivated_at = CURRENT_TIMESTAMP(), "
        "deactivation_reason = 'ROLLBACK' WHERE is_active"
    )
    job.result()
    return job.num_dml_affected_rows or 0
