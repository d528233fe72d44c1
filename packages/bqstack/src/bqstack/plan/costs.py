"""What scheduled queries scan and cost, before and after a change.

BigQuery's dry run does not cover a script or a CALL, which all schedules are, so their
bytes are modelled: each statement scans the columns that it mentions, of each table once, views
and table functions followed down to tables; a column is as wide as BigQuery counts it
(https://cloud.google.com/bigquery/pricing#data), a table counts 10 MB at least
(https://cloud.google.com/bigquery/pricing#on_demand_pricing). An UPDATE, DELETE or MERGE bills
besides what it reads all columns of the partitions that it changes
(https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#on-demand_query_size_calculation).
A call counts the statements of the
procedures that it calls. Exception handlers do not run, and a comment `-- cost: 1 of 12` above a
statement says that it runs in one of twelve calls only. Partitions and clusters are left out where
nobody says how much they hold (Volume), so that it is an upper bound then. A view's own query is
something that the dry run can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bqstack.catalogue import scan
from bqstack.guard import Change, Resource, inputs
from bqstack.plan.lineage_graph import Graph, Object, Read
from gcptypes import transfer_schedules
from gcptypes.records import TRANSFER

TIB = 2**40
LEAST_BYTES = 10 * 2**20
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


@dataclass(frozen=True)
class Volume:
    """How much a table holds."""

    rows: int = 0
    recent: int | None = None
    """Rows in the partitions that a statement with a bound for them reads; None: all of them."""
    changed: int | None = None
    """Rows in the partitions that a statement changes; None: all of them."""
    groups: int = 1
    """Different values of the first column that the table is clustered by, of even size."""
    widths: Mapping[str, int] = field(default_factory=dict)
    """Bytes of columns that hold more than their type says."""


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
    calls_per_day: Mapping[str, float] | None = None,
) -> list[ScheduleCost]:
    """Scheduled queries, and procedures that others call, that a change touches or that reach
    something changed.
    """
    changed = {change.name for change in changes if change.details}
    calls = calls_per_day or {}
    sides = [
        {r.name: _schedule(r, graph) for r in resources if r.type == TRANSFER}
        | {name: _called(name, day, graph) for name, day in calls.items() if name in graph.objects}
        for resources, graph in zip((old, new), graphs, strict=True)
    ]
    volumes = {table: Volume(count) for table, count in rows.items()}
    found = []
    for name in sorted(sides[0].keys() | sides[1].keys()):
        reached = {name}.union(*(side[name].reached for side in sides if name in side))
        if not reached & changed:
            continue
        before, after = (side[name].run(volumes) if name in side else None for side in sides)
        found.append(ScheduleCost(name, before, after))
    return found


def tables_of(graphs: Iterable[Graph]) -> set[str]:
    """Names of all tables, whose rows the model wants to know."""
    return {o.name for graph in graphs for o in graph.objects.values() if o.kind == "table"}


def runs_per_month(schedule: str) -> float | None:
    """Runs in 30 days of a schedule in Data Transfer's words; None where it is not simple."""
    try:
        runs = transfer_schedules.parse(schedule).runs_a_day
    except transfer_schedules.ScheduleError:
        return None
    return None if runs is None else DAYS * runs


def _schedule(resource: Resource, graph: Graph) -> _Work:
    values = inputs.canonical(resource.type, resource.inputs)
    words = str(values.get("schedule", ""))
    text = _words(str((values.get("params") or {}).get("query", "")))
    called = [name for name in graph.objects if name in text]
    return _Work(graph, called, words, runs_per_month(words), bool(values.get("disabled")))


def _called(name: str, calls_per_day: float, graph: Graph) -> _Work:
    return _Work(graph, [name], f"{calls_per_day:g} calls a day", DAYS * calls_per_day, False)


class _Work:
    """Something that calls procedures from time to time."""

    def __init__(
        self, graph: Graph, called: list[str], words: str, runs: float | None, paused: bool
    ) -> None:
        self._graph, self._called = graph, called
        self._words, self._runs, self._paused = words, runs, paused
        self.reached = self._closure()

    def run(self, volumes: Mapping[str, Volume]) -> Run:
        """The runs and what each scans."""
        if any(self._is_unknown(name) for name in self.reached):
            return Run(self._words, self._paused, self._runs, None)
        total = sum(bytes_of_call(name, self._graph, volumes) for name in self._called)
        return Run(self._words, self._paused, self._runs, round(total))

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


def bytes_of_call(name: str, graph: Graph, volumes: Mapping[str, Volume]) -> float:
    """Bytes that one call of a procedure bills on the way that it usually takes."""
    item = graph.objects.get(name)
    if item is None or item.kind != "PROCEDURE":
        return 0.0
    total = 0.0
    for step in item.steps:
        if step.share == 0:
            continue
        read = dict(tables_read(step.reads, graph))
        if step.changes:
            read.setdefault(step.changes, Read(frozenset()))
        billed: float = sum(
            _billed(name, one, graph, volumes, changes=name == step.changes)
            for name, one in read.items()
        )
        if step.calls:
            billed += bytes_of_call(step.calls, graph, volumes)
        total += step.share * billed
    return total


def tables_read(reads: Mapping[str, Read], graph: Graph) -> list[tuple[str, Read]]:
    """The tables behind what a statement reads, each once, with what holds for every read."""
    found: dict[str, Read] = {}

    def add(name: str, read: Read) -> None:
        known = found.get(name)
        if known is not None:
            read = Read(
                known.columns | read.columns,
                known.filtered & read.filtered,
                known.pinned & read.pinned,
            )
        found[name] = read

    def expand(some: Mapping[str, Read]) -> None:
        for name, read in some.items():
            item = graph.objects.get(name)
            if item is None or item.kind in ("table", "materialized view"):
                add(name, read)
            else:
                for step in item.steps:
                    expand({n: _bounded(n, r, read, item) for n, r in step.reads.items()})

    expand(reads)
    return list(found.items())


def _bounded(name: str, read: Read, outside: Read, item: Object) -> Read:
    """A read within a view or table function, with what its reader asks of its columns."""

    def below(columns: frozenset[str]) -> frozenset[str]:
        places = [item.outputs.get(column, set()) for column in columns]
        # A column that is made of one column of one table is bounded with it.
        single = [next(iter(found)) for found in places if len(found) == 1]
        return frozenset(column for table, column in single if table == name)

    return Read(
        read.columns,
        read.filtered | below(outside.filtered),
        read.pinned | below(outside.pinned),
    )


def _billed(
    name: str, read: Read, graph: Graph, volumes: Mapping[str, Volume], changes: bool
) -> float:
    """Bytes of one table in one statement; what is no table of ours counts as the least."""
    item, volume = graph.objects.get(name), volumes.get(name, Volume())
    if item is None:
        return LEAST_BYTES
    rows = volume.rows
    if volume.recent is not None and item.partition in read.filtered:
        rows = min(rows, volume.recent)
    if item.cluster and item.cluster in read.pinned:
        rows = rows // volume.groups
    scanned = rows * _row_bytes(read.columns, item, volume)
    if changes:
        changed = volume.rows if volume.changed is None else volume.changed
        scanned += changed * _row_bytes(item.types, item, volume)
    return max(LEAST_BYTES, scanned)


def _row_bytes(columns: Iterable[str], item: Object, volume: Volume) -> int:
    return sum(
        volume.widths.get(column, width(item.types.get(column, "STRING"))) for column in columns
    )


def width(kind: str) -> int:
    """Bytes of a value of a type, of texts and nested ones about."""
    return _WIDTHS.get(kind.partition("(")[0], _NESTED_WIDTH)


def _words(text: str) -> set[str]:
    try:
        return {token.text.rpartition(".")[2] for token in scan.tokenize(text)}
    except scan.ScanError:
        return set(re.findall(r"\w+", text))
