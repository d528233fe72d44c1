"""Who reads, writes and calls whom, and who answers for what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import jinja2
from jinja2 import meta, nodes

from bqstack.catalogue import Catalogue, SqlObject, scan
from bqstack.catalogue.sql_objects import Kind
from bqstack.documents import dotted
from eros.project import schedules
from eros.project.settings import NAMESPACE, Settings

_CALLED = frozenset({Kind.FUNCTION, Kind.PROCEDURE})
# Names of the templates' context that are no section of the settings; project, dataset,
# location and labels are left out, because they are in every file.
_SOURCES = {
    "alerts": "config/alerts.yaml",
    "error_reason": f"{NAMESPACE}:jobHistory",
    "jobs_view": f"{NAMESPACE}:jobHistory",
    "metrics": "config/metrics.yaml",
    "own_jobs": f"{NAMESPACE}:sandbox",
    "schedule_limits": "config/schedules.yaml",
    "schedule_rhythms": "config/schedules.yaml",
    "time_zone": f"{NAMESPACE}:timeZone",
}


@dataclass
class Relations:
    """Names of other objects, sorted."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    read_by: set[str] = field(default_factory=set)
    written_by: set[str] = field(default_factory=set)
    called_by: set[str] = field(default_factory=set)


def relations(catalogue: Catalogue, settings: Settings) -> dict[str, Relations]:
    """Relations of every object, both ways."""
    found = {name: Relations() for name in catalogue.objects}
    for item in catalogue:
        for name, writes in _mentions(item, settings):
            own, other = found[item.name], found[name]
            if writes:
                own.writes.add(name)
                other.written_by.add(item.name)
            elif catalogue.objects[name].kind in _CALLED:
                own.calls.add(name)
                other.called_by.add(item.name)
            else:
                own.reads.add(name)
                other.read_by.add(item.name)
    return found


def _mentions(item: SqlObject, settings: Settings) -> Iterable[tuple[str, bool]]:
    """Each mention of another object, and whether it is what a statement changes."""
    tokens = tuple(scan.tokenize(item.sql))
    words = ["", "", *(token.text.upper() for token in tokens)]
    for index in range(len(tokens)):
        # A reference is five tokens long: three names and two points.
        for reference in scan.references(
            tokens[index : index + 5], settings.project, settings.dataset
        ):
            before, last = words[index], words[index + 1]
            changes = last in ("INTO", "UPDATE", "DELETE", "MERGE") or (before, last) in (
                ("DELETE", "FROM"),
                ("TRUNCATE", "TABLE"),
            )
            if reference.name != item.name:
                yield reference.name, changes


def scheduled(settings: Settings) -> dict[str, list[str]]:
    """Names of the scheduled queries by the object that they call."""
    found: dict[str, list[str]] = defaultdict(list)
    for config in schedules.transfer_configs(settings):
        tokens = tuple(scan.tokenize(config.query))
        for reference in scan.references(tokens, settings.project, settings.dataset):
            if config.schedule_name not in found[reference.name]:
                found[reference.name].append(config.schedule_name)
    return found


def owners(
    catalogue: Catalogue,
    entries: Mapping[str, schedules.Schedule],
    called: Mapping[str, list[str]],
    settings: Settings,
) -> dict[str, set[str]]:
    """Who answers for each object.

    A scheduled query's owner has what it needs, directly or not. Anything else belongs to
    the owners of what it needs, then of what needs it, and without any to the cost owner.
    """
    own = {n: o for n, o in catalogue.objects.items() if o.kind is not Kind.EXTERNAL_TABLE}
    found: dict[str, set[str]] = {name: set() for name in own}
    for name, queries in called.items():
        for needed in _reachable(name, own):
            found[needed].update(entries[query].owner for query in queries)
    unowned = [name for name in own if not found[name]]
    for name in unowned:
        found[name].update(*(found[n] for n in own[name].depends_on if n in own))
    for name in reversed(own):
        for needed in own[name].depends_on:
            if needed in unowned and not found[needed]:
                found[needed] |= found[name]
    cost_owner = f"{settings.cost_owner} (cost owner)"
    return {
        name: found[name] or {cost_owner} if name in own else {"another system"}
        for name in catalogue.objects
    }


def _reachable(name: str, objects: Mapping[str, SqlObject]) -> set[str]:
    found, waiting = set(), [name]
    while waiting:
        current = waiting.pop()
        if current in objects and current not in found:
            found.add(current)
            waiting += objects[current].depends_on
    return found


def settings_of(text: str) -> list[str]:
    """Settings and catalogues that the template `text` takes values from."""
    tree = jinja2.Environment(autoescape=False).parse(text)
    names = meta.find_undeclared_variables(tree)
    found = {source for name, source in _SOURCES.items() if name in names}
    for part in tree.find_all(nodes.Getattr):
        section = part.node
        if isinstance(section, nodes.Name) and section.name in Settings.model_fields:
            found.add(f"{NAMESPACE}:{dotted((section.name, part.attr))}")
    return sorted(found)
