"""Scheduled queries at work: they would write into tables while these are restored."""

from __future__ import annotations

from bqstack.errors import UserError
from eros.cloud.google import Google
from eros.operations.backup import jobs
from eros.project import schedules


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

    found = jobs.side_by_side(is_running, deployed)
    return sorted(c.display_name for c, runs in zip(deployed, found, strict=True) if runs)


def refuse(google: Google) -> None:
    """Raise UserError while a scheduled query runs."""
    if titles := running(google):
        raise UserError(
            f"scheduled queries are running: {', '.join(titles)}",
            fix="wait for their end, or go on in spite of them: --force",
        )
