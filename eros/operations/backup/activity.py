"""Scheduled queries at work: they would write into tables while these are restored."""

from __future__ import annotations

import time

from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations.backup import backup_jobs
from eros.operations.backup.progress import Progress
from eros.project import schedules

# The longest run is the daily one (`eros:limits.dailyRunTimeoutSeconds`).
WAIT_SECONDS = 900.0
_POLL_SECONDS = 3.0


def running(google: Google) -> list[str]:
    """Titles of the system's scheduled queries that run now."""
    from google.cloud import bigquery_datatransfer_v1 as datatransfer

    settings = google.settings
    titles = {config.title for config in schedules.transfer_configs(settings)}
    parent = f"projects/{settings.project}/locations/{settings.location}"
    deployed = [
        config
        for config in google.transfers.list_transfer_configs(parent=parent)
        if config.display_name in titles
    ]

    def is_running(config: datatransfer.TransferConfig) -> bool:
        request = datatransfer.ListTransferRunsRequest(
            parent=config.name, states=[datatransfer.TransferState.RUNNING]
        )
        return any(True for _ in google.transfers.list_transfer_runs(request))

    found = backup_jobs.side_by_side(is_running, deployed)
    return sorted(c.display_name for c, runs in zip(deployed, found, strict=True) if runs)


def wait(google: Google, progress: Progress, seconds: float = WAIT_SECONDS) -> None:
    """Wait for runs that had begun before the schedules were paused.

    Raises UserError when one is still at work after so many seconds.
    """
    deadline = time.monotonic() + seconds
    known: list[str] = []
    while titles := running(google):
        if time.monotonic() > deadline:
            raise _refusal(titles)
        if titles != known:
            progress(f"waiting for {', '.join(titles)}")
            known = titles
        time.sleep(_POLL_SECONDS)


def refuse(google: Google) -> None:
    """Raise UserError while a scheduled query runs."""
    if titles := running(google):
        raise _refusal(titles)


def _refusal(titles: list[str]) -> UserError:
    return UserError(
        f"scheduled queries are running: {', '.join(titles)}",
        fix="wait until they finish, or restore anyway with --force",
    )
