"""What operations left in Cloud Logging: journals to go on with, and reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from eros import logs
from eros.cloud import cloud_logs
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.operations.journal import KEPT, Journal

# The message of a report's record.
REPORT = "report"
# An older one is not gone on with: too much has happened to its stack.
_RESUMED_WITHIN = timedelta(days=7)


def recover(
    google: Google, kind: type[Journal], stack: str, progress: Callable[[str], None]
) -> None:
    """Bring the newest unfinished journal of another machine to this one, if there is any.

    Raises UserError when it is not complete, or one of `bqstack.failures.FAILURES`.
    """
    since = present(google.settings) - _RESUMED_WITHIN
    asked = cloud_logs.Asked(streams=[logs.Stream.DEPLOYMENT], since=since, message=KEPT)
    found = cloud_logs.read(google, asked)
    journal = kind.recovered(stack, (record["extras"] for record in found))
    if journal is not None:
        progress(f"{kind.KIND} {journal.folder.name}: read back from Cloud Logging")


def keep_report(log: logs.Log, name: str, text: str) -> None:
    """Let a report, Markdown, outlive this machine."""
    log.deployment(REPORT, name=name, report=text)


def newest_report(google: Google, since: datetime) -> str | None:
    """The newest report of the stack's deployments and rollbacks, Markdown."""
    asked = cloud_logs.Asked(streams=[logs.Stream.DEPLOYMENT], since=since, message=REPORT)
    for record in cloud_logs.read(google, asked):
        return str(record["extras"].get("report") or "the report was too long to be kept\n")
    return None
