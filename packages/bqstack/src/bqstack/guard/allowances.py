"""One-off allowances: what `<namespace>:allowLoss` of a stack lets the next update lose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bqstack.guard.change import Change, Detail
from bqstack.target import Target


def key(target: Target) -> str:
    """The key of a stack's file that holds the allowances."""
    return f"{target.namespace}:allowLoss"


def refused(changes: Iterable[Change], allowed: Sequence[str]) -> list[tuple[Change, list[Detail]]]:
    """Changes with their lossy details that nobody has allowed."""
    known = {_normal(entry) for entry in allowed}
    found = []
    for change in changes:
        details = [d for d in change.lossy if _normal(d.allowance) not in known]
        if details:
            found.append((change, details))
    return found


def stale(changes: Iterable[Change], allowed: Sequence[str]) -> list[str]:
    """Allowances that no change needs, to be taken out of the stack's file."""
    needed = {_normal(d.allowance) for change in changes for d in change.lossy}
    return [entry for entry in allowed if _normal(entry) not in needed]


def how_to_allow(target: Target, stack: str, wanted: Iterable[str]) -> str:
    """The commands that allow exactly what is `wanted`, one a line."""
    first = len(target.allow_loss)
    return "\n".join(
        f"pulumi config set --path '{key(target)}[{first + index}]' '{entry}' --stack {stack}"
        for index, entry in enumerate(dict.fromkeys(wanted))
    )


def _normal(entry: str) -> str:
    return " ".join(entry.split())
