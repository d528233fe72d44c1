"""The table of a run, and what went wrong in it."""

from __future__ import annotations

from collections.abc import Sequence

from dev.chaos.trials import Result

_HEAD = (
    "| operation | calls | trials | ended clearly | by itself | next plain command | "
    "named command | lost | doubled | stuck |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def table(results: Sequence[Result], calls: dict[str, int]) -> str:
    """One line for each operation, as Markdown."""
    lines = [_HEAD]
    for name, number in calls.items():
        own = [r for r in results if r.operation == name and r.spoilt]
        counts = (
            number,
            len(own),
            sum(r.clear for r in own),
            sum(r.recovered == 0 for r in own),
            sum(r.recovered == 1 for r in own),
            sum((r.recovered or 0) > 1 for r in own),
            sum(bool(r.lost) for r in own),
            sum(bool(r.doubled) for r in own),
            sum(bool(r.stuck) for r in own),
        )
        lines.append(f"| {name} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines) + "\n"


def bad(results: Sequence[Result]) -> list[Result]:
    """Trials that ended unclearly, or left something lost, doubled or stuck."""
    return [r for r in results if not r.clear or r.lost or r.doubled or r.stuck]


def line(result: Result) -> str:
    """One trial in one line."""
    trial = result.trial
    what = [
        name
        for name, is_so in (
            ("unclear", not result.clear),
            ("LOST", bool(result.lost)),
            ("DOUBLED", bool(result.doubled)),
            ("STUCK", bool(result.stuck)),
        )
        if is_so
    ]
    how = "not recovered" if result.recovered is None else f"recovered by way {result.recovered}"
    place = result.spoilt or "the operation made fewer calls"
    return f"{result.operation} {trial.fault} at {trial.number} ({place}): " + ", ".join(
        [how, *what]
    )
