"""What a change does to the views and routines that read or call what it changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bqstack.guard import Action, Change, Loss, routine_changes, table_changes
from bqstack.plan.lineage_graph import RESULT, Graph, Object, Place


@dataclass(frozen=True)
class ColumnEffect:
    """A column of an object downstream; a type is None where the column is not."""

    column: str
    before: str | None
    after: str | None
    comes_from: tuple[str, ...]


@dataclass(frozen=True)
class Effect:
    """An object downstream: columns that come from the change, and what else it reads of it."""

    name: str
    kind: str
    columns: tuple[ColumnEffect, ...]
    reads: tuple[str, ...]


def needs_lineage(change: Change) -> bool:
    """Whether somebody else may see the change."""
    if change.type not in (table_changes.TYPE, routine_changes.TYPE):
        return False
    if change.action in (Action.CREATE, Action.IMPORT):
        return False
    return any(_matters(detail.path, detail.loss, detail.text) for detail in change.details)


def effects(change: Change, old: Graph, new: Graph) -> list[Effect]:
    """Everything downstream of one change, by name."""
    touched = _touched(change, old, new)
    found: dict[str, dict[str, set[str]]] = {}
    reads: dict[str, set[str]] = {}
    for graph in (old, new):
        _follow(graph, set(touched), change.name, found, reads)
    names = sorted((found.keys() | reads.keys()) - {change.name})
    listed = [
        _effect(name, found.get(name, {}), reads.get(name, set()), old, new) for name in names
    ]
    return [effect for effect in listed if effect.columns or effect.reads]


def own_columns(change: Change, old: Graph, new: Graph) -> list[ColumnEffect]:
    """Columns of a changed view or function that come, go or get another type."""
    if (
        table_changes.holds_rows(dict(change.new or change.old))
        and change.type == table_changes.TYPE
    ):
        return []  # the change itself names them
    before, after = (_types(graph, change.name) for graph in (old, new))
    if not before or not after:
        return []
    return [
        ColumnEffect(column, before.get(column), after.get(column), ())
        for column in dict.fromkeys([*before, *after])
        if before.get(column) != after.get(column)
    ]


def broken(name: str, old: Graph, new: Graph) -> dict[str, str]:
    """Objects at and below `name` that the change makes wrong, with what is wrong."""
    wrong = {item.name for item in _below(name, old) if item.mistake}
    return {i.name: i.mistake for i in _below(name, new) if i.mistake and i.name not in wrong}


def named_by(change: Change, changes: Iterable[Change], old: Graph, new: Graph) -> list[str]:
    """Changed objects whose SQL names an object that comes or goes, before or after."""
    if change.action not in (Action.CREATE, Action.REPLACE, Action.DELETE):
        return []
    names = {other.name for other in changes if other is not change}
    return sorted(
        {
            name
            for graph in (old, new)
            for name in names & graph.objects.keys()
            if change.name in graph.objects[name].needs
        }
    )


def unknown(name: str, old: Graph) -> list[str]:
    """Objects at and below `name` that the analyser did not understand before, either."""
    return sorted({item.name for item in _below(name, old) if item.mistake})


def _below(name: str, graph: Graph) -> list[Object]:
    return [graph.objects[n] for n in sorted(graph.below({name})) if n in graph.objects]


def _matters(path: str, loss: Loss, text: str) -> bool:
    if path.startswith("schema."):
        return not text.startswith("description")
    if loss is Loss.NONE:
        return False
    return path in ("", "arguments", "definitionBody", "routineType", "timePartitioning") or (
        path.endswith((".query", "expirationMs")) or path == "view"
    )


def changes_scans(change: Change) -> bool:
    """Whether queries may scan something else."""
    if change.action in (Action.DELETE, Action.REPLACE):
        return True
    return any(
        (detail.path.startswith("schema.") or detail.path in ("definitionBody", "arguments"))
        or detail.path.endswith(".query")
        for detail in change.details
        if _matters(detail.path, detail.loss, detail.text)
    )


def _touched(change: Change, old: Graph, new: Graph) -> set[Place]:
    whole = {
        (change.name, column)
        for graph in (old, new)
        if change.name in graph.objects
        for column in (graph.objects[change.name].types or {RESULT: ""})
    }
    if change.type == routine_changes.TYPE or change.action in (Action.DELETE, Action.REPLACE):
        return whole | {(change.name, RESULT)}
    columns = {
        (change.name, detail.column.partition(".")[0])
        for detail in change.details
        if detail.column and _matters(detail.path, detail.loss, detail.text)
    }
    others = [d for d in change.details if not d.column and _matters(d.path, d.loss, d.text)]
    return columns | whole if others else columns


def _follow(
    graph: Graph,
    touched: set[Place],
    origin: str,
    found: dict[str, dict[str, set[str]]],
    reads: dict[str, set[str]],
) -> None:
    """Add what comes from `touched` in one graph; objects stand after what they need."""
    for item in graph.objects.values():
        if item.name == origin:
            continue
        for column, sources in item.outputs.items():
            if hit := sources & touched:
                found.setdefault(item.name, {}).setdefault(column, set()).update(map(_place, hit))
                touched.add((item.name, column))
        if hit := item.reads & touched:
            reads.setdefault(item.name, set()).update(map(_place, hit))
        if origin in item.needs and graph.objects.get(origin, item).kind == "PROCEDURE":
            reads.setdefault(item.name, set()).add(_place((origin, RESULT)))


def _effect(
    name: str, columns: dict[str, set[str]], reads: set[str], old: Graph, new: Graph
) -> Effect:
    before, after = _types(old, name), _types(new, name)
    if name in new.objects and new.objects[name].mistake:
        after = before  # unknown; what is wrong is reported
    if name in old.objects and name in new.objects:
        changed = {c for c in [*before, *after] if before.get(c) != after.get(c)}
        columns = {**{c: set() for c in changed}, **columns}
    explained = {source for sources in columns.values() for source in sources}
    kind = next(g.objects[name].kind for g in (new, old) if name in g.objects)
    return Effect(
        name=name,
        kind=kind,
        columns=tuple(
            ColumnEffect(c, before.get(c), after.get(c), tuple(sorted(columns[c])))
            for c in sorted(columns)
            if c != RESULT
        ),
        reads=tuple(sorted(reads - explained if columns.keys() != {RESULT} else reads)),
    )


def _types(graph: Graph, name: str) -> dict[str, str]:
    return graph.objects[name].types if name in graph.objects else {}


def _place(place: Place) -> str:
    name, column = place
    return f"{name}()" if column == RESULT else f"{name}.{column}"
