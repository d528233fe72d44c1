"""BigQuery's limits on a whole object, checked without the analyser.

https://cloud.google.com/bigquery/quotas
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from bqstack.analysis.findings import Finding
from bqstack.analysis.source import Source
from bqstack.catalogue.sql_objects import ROUTINE_KINDS, Kind, Routine, SqlObject, View

MOST_ARGUMENTS = 256
DEEPEST_VIEWS = 16
DEEPEST_CALLS = 16
VIEW_CHARACTERS = 256 * 1024
STATEMENT_CHARACTERS = 1024 * 1024
_VIEW_KINDS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW})


def check(
    objects: Mapping[str, SqlObject],
    sources: Mapping[str, Source],
    needs: Mapping[str, Sequence[str]],
) -> Iterator[Finding]:
    """Findings of all objects, each of which follows what it `needs`."""
    views = _depths(objects, needs, _VIEW_KINDS)
    calls = _depths(objects, needs, ROUTINE_KINDS)
    for name, found in objects.items():
        source = sources[name]
        line, column = _name_place(source, name)

        def at_name(
            rule: str, message: str, s: Source = source, place: tuple[int, int] = (line, column)
        ) -> Finding:
            return s.finding(rule, message, *place)

        yield from _one(found, views, calls, at_name)


def _one(
    found: SqlObject,
    views: Mapping[str, int],
    calls: Mapping[str, int],
    at_name: Callable[[str, str], Finding],
) -> Iterator[Finding]:
    if isinstance(found, View):
        if len(found.query) > VIEW_CHARACTERS:
            yield at_name("text-size", f"the query has {len(found.query):,} characters")
        # Only the view that crosses the limit, not all that stand on it.
        if views[found.name] == DEEPEST_VIEWS + 1:
            yield at_name("view-depth", f"{found.name} is built on {DEEPEST_VIEWS} levels of views")
    if len(found.sql) > STATEMENT_CHARACTERS:
        yield at_name("text-size", f"the statement has {len(found.sql):,} characters")
    if isinstance(found, Routine):
        if len(found.arguments) > MOST_ARGUMENTS:
            yield at_name("argument-count", f"{found.name} has {len(found.arguments)} arguments")
        if calls[found.name] == DEEPEST_CALLS + 1:
            yield at_name("call-depth", f"{found.name} starts a chain of {calls[found.name]} calls")


def _depths(
    objects: Mapping[str, SqlObject], needs: Mapping[str, Sequence[str]], kinds: frozenset[Kind]
) -> dict[str, int]:
    """Length of the longest chain of objects of these kinds that starts at each object."""
    depths: dict[str, int] = {}
    for name, found in objects.items():
        below = [depths.get(n, 0) for n in needs[name]]
        depths[name] = max(below, default=0) + (found.kind in kinds)
    return depths


def _name_place(source: Source, name: str) -> tuple[int, int]:
    for number, line in enumerate(source.sql.splitlines(), 1):
        at = line.find(name)
        if at >= 0 and not line.lstrip().startswith("--"):
            return number, at + 1
    return 1, 1
