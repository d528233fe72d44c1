"""A whole plan, and its JSON form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import gcptypes
from bqstack.guard import Action, Change, Detail, Loss, allowances, routine_changes, table_changes
from bqstack.plan.costs import Run, ScheduleCost
from bqstack.plan.impact import ColumnEffect, Effect
from bqstack.unchecked import JsonObject

VERBS = {
    Action.CREATE: "create",
    Action.IMPORT: "take over",
    Action.UPDATE: "update",
    Action.REPLACE: "replace",
    Action.DELETE: "delete",
}
_ROUTINES = {
    "PROCEDURE": "procedure",
    "SCALAR_FUNCTION": "function",
    "TABLE_VALUED_FUNCTION": "table function",
}


@dataclass(frozen=True)
class Planned:
    """One change with what follows from it.

    `broken` are objects that the change makes wrong, with what is wrong; `named_by` are changed
    objects whose SQL names one that comes or goes, before or after; `bytes` is what the
    query of a view scans before and after, by dry run; `rows` are a table's, where known.
    """

    change: Change
    columns: tuple[ColumnEffect, ...] = ()
    downstream: tuple[Effect, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    named_by: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()
    rows: int | None = None
    bytes: tuple[int | None, int | None] = (None, None)

    @property
    def kind(self) -> str:
        """What a person calls the object."""
        return kind(self.change)

    @property
    def sort_key(self) -> tuple[int, str, str]:
        """The worst first, then by kind and name."""
        return -self.change.loss, self.kind, self.change.name


@dataclass(frozen=True)
class Plan:
    """What a change would do to one stack."""

    stack: str
    base: str
    head: str
    changes: tuple[Planned, ...]
    schedules: tuple[ScheduleCost, ...] = ()
    usd_per_tib: float = 0.0
    allow_key: str = ""
    """The key of the stack's file that allows a loss."""
    allowed: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    rows_known: bool = False
    settings_warnings: tuple[str, ...] = ()
    """What the stack's settings let happen and nobody may want."""
    note: str = ""
    """Why BigQuery gave no figures, if it was asked and gave none."""
    preview: str = field(default="", repr=False)

    @property
    def refused(self) -> list[tuple[Change, Detail]]:
        """What the guard would refuse."""
        found = allowances.refused([planned.change for planned in self.changes], self.allowed)
        return [(change, detail) for change, details in found for detail in details]

    @property
    def warnings(self) -> list[tuple[Change, Detail]]:
        """What nothing is lost by, but what somebody should look at first."""
        return [(p.change, detail) for p in self.changes for detail in p.change.warnings]

    def counts(self, action: Action) -> int:
        """Number of objects with this action."""
        return sum(planned.change.action is action for planned in self.changes)


def kind(change: Change) -> str:
    """What a person calls the object of a change."""
    values = dict(change.new or change.old)
    if change.type == table_changes.TYPE:
        return table_changes.kind(values)
    if change.type == routine_changes.TYPE:
        return _ROUTINES.get(str(values.get("routineType")), "routine")
    return gcptypes.known(change.type).title


def routine_kind(kind: str) -> str:
    """What a person calls an object of the lineage; what is no routine is called so already."""
    return _ROUTINES.get(kind, kind)


def as_json(plan: Plan) -> JsonObject:
    """The plan in plain values, in a stable order."""
    return {
        "stack": plan.stack,
        "base": plan.base,
        "head": plan.head,
        "counts": {action.value: plan.counts(action) for action in Action},
        "loss": max((p.change.loss for p in plan.changes), default=Loss.NONE).name,
        "changes": [_change(planned, plan.allowed) for planned in plan.changes],
        "schedules": [_schedule(cost, plan.usd_per_tib) for cost in plan.schedules],
        "rowsKnown": plan.rows_known,
        "warnings": [
            {"name": change.name, "text": detail.text, "reason": detail.reason}
            for change, detail in plan.warnings
        ],
        "settingsWarnings": list(plan.settings_warnings),
        "refused": [detail.allowance for _, detail in plan.refused],
        "allowed": list(plan.allowed),
        "staleAllowances": list(plan.stale),
    }


def digest(change: Change) -> str:
    """What tells one change of an object from another: both sides of its inputs."""
    sides = json.dumps([dict(change.old), dict(change.new)], sort_keys=True, default=str)
    return hashlib.sha256(sides.encode()).hexdigest()


def _change(planned: Planned, allowed: tuple[str, ...]) -> JsonObject:
    change = planned.change
    return {
        "name": change.name,
        "kind": planned.kind,
        "type": change.type,
        "urn": change.urn,
        "action": change.action.value,
        "digest": digest(change),
        "loss": change.loss.name,
        "allowed": bool(change.lossy) and not allowances.refused([change], allowed),
        "details": [
            {
                "path": d.path,
                "text": d.text,
                "loss": d.loss.name,
                "reason": d.reason,
                "column": d.column,
                "allowance": d.allowance,
            }
            for d in change.details
        ],
        "columns": [_column(column) for column in planned.columns],
        "downstream": [
            {
                "name": effect.name,
                "kind": effect.kind,
                "columns": [_column(column) for column in effect.columns],
                "reads": list(effect.reads),
            }
            for effect in planned.downstream
        ],
        "broken": dict(planned.broken),
        "notUnderstood": list(planned.not_understood),
        "rows": planned.rows,
        "bytes": {"before": planned.bytes[0], "after": planned.bytes[1]},
    }


def _column(column: ColumnEffect) -> JsonObject:
    return {
        "column": column.column,
        "before": column.before,
        "after": column.after,
        "comesFrom": list(column.comes_from),
    }


def _schedule(cost: ScheduleCost, usd_per_tib: float) -> JsonObject:
    def side(run: Run | None) -> JsonObject | None:
        if run is None:
            return None
        return {
            "schedule": run.schedule,
            "paused": run.paused,
            "runsPerMonth": run.runs_per_month,
            "bytesPerRun": run.bytes_per_run,
            "usdPerMonth": run.usd_per_month(usd_per_tib),
        }

    return {"name": cost.name, "before": side(cost.before), "after": side(cost.after)}
