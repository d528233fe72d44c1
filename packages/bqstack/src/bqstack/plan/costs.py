"""What scheduled queries scan and cost, before and after a change.

BigQuery's dry run tells nothing about a script or a CALL, which all schedules are, so their
bytes are modelled: each statement scans the columns that it mentions, of all rows of each
table, views and called routines followed down to tables; a column is as wide as BigQuery
counts it (https://cloud.google.com/bigquery/pricing#data), a table counts 10 MB at least
(https://cloud.google.com/bigquery/pricing#on_demand_pricing). Partition filters are left
out, so it is an upper bound. A view's own query is something that the dry run can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bqstack.catalogue import scan
from bqstack.guard import Change, Resource, inputs
from bqstack.plan.lineage import Graph
from gcptypes.records import TRANSFER

TIB = 2**40
LEAST_BYTES = 10 * 10**6
DAYS = 30
# Texts and JSON have two bytes and what they hold; 20 characters are taken for it.
_WIDTHS = {
    "BOOL": 1,
    "BYTES": 22,
    "BIGNUMERIC": 32,
    "DATE": 8,
    "DATETIME": 8,
    "FLOAT64": 8,
    "GEOGRAPHY": 36,
    "INT64": 8,
    "INTERVAL": 16,
    "JSON": 22,
    "NUMERIC": 16,
    "STRING": 22,
    "TIME": 8,
    "TIMESTAMP": 8,
}
_NESTED_WIDTH = 44
_INTERVAL = re.compile(
    r"every (\d+) (hour|min)\w*(?: from (\d+):(\d+) to (\d+):(\d+)| synchronized)?"
)
_DAYS_OF_WEEK = re.compile(r"every ((?:[a-z]{3,9})(?:,[a-z]{3,9})*) \d+:\d+")


@dataclass(frozen=True)
class Run:
    """One side of a schedule."""

    schedule: str
    paused: bool
    runs_per_month: float | None
    bytes_per_run: int | None
    """None where a body that it runs is not understood: nobody knows what that scans."""

    def usd_per_month(self, usd_per_tib: float) -> float | None:
        """Cost of 30 days at the on-demand price; None where runs or bytes are not known."""
        if self.runs_per_month is None or self.bytes_per_run is None:
            return None
        return self.runs_per_month * self.bytes_per_run / TIB * usd_per_tib


@dataclass(frozen=True)
class ScheduleCost:
    """A scheduled query that a change touches; a side is None where it is not."""

    name: str
    before: Run | None
    after: Run | None


def schedules(
    changes: Iterable[Change],
    old: Iterable[Resource],
    new: Iterable[Resource],
    graphs: tuple[Graph, Graph],
    rows: Mapping[str, int],
) -> list[ScheduleCost]:
    """Scheduled queries that are changed, or that reach something changed."""
    changed = {change.name for change in changes if change.details}
    sides = [
        {r.name: _Schedule(r, graph) for r in resources if r.type == TRANSFER}
        for resources, graph in zip((old, new), graphs, strict=True)
    ]
    found = []
    for name in sorted(sides[0].keys() | sides[1].keys()):
        reached = {name}.union(*(side[name].reached for side in sides if name in side))
        if not reached & changed:
            continue
        before, after = (side[name].run(rows) if name in side else None for side in sides)
        found.append(ScheduleCost(name, before, after))
    return found


def tables_of(graphs: Iterable[Graph]) -> set[str]:
    """Names of all tables, whose rows the model wants to know."""
    return {o.name for graph in graphs for o in graph.objects.values() if o.kind == "table"}


def runs_per_month(schedule: str) -> float | None:
    """Runs in 30 days of a schedule in Data Transfer's words; None where it is not simple."""
    text = re.sub(r"\s*,\s*", ",", " ".join(schedule.lower().split()))
    if found := _INTERVAL.fullmatch(text):
        step = int(found[1]) * (60 if found[2] == "hour" else 1)
        if found[3] is None:
            return DAYS * 24 * 60 / step
        start, end = (int(found[i]) * 60 + int(found[i + 1]) for i in (3, 5))
        return float(DAYS * ((end - start) % (24 * 60) // step + 1))
    if found := _DAYS_OF_WEEK.fullmatch(text):
        return float(DAYS) if found[1] == "day" else DAYS * len(found[1].split(",")) / 7
    return None


class _Schedule:
    def __init__(self, resource: Resource, graph: Graph) -> None:
        values = inputs.canonical(resource.type, resource.inputs)
        self._graph = graph
        self._words = str(values.get("schedule", ""))
        self._paused = bool(values.get("disabled"))
        text = str((values.get("params") or {}).get("query", ""))
        self._called = [name for name in graph.objects if name in _words(text)]
        self.reached = self._closure()

    def run(self, rows: Mapping[str, int]) -> Run:
        """The runs and what each scans."""
        total = 0
        if any(self._is_unknown(name) for name in self.reached):
            return Run(self._words, self._paused, runs_per_month(self._words), None)
        for name in self._order():
            item = self._graph.objects[name]
            if item.kind != "PROCEDURE":
                continue
            total += sum(self._statement(scans, rows) for scans in item.scans)
        return Run(self._words, self._paused, runs_per_month(self._words), total)

    def _is_unknown(self, name: str) -> bool:
        """Whether its statements are not understood; a function scans nothing by itself."""
        item = self._graph.objects[name]
        return bool(item.mistake) and item.kind in ("PROCEDURE", "view", "materialized view")

    def _closure(self) -> set[str]:
        found: set[str] = set()
        waiting = list(self._called)
        while waiting:
            name = waiting.pop()
            if name not in found and name in self._graph.objects:
                found.add(name)
                waiting.extend(self._graph.objects[name].needs)
        return found

    def _order(self) -> list[str]:
        return [name for name in self._graph.objects if name in self.reached]

    def _statement(self, scans: Mapping[str, set[str]], rows: Mapping[str, int]) -> int:
        """Bytes of one statement: each table once, however often it is named."""
        tables: dict[str, set[str]] = {}
        self._expand(scans, tables)
        return sum(self._table(name, columns, rows) for name, columns in tables.items())

    def _expand(self, scans: Mapping[str, set[str]], tables: dict[str, set[str]]) -> None:
        for name, columns in scans.items():
            item = self._graph.objects.get(name)
            if item is None:
                continue
            if item.kind in ("table", "materialized view"):
                tables.setdefault(name, set()).update(columns)
            else:
                for below in item.scans:
                    self._expand(below, tables)

    def _table(self, name: str, columns: set[str], rows: Mapping[str, int]) -> int:
        types = self._graph.objects[name].types
        width = sum(_width(types.get(column, "STRING")) for column in columns)
        return max(LEAST_BYTES, rows.get(name, 0) * width)


def _width(kind: str) -> int:
    return _WIDTHS.get(kind.partition("(")[0], _NESTED_WIDTH)


def _words(text: str) -> set[str]:
    try:
        return {token.text.rpartition(".")[2] for token in scan.tokenize(text)}
    except scan.ScanError:
        return set(re.findall(r"\w+", text))
