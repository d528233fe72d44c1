"""Notices of a rollback to people: its start and its end."""

from __future__ import annotations

from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.operations.notifying import Notice, try_send
from eros.operations.rollback.rollback_journal import Journal
from eros.operations.rollback.rollback_plan import Progress


def tell_start(google: Google, journal: Journal, progress: Progress) -> None:
    """Notify people that the rollback begins."""
    tables = "restored to that time" if journal.tables else "untouched"
    _tell(
        google,
        journal,
        progress,
        "rollback_started",
        "has begun",
        impact=f"scheduled queries pause meanwhile; rows of tables are {tables}",
        next_update="when it ends, or within 30 minutes",
    )


def tell_end(google: Google, journal: Journal, progress: Progress, *, failure: str = "") -> None:
    """Notify people that the earlier state is back, or why it is not."""
    _tell(
        google,
        journal,
        progress,
        "rollback_ended",
        "stopped before it finished" if failure else "has ended",
        impact=failure.partition("\n")[0] if failure else "the earlier state is back",
        next_update="within 30 minutes" if failure else "the review",
    )


def _tell(
    google: Google,
    journal: Journal,
    progress: Progress,
    phase: str,
    state: str,
    *,
    impact: str,
    next_update: str,
) -> None:
    moment = present(google.settings)
    notice = Notice(
        phase=phase,
        subject=f"{journal.stack}: the rollback {state} ({moment:%Y-%m-%d %H:%M} UTC)",
        what=f"back to {journal.target}",
        why=journal.why or "not recorded",
        impact=impact,
        way_back="the safety backup taken before" if journal.backup else "the stack's history",
        next_update=next_update,
        contact=google.settings.alert_email,
    )
    try_send(google, notice, progress)
