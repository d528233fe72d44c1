"""Names of backups and snapshots, and how long each kind is kept.

A backup is named by the moment it was made, YYYYMMDD_HHMMSS in UTC (docs/requirements.md C-03), and
each of its snapshots `<table>_<stamp>`.
"""

from __future__ import annotations

import enum
import re
from datetime import UTC, datetime, timedelta

from bqstack.errors import UserError
from eros.project.settings import Settings

_STAMP = "%Y%m%d_%H%M%S"
_STAMP_TEXT = r"\d{8}_\d{6}"
_SNAPSHOT = re.compile(rf"(?P<table>.+)_(?P<stamp>{_STAMP_TEXT})")


class Kind(enum.StrEnum):
    """Why a backup was made."""

    MANUAL = "manual"
    DAILY = "daily"
    DEPLOYMENT = "deployment"
    """Before a deployment; kept longer (docs/requirements.md C-60)."""
    SAFETY = "safety"
    """Of what a restore was about to replace."""
    TRAVEL = "travel"
    """Of an earlier moment, by time travel."""


class Source(enum.StrEnum):
    """Where a restore reads the rows."""

    SNAPSHOT = "snapshot"
    EXPORT = "export"
    TIME_TRAVEL = "time-travel"


class State(enum.StrEnum):
    """What a backup is good for."""

    COMPLETE = "COMPLETE"
    INCOMPLETE = "INCOMPLETE"
    """Snapshots are missing, or the record that says that none is."""
    EXPIRED = "EXPIRED"


def stamp(moment: datetime) -> str:
    """Name of a backup made at `moment`."""
    return moment.astimezone(UTC).strftime(_STAMP)


def made(backup_id: str) -> datetime:
    """When a backup of this name was made."""
    return datetime.strptime(backup_id, _STAMP).replace(tzinfo=UTC)


def is_stamp(text: str) -> bool:
    """Whether this is the name of a backup."""
    try:
        made(text)
    except ValueError:
        return False
    return re.fullmatch(_STAMP_TEXT, text) is not None


def parse(text: str) -> str:
    """Name of the backup that a person means; dates may be written with hyphens.

    Raises UserError.
    """
    try:
        return stamp(made(text.strip().replace("-", "")))
    except ValueError:
        raise UserError(
            "a backup's name is YYYYMMDD_HHMMSS", value=text, fix="eros backup list"
        ) from None


def snapshot(table: str, backup_id: str) -> str:
    """Name of a table's snapshot."""
    return f"{table}_{backup_id}"


def split(name: str) -> tuple[str, str] | None:
    """Table and backup of a snapshot's name; None when it is no snapshot of ours."""
    match = _SNAPSHOT.fullmatch(name)
    if match is None or not is_stamp(match["stamp"]):
        return None
    return match["table"], match["stamp"]


def retention(settings: Settings, kind: Kind) -> timedelta:
    """How long a backup of this kind is kept (docs/requirements.md C-60)."""
    backup = settings.backup
    if kind is Kind.DEPLOYMENT:
        return timedelta(days=backup.deployment_retention_days)
    return timedelta(days=backup.daily_retention_days)
