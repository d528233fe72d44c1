"""Back to an earlier state of a stack, from the stack's own history.

    made = plan(google, "prod", to=None, data=False, root=PROJECT_ROOT, progress=print)
    report = start(google, made, drop=(), clear_locks=False, take_backup=True, progress=print)
    report = resume(google, "prod", root=PROJECT_ROOT, progress=print)

`rollback` is plan and start in one call, for other commands. docs/rollback.md says what happens
in which order.
"""

from __future__ import annotations

from pathlib import Path

from eros.cloud.google import Google
from eros.operations.rollback.rollback_journal import refuse_running, unfinished
from eros.operations.rollback.rollback_plan import Plan, Progress, hint, plan
from eros.operations.rollback.rollback_report import Report
from eros.operations.rollback.rolling_back import (
    RollbackError,
    interrupted,
    left_half_way,
    resume,
    start,
)
from eros.operations.stack_lock import TableLock
from eros.project.settings import PROJECT_ROOT

__all__ = [
    "Plan",
    "Progress",
    "Report",
    "RollbackError",
    "hint",
    "interrupted",
    "left_half_way",
    "plan",
    "refuse_running",
    "resume",
    "rollback",
    "start",
    "unfinished",
]


def rollback(
    google: Google,
    stack: str,
    *,
    to: int | Path | None = None,
    data: bool = False,
    drop: tuple[str, ...] = (),
    clear_locks: bool = False,
    take_backup: bool = True,
    held: TableLock | None = None,
    why: str = "",
    root: Path = PROJECT_ROOT,
    progress: Progress,
) -> Report:
    """Go back to update `to`, by default to the state before the last change.

    `held` is the lock between machines of a caller that has it.
    Raises UserError while nothing has changed, RollbackError when a step failed: then
    `resume` goes on.
    """
    made = plan(google, stack, to=to, data=data, root=root, progress=progress)
    return start(
        google,
        made,
        drop=drop,
        clear_locks=clear_locks,
        take_backup=take_backup,
        held=held,
        why=why,
        progress=progress,
    )
