"""Which column of which object every column of a view comes from, by Google's analyser.

Built from resources' inputs, so that a commit, the files and a stack's state are read the
same way. What the analyser does not understand has columns nobody knows and is listed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from bqstack.analysis import analyser_messages, analyser_types
from bqstack.analysis.allow import Allows
from bqstack.analysis.analyser import Analyser, SqlError, Unanalysable
from bqstack.analysis.file_check import Session
from bqstack.analysis.scope import Facts, World
from bqstack.analysis.script import Script
from bqstack.analysis.source import Source
from bqstack.analysis.tree import Node
from bqstack.catalogue import scan
from bqstack.catalogue.sql_objects import Argument, Kind, Routine, SqlObject, Table
from bqstack.guard import column_changes, inputs, routine_changes, table_changes
from bqstack.plan import lineage_memory, resolved
from bqstack.plan.lineage_graph import RESULT, Graph, Object, Read, Step
from bqstack.plan.sources import Side
from bqstack.unchecked import JsonMapping, JsonObject

_SHARE = re.compile(r"--\s*cost:\s*(\d+) of (\d+)")
_ROUTINES = {
    "SCALAR_FUNCTION": Kind.FUNCTION,
    "TABLE_VALUED_FUNCTION": Kind.TABLE_FUNCTION,
    "PROCEDURE": Kind.PROCEDURE,
}


def graph(side: Side, analyser: Analyser) -> Graph:
    """The graph of one side."""
    return _Builder(side, analyser).build()


class _Builder:
    def __init__(self, side: Side, analyser: Analyser) -> None:
        found = [
            (r.name, r.type, inputs.canonical(r.type, r.inputs))
            for r in side.resources
            if r.custom and r.type in (table_changes.TYPE, routine_changes.TYPE)
        ]
        # The dataset of the system; backups have one of their own, which no view reads.
        places = Counter((v.get("project", ""), v.get("datasetId", "")) for *_, v in found)
        self._project, self._dataset = (places.most_common(1) or [(("", ""), 0)])[0][0]
        self._inputs = {
            name: (type_, values)
            for name, type_, values in found
            if values.get("datasetId", "") == self._dataset
        }
        self._analyser = analyser
        for name, schema in side.adopted.items():
            self._inputs.setdefault(name, (table_changes.TYPE, {"schema": schema}))
        self._region = f"region-{side.location.lower()}"
        self._world = World(self._project, self._dataset, self._region)
        self._objects: dict[str, Object] = {}
        self._registered: int | None = None
        self._news: set[str] = set()
        """What the registered catalogue does not hold yet."""

    def build(self) -> Graph:
        texts = {name: self._text(values) for name, (_, values) in self._inputs.items()}
        place = (self._project, self._dataset, self._region)
        memory = lineage_memory.Memory(self._inputs, texts, place)
        for name in self._ordered():
            type_, values = self._inputs[name]
            item = memory.get(name)
            if item is None:
                item = self._object(name, type_, values)
                try:
                    self._learn(item, type_, values)
                    memory.put(item)
                except (SqlError, Unanalysable, KeyError) as error:
                    item.mistake = str(error)
            else:
                self._recall(item, type_, values)
            self._objects[name] = item
            # Not before: a catalogue registered to learn it does not hold it.
            self._news.add(name)
        memory.forget_old()
        return Graph(self._objects)

    def _recall(self, item: Object, type_: str, values: JsonMapping) -> None:
        """Declare to others what was learned of an object in an earlier run."""
        if item.kind == "table":
            self._world.declare(_table(item, values.get("schema") or []))
        elif type_ != routine_changes.TYPE:
            self._world.add_table(item.name, _facts(item))
        elif item.kind == "TABLE_VALUED_FUNCTION":
            self._world.add_table_function(_routine(item, values), _facts(item))
        else:
            self._world.declare(_routine(item, values))

    def _object(self, name: str, type_: str, values: JsonMapping) -> Object:
        kind = (
            values.get("routineType", "")
            if type_ == routine_changes.TYPE
            else table_changes.kind(dict(values))
        )
        text = self._text(values)
        return Object(name, kind, text, tuple(self._references(name, text)))

    def _text(self, values: JsonMapping) -> str:
        view = values.get("view") or values.get("materializedView") or {}
        return str(values.get("definitionBody") or view.get("query") or "")

    def _references(self, name: str, text: str) -> Iterable[str]:
        try:
            tokens = tuple(scan.tokenize(text))
        except scan.ScanError:
            return []
        found = scan.references(tokens, self._project, self._dataset)
        return dict.fromkeys(r.name for r in found if r.name in self._inputs and r.name != name)

    def _ordered(self) -> list[str]:
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for name, (_, values) in sorted(self._inputs.items()):
            sorter.add(name, *self._references(name, self._text(values)))
        try:
            return list(sorter.static_order())
        except CycleError:
            return sorted(self._inputs)

    def _learn(self, item: Object, type_: str, values: JsonMapping) -> None:
        if type_ == routine_changes.TYPE:
            self._routine(item, values)
        elif item.kind == "table":
            schema = values.get("schema") or []
            partitions = values.get("timePartitioning") or values.get("rangePartitioning") or {}
            item.partition = partitions.get("field") or ""
            item.cluster = next(iter(values.get("clusterings") or ()), "")
            item.types = {f["name"]: column_changes.type_of(f) for f in schema}
            item.outputs = {name: set() for name in item.types}
            self._world.declare(_table(item, schema))
        else:
            self._query(item, {})
            self._world.add_table(item.name, _facts(item))

    def _routine(self, item: Object, values: JsonMapping) -> None:
        routine = _routine(item, values)
        arguments = {
            a.name.lower(): analyser_types.standard(a.type) for a in routine.arguments if a.type
        }
        if routine.is_template:
            # Each call has columns and a result of its own.
            self._world.declare(routine)
        elif routine.kind is Kind.PROCEDURE:
            self._world.declare(routine)
            self._procedure(item, arguments)
        elif routine.kind is Kind.TABLE_FUNCTION:
            self._query(item, arguments)
            self._world.add_table_function(routine, _facts(item))
        else:
            self._function(item, routine, arguments)

    def _function(self, item: Object, routine: Routine, arguments: JsonObject) -> None:
        if routine.returns is not None:
            self._world.declare(routine)
        if len(arguments) < len(routine.arguments):
            return
        query = self._analyse(item, f"SELECT ({item.text}\n)", arguments)
        found = resolved.Statement(query)
        item.reads = found.reads
        item.outputs = {RESULT: set().union(*found.outputs.values())}
        result = query.get("output_column_list")[0].get("column").type
        item.types = {RESULT: resolved.type_name(result)}
        if routine.returns is None:
            self._world.add_function(routine, result)

    def _query(self, item: Object, arguments: JsonObject) -> None:
        query = self._analyse(item, item.text, arguments)
        found = resolved.Statement(query)
        item.outputs, item.reads = found.outputs, found.reads
        item.scans = [found.scans]
        item.steps = [Step(1.0, _reads(found))]
        item.types = {
            c.get("name"): resolved.type_name(c.get("column").type)
            for c in query.get("output_column_list")
        }

    def _procedure(self, item: Object, arguments: JsonObject) -> None:
        source = Source(Path(f"{item.name}.sql"), item.text, item.text)
        session = _Listening(self._analyser, self._world, source, Allows(source))
        # The parser takes a block, but not what stands between its BEGIN and END alone.
        script = self._analyser.parse(item.text)
        walked = _Walked(session, arguments)
        walked.check(script.get("statement_list_node"))
        item.mistake = next(iter(session.mistakes), "")
        for statement, share in zip(session.resolved, session.shares, strict=True):
            found = resolved.Statement(statement)
            called = ""
            if statement.kind == "ResolvedCallStmt":
                called = statement.get("procedure").name.rpartition(".")[2]
            item.steps.append(Step(share, _reads(found), called, found.changes))
            item.reads |= found.reads
            if found.scans:
                item.scans.append(found.scans)

    def _analyse(self, item: Object, text: str, arguments: JsonObject) -> Node:
        if arguments:
            number = self._analyser.register(self._world.catalogue(arguments, {}))
            return self._analyser.analyse(number, text)
        # Registering takes longer than analysing.
        if self._registered is None or self._news.intersection(item.needs):
            self._registered = self._analyser.register(self._world.catalogue({}, {}))
            self._news.clear()
        return self._analyser.analyse(self._registered, text)


class _Listening(Session):
    """A session that keeps each resolved statement and reports nothing."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.resolved: list[Node] = []
        self.shares: list[float] = []
        self.share = 1.0
        self.mistakes: list[str] = []

    def sql_error(self, error: SqlError, *_: Any) -> None:
        """Called with every statement that the analyser refuses."""
        self.mistakes.append(analyser_messages.shortened(error.message))

    def problems(self, resolved: Node, *_: Any) -> None:
        """Called with every statement that the analyser understood."""
        self.resolved.append(resolved)
        self.shares.append(self.share)


class _Walked(Script):
    """Knows how often each statement of a call runs: as often as the call, unless a comment
    above it says `-- cost: 1 of 12`; an exception handler does not run.
    """

    session: _Listening

    def _statement(self, node: Node) -> None:
        share = _share(self.session.source.sql, node.span[0])
        with self._rarer(share):
            super()._statement(node)

    def _on_ASTBeginEndBlock(self, node: Node) -> None:
        self._block(node.get("statement_list_node"))
        handlers = node.get("handler_list")
        with self._rarer(0.0):
            for handler in handlers.get("exception_handler_list") if handlers else []:
                self._block(handler.get("statement_list"))

    @contextmanager
    def _rarer(self, share: float) -> Iterator[None]:
        before = self.session.share
        self.session.share = before * share
        try:
            yield
        finally:
            self.session.share = before


def _share(text: str, start: int) -> float:
    """What the comments right above the statement at this byte say."""
    above = text.encode()[:start].decode().rstrip(" ").splitlines()
    for line in reversed(above):
        if not line.strip().startswith("--"):
            break
        if stated := _SHARE.search(line):
            return int(stated[1]) / int(stated[2])
    return 1.0


def _reads(found: resolved.Statement) -> dict[str, Read]:
    return {
        name: Read(
            frozenset(columns),
            frozenset(found.filtered.get(name, ())),
            frozenset(found.pinned.get(name, ())),
        )
        for name, columns in found.scans.items()
    }


def _facts(item: Object) -> Facts:
    return Facts({name: analyser_types.parsed(kind) for name, kind in item.types.items()})


def _common(item: Object, kind: Kind) -> JsonObject:
    return {
        "name": item.name,
        "kind": kind,
        "path": Path(f"{item.name}.sql"),
        "sql": item.text,
        "description": "",
        "references": (),
    }


def _table(item: Object, schema: list[JsonObject]) -> SqlObject:
    fields = tuple({"mode": "NULLABLE", **field} for field in schema)
    return Table(**_common(item, Kind.TABLE), schema=fields)


def _routine(item: Object, values: JsonMapping) -> Routine:
    return Routine(
        **_common(item, _ROUTINES[values["routineType"]]),
        arguments=tuple(
            Argument(a["name"], a.get("dataType"), a.get("mode"))
            for a in values.get("arguments") or ()
        ),
        returns=values.get("returnType"),
        body=item.text,
    )
