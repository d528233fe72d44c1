"""A dataset for the time of a restore or verification."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from bqstack.failures import FAILURES
from eros.cloud.google import Google
from eros.operations.backup import backup_jobs, ledger, names

_PURPOSE = {"purpose": "scratch"}
# What is left of one after a crash vanishes after this time; `prune` takes the empty shell.
LIFETIME = timedelta(days=1)


@contextmanager
def dataset(google: Google) -> Iterator[str]:
    """A new dataset beside the backups; its name.

    It is gone afterwards, unless a job may still read it or Google does not answer.
    """
    from google.cloud import bigquery

    settings = google.settings
    stamp = backup_jobs.now(google).strftime("%Y%m%d_%H%M%S_%f")
    made = bigquery.Dataset(f"{ledger.dataset(google)}_scratch_{stamp}")
    made.location = settings.location
    made.labels = {**settings.all_labels, "component": "backup", **_PURPOSE}
    made.default_table_expiration_ms = int(LIFETIME.total_seconds() * 1000)
    if settings.kms_key:
        made.default_encryption_configuration = bigquery.EncryptionConfiguration(settings.kms_key)
    with backup_jobs.refusals(settings):
        google.bigquery.create_dataset(made)
    try:
        yield made.dataset_id
    except (KeyboardInterrupt, ledger.OpenError):
        # A job that nobody waits for any more may still read it.
        raise
    except BaseException:
        _leave(google, made.dataset_id)
        raise
    _leave(google, made.dataset_id)


def _leave(google: Google, dataset_id: str) -> None:
    """Delete it if possible: how the work in it ended is not to be hidden by a failure here."""
    with suppress(*FAILURES, OSError):
        delete(google, dataset_id)


def delete(google: Google, dataset_id: str) -> None:
    """Delete a scratch dataset with all that is in it."""
    google.bigquery.delete_dataset(dataset_id, delete_contents=True, not_found_ok=True)


def forgotten(google: Google, now: datetime) -> list[str]:
    """Scratch datasets that a crash has left and nobody can be using."""
    start = f"{google.settings.backup.dataset}_scratch_"
    found = []
    for item in google.bigquery.list_datasets():
        if item.dataset_id.startswith(start) and item.labels.get("purpose") == "scratch":
            made = names.made(item.dataset_id.removeprefix(start).rpartition("_")[0])
            if made < now - LIFETIME:
                found.append(item.dataset_id)
    return found
