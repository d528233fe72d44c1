"""A plan in a few lines for the terminal."""

from __future__ import annotations

from bqstack.plan.whole_plan import VERBS, Plan, routine_kind


def text(plan: Plan) -> str:
    """Warnings, then a line per change with its facts and who is below it."""
    lines = [f"{plan.stack}: {plan.base} -> {plan.head}"]
    wrong = {name: why for planned in plan.changes for name, why in planned.broken.items()}
    lines += [f"broken by this change: {name}: {why}" for name, why in wrong.items()]
    lines += [f"check: {c.name}: {d.text}; {d.reason}" for c, d in plan.warnings]
    lines += [f"check: {text}" for text in plan.settings_warnings]
    for planned in plan.changes:
        change = planned.change
        lines.append(
            f"{VERBS[change.action]:<16}{change.loss.name.lower():<12}{planned.kind} {change.name}"
        )
        lines += [
            f"    {detail.text}" + (f"; {detail.reason}" if detail.reason else "")
            for detail in change.details
        ]
        lines += [f"    -> {routine_kind(e.kind)} {e.name}" for e in planned.downstream]
    if not plan.changes:
        lines.append("nothing changes")
    return "\n".join(lines)
