"""From the two sides to the plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bqstack.connection import Connect
from bqstack.guard import Change, allowances, compare, table_changes
from bqstack.plan import cloud, costs, impact
from bqstack.plan.sources import Side
from bqstack.plan.whole_plan import Plan, Planned
from bqstack.target import Target
from gcptypes.records import TRANSFER

if TYPE_CHECKING:
    from bqstack.analysis.analyser import Analyser


def build(
    target: Target,
    stack: str,
    old: Side,
    new: Side,
    *,
    connect: Connect | None,
    preview: str = "",
    settings_warnings: Sequence[str] = (),
    analyser: Analyser | None = None,
) -> Plan:
    """The plan of going from `old` to `new`; BigQuery is asked only with a `connect`.

    `settings_warnings` are what the stack's settings let happen and nobody may want. An
    `analyser` that runs already saves the time to start one.
    """
    changes = compare(old.resources, new.resources, new.aliases, new.imports)
    planned, schedules, figures = _consequences(
        target, old, new, changes, connect=connect, analyser=analyser
    )
    return Plan(
        stack=stack,
        base=old.label,
        head=new.label,
        changes=tuple(sorted(planned, key=lambda p: p.sort_key)),
        schedules=tuple(schedules),
        usd_per_tib=target.usd_per_tib,
        allow_key=allowances.key(target),
        allowed=new.allowed,
        # Between two commits nobody knows what the stack has taken already.
        stale=() if old.commit else tuple(allowances.stale(changes, new.allowed)),
        rows_known=bool(figures.rows),
        settings_warnings=tuple(settings_warnings),
        note=figures.reason if connect else "",
        preview=preview,
    )


def _consequences(
    target: Target,
    old: Side,
    new: Side,
    changes: Sequence[Change],
    *,
    connect: Connect | None,
    analyser: Analyser | None,
) -> tuple[list[Planned], list[costs.ScheduleCost], cloud.CloudFigures]:
    """Downstream effects and costs; without SQL in the change nothing is analysed."""
    seen = [change for change in changes if impact.needs_lineage(change)]
    scheduled = any(change.type == TRANSFER for change in changes)
    if not seen and not scheduled:
        return [Planned(change) for change in changes], [], cloud.CloudFigures()
    # The analyser's classes take a third of a second to import.
    from bqstack.analysis.analyser import Analyser
    from bqstack.plan import lineage

    analyser = analyser or Analyser()
    graphs = lineage.graph(old, analyser), lineage.graph(new, analyser)
    figures = cloud.CloudFigures()
    if connect:
        queries = [text for change in changes for text in _queries(change) if text]
        figures = cloud.ask(connect, target.dataset, costs.tables_of(graphs), queries)
    planned = []
    for change in changes:
        named_by = tuple(impact.named_by(change, changes, *graphs))
        if change not in seen:
            planned.append(Planned(change, named_by=named_by))
            continue
        before, after = (figures.bytes.get(text) for text in _queries(change))
        planned.append(
            Planned(
                change=change,
                columns=tuple(impact.own_columns(change, *graphs)),
                downstream=tuple(impact.effects(change, *graphs)),
                broken=impact.broken(change.name, *graphs),
                named_by=named_by,
                not_understood=tuple(impact.unknown(change.name, graphs[0])),
                bytes=(before, after),
                rows=figures.rows.get(change.name),
            )
        )
    touched = [
        change
        for change in changes
        if change.type == TRANSFER or (change in seen and impact.changes_scans(change))
    ]
    schedules = costs.schedules(
        touched, old.resources, new.resources, graphs, figures.rows, target.calls_per_day
    )
    return planned, schedules, figures


def _queries(change: Change) -> tuple[str, str]:
    """Text of a view's query before and after, empty for what is no view."""
    if change.type != table_changes.TYPE:
        return "", ""
    before, after = (
        str((side.get("view") or side.get("materializedView") or {}).get("query", ""))
        for side in (change.old, change.new)
    )
    return before, after
