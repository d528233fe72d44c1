"""The lineage that a plan touches, as a Mermaid flowchart, which GitHub draws in a comment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bqstack.guard import Action, Loss, routine_changes, table_changes
from bqstack.plan.whole_plan import VERBS, Plan, Planned, routine_kind

MOST_NODES = 25
# Readable on GitHub's light and dark pages: the text's colour is set with the fill's.
_STYLES = (
    "classDef changed fill:#fff3bf,stroke:#b08800,color:#1f2328",
    "classDef lossy fill:#ffdce0,stroke:#cf222e,color:#1f2328",
    "classDef broken fill:#ffdce0,stroke:#cf222e,color:#1f2328,stroke-dasharray:4 3",
    "classDef below fill:#ddf4ff,stroke:#0969da,color:#1f2328",
)
_OBJECTS = (table_changes.TYPE, routine_changes.TYPE)
_COMING_AND_GOING = (Action.CREATE, Action.REPLACE, Action.DELETE)
# What may stand in a label: a hostile name draws nothing and links nowhere.
_ODD = re.compile(r"[^\w .:()-]")


def mermaid(plan: Plan) -> str:
    """The picture in its fence; empty where no object touches another."""
    touching = [planned for planned in plan.changes if _is_drawn(planned)]
    nodes = _nodes(touching, {p.change.name for p in plan.changes})
    kept = dict(list(nodes.items())[:MOST_NODES])
    numbers = {name: f"n{number}" for number, name in enumerate(kept)}
    arrows = [
        f"  {numbers[source]} --> {numbers[target]}"
        for source, target in dict.fromkeys(_edges(touching))
        if source in numbers and target in numbers and source != target
    ]
    if not arrows:
        return ""
    lines = ["flowchart LR"]
    for name, (label, style) in kept.items():
        lines.append(f'  {numbers[name]}["{label}"]:::{style}')
    lines += arrows
    lines += [f"  {style}" for style in _STYLES]
    more = len(nodes) - len(kept)
    rest = f"\n{more} more below, in the details.\n" if more else ""
    return "\n```mermaid\n" + "\n".join(lines) + f"\n```\n{rest}"


def _is_drawn(planned: Planned) -> bool:
    loses = planned.change.loss is Loss.LOSSY and planned.change.type in _OBJECTS
    return bool(loses or planned.downstream or planned.broken or planned.named_by)


def _nodes(touching: list[Planned], changed: set[str]) -> dict[str, tuple[str, str]]:
    """Label and style by name: what changes first, then what breaks, then the rest below."""
    found = {
        p.change.name: (
            _label(p.change.name, _acting(p)),
            "lossy" if p.change.loss is Loss.LOSSY else "changed",
        )
        for p in touching
    }
    kinds = {e.name: routine_kind(e.kind) for p in touching for e in p.downstream}
    for planned in touching:
        for name in planned.broken:
            if name not in found:
                found[name] = (_label(name, _breaking(kinds.get(name, ""))), "broken")
    for name, kind in kinds.items():
        style = "changed" if name in changed else "below"
        found.setdefault(name, (_label(name, kind), style))
    return found


def _edges(touching: list[Planned]) -> Iterator[tuple[str, str]]:
    """Who reads or calls whom, as far as the picture goes."""
    for planned in touching:
        reached = set()
        for effect in planned.downstream:
            places = [*effect.reads, *(place for c in effect.columns for place in c.comes_from)]
            for place in places:
                source = place.removesuffix("()") if place.endswith("()") else _object(place)
                reached.add(effect.name)
                yield source, effect.name
        for name in planned.broken:
            if name not in reached and name != planned.change.name:
                yield planned.change.name, name
                reached.add(name)
        for name in planned.named_by:
            if name not in reached:
                yield planned.change.name, name


def _acting(planned: Planned) -> str:
    """The kind; of an object that comes or goes with what happens to it."""
    action = planned.change.action
    return f"{planned.kind}: {VERBS[action]}" if action in _COMING_AND_GOING else planned.kind


def _breaking(kind: str) -> str:
    """Says it of the object: behind "table function" the bare word would read as its verb."""
    return f"{kind}: breaks" if kind else "breaks"


def _object(place: str) -> str:
    return place.partition(".")[0]


def _label(name: str, kind: str) -> str:
    return f"{_ODD.sub('_', name)}<br/>{_ODD.sub('_', kind)}"
