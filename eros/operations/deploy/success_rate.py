"""How many deployments came to a good end, as `eros deploy` recorded them on any machine.

The engine's history does not say that: an update whose release was found bad and rolled back has
succeeded, and so have the updates of the rollback, and a pause of the schedules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bqstack.amounts import counted
from bqstack.state import Update
from eros import logs
from eros.cloud import cloud_logs
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.operations.deploy.deployment import ExitCode
from eros.operations.rollback import choice

RECORD = "deployment"
"""The audit record of a deployment's end."""
TARGET_PCT = 95
# They ended before anything was changed.
_REFUSED = (ExitCode.PREREQUISITES.name, ExitCode.BACKUP.name)
_UNDONE = "UNDONE"


@dataclass(frozen=True)
class Rate:
    """Deployments of so many days."""

    days: int
    good: int = 0
    bad: int = 0
    undone: int = 0
    """Among the bad: deployed well, and rolled back by a person later."""
    refused: int = 0
    """Counted apart: they ended before anything was changed."""

    @property
    def words(self) -> str:
        """One line."""
        refused = f"; {self.refused} refused before any change" if self.refused else ""
        total = self.good + self.bad
        if not total:
            return f"no deployment ended in {self.days} days{refused}"
        undone = f", {self.undone} rolled back later" if self.undone else ""
        return (
            f"{self.good} of {counted(total, 'deployment')} in {self.days} days succeeded{undone}:"
            f" {1000 * self.good // total / 10:g}% (target: above {TARGET_PCT}%){refused}"
        )


def read(google: Google, history: Sequence[Update]) -> Rate:
    """The rate over as long as audit records are kept.

    Raises one of `bqstack.failures.FAILURES`.
    """
    days = google.settings.logs.audit_retention_days
    asked = cloud_logs.Asked(
        streams=[logs.Stream.AUDIT],
        since=present(google.settings) - timedelta(days=days),
        message=RECORD,
    )
    return rate((record["extras"] for record in cloud_logs.read(google, asked)), history, days)


def rate(ended: Iterable[dict[str, Any]], history: Sequence[Update], days: int) -> Rate:
    """The rate of these ends, newest first; one that was resumed counts by its last end."""
    ends: dict[str, list[dict[str, Any]]] = {}
    for one in ended:
        # Records of earlier versions do not say what was changed, and have dry runs among them.
        if "changed" in one and not one["dry_run"]:
            ends.setdefault(one["deployment"], []).append(one)
    results = [_result(every, history) for every in ends.values() if not _is_nothing(every)]
    bad = [one for one in results if one not in (ExitCode.SUCCESS.name, *_REFUSED)]
    return Rate(
        days=days,
        good=results.count(ExitCode.SUCCESS.name),
        bad=len(bad),
        undone=bad.count(_UNDONE),
        refused=sum(one in _REFUSED for one in results),
    )


def _is_nothing(ends: list[dict[str, Any]]) -> bool:
    """Whether there was nothing to deploy."""
    return all(one["result"] == ExitCode.SUCCESS.name and not one["changed"] for one in ends)


def _result(ends: list[dict[str, Any]], history: Sequence[Update]) -> str:
    """How a deployment ended, or that a rollback later went back behind it."""
    # Resumed and refused, it stays as half made as it was.
    counted_ends = [one for one in ends if one["result"] not in _REFUSED] or ends
    result = str(counted_ends[0]["result"])
    before = ends[-1].get("newest")
    if result != ExitCode.SUCCESS.name or before is None or not any(one["changed"] for one in ends):
        return result
    goals = [(update.version, choice.target_version(update)) for update in history]
    later = [goal for version, goal in goals if version > before and goal is not None]
    return _UNDONE if any(goal <= before for goal in later) else result
