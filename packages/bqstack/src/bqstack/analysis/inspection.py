"""Google's analyser over objects, procedure bodies and scheduled statements.

Only what memory does not know comes here: everything that loads the analyser is imported by
this module and by no other that a run without a change needs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from bqstack.analysis import analyser_types, defaults, flow, materialized, order
from bqstack.analysis import shape as shapes
from bqstack.analysis.allow import Allows
from bqstack.analysis.analyser import Analyser, SqlError, Unanalysable
from bqstack.analysis.file_check import Session
from bqstack.analysis.findings import Finding, Note
from bqstack.analysis.memory import Outcome, Shape
from bqstack.analysis.scope import Facts, World
from bqstack.analysis.script import Script
from bqstack.analysis.source import Source
from bqstack.analysis.statement_checks import unfiltered
from bqstack.analysis.tree import Node
from bqstack.analysis.unique_keys import Keys, named
from bqstack.catalogue import table_rules
from bqstack.catalogue.elsewhere import Elsewhere
from bqstack.catalogue.sql_objects import Kind, Routine, SqlObject

# More would wait for the interpreter's lock: half of the work is Python.
_WORKERS = 2
_VIEWS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW})


@dataclass(frozen=True)
class Place:
    """The dataset whose objects are looked at, as the analyser's catalogue names it."""

    project: str
    dataset: str
    location: str


@dataclass
class Result:
    """What was found in one text; not `complete` when another's mistake hid a part of it."""

    findings: list[Finding]
    notes: list[Note]
    statements: int
    complete: bool = True
    shape: Shape | None = None

    def outcome(self, allows: Allows) -> Outcome | None:
        """What may be remembered of it."""
        if self.findings or not self.complete:
            return None
        return Outcome(self.notes, self.statements, allows.used, self.shape)


class Inspection:
    """One run of the analyser over the objects of one dataset."""

    def __init__(
        self,
        place: Place,
        objects: Mapping[str, SqlObject],
        read_whole: Iterable[str],
        failed: Iterable[str],
        on_compile: Callable[[], None] | None,
    ) -> None:
        """`read_whole` are tables whose file allows to read all partitions."""
        region = f"region-{place.location.lower()}"
        self._objects = objects
        self._world = World(place.project, place.dataset, region)
        self._world.failed |= set(failed)
        self._analyser = Analyser(on_compile)
        self._idle = deque([self._analyser])
        self._registered: int | None = None
        self._learned: set[str] = set()
        for found in objects.values():
            self._world.declare(found)
        for name in read_whole:
            if facts := self._world.facts.get(self._world.full_name(name)):
                facts.partition = None

    def know(self, tables: Iterable[Elsewhere]) -> None:
        """Take over what is declared of other datasets."""
        for table in tables:
            self._world.add_elsewhere(table)

    def learn(self, found: SqlObject, shape: Shape) -> None:
        """Take over what an earlier analysis found out about an object."""
        self._learned.add(found.name)
        if shape.returns is not None:
            assert isinstance(found, Routine)
            self._world.add_function(found, TypeProto.FromString(bytes.fromhex(shape.returns)))
            return
        columns = {n: TypeProto.FromString(bytes.fromhex(t)) for n, t in shape.columns.items()}
        facts = Facts(columns, shape.partition, [frozenset(key) for key in shape.keys])
        self._world.by_place[self._world.full_name(found.name)] = frozenset(shape.by_place)
        if found.kind is Kind.TABLE_FUNCTION:
            assert isinstance(found, Routine)
            self._world.add_table_function(found, facts)
        else:
            self._world.add_table(found.name, facts)

    def object(
        self, found: SqlObject, source: Source, needs: Sequence[str], allows: Allows
    ) -> Result:
        """Analyse anything but a procedure's body; what it gives is known from now on."""
        session = Session(self._analyser, self._world, source, allows)
        session.full_reads = found.kind in _VIEWS
        whole = (0, len(source.sql.encode()))
        result = Result(session.findings, session.notes, 0)
        try:
            resolved = self._analyser.analyse(self._catalogue(needs), source.sql)
        except SqlError as error:
            self._world.failed.add(found.name)
            session.sql_error(error, whole, 0, set())
        except Unanalysable as error:
            self._world.failed.add(found.name)
            session.incomplete(whole, str(error))
        else:
            session.count()
            arguments = found.arguments if isinstance(found, Routine) else ()
            names = {argument.name.lower() for argument in arguments}
            session.problems(resolved, source.sql, whole, 0, self._world.facts, names)
            session.take(materialized.check(found, resolved, self._objects), whole)
            result.shape = self._shape(found, resolved, session)
            if result.shape is not None or "*" in source.sql:
                self._order(source.sql, session, result.shape)
            session.take(defaults.check(resolved), whole)
            if result.shape is not None:
                self.learn(found, result.shape)
        result.statements, result.complete = session.statements, session.is_complete
        return result

    def _order(self, sql: str, session: Session, shape: Shape | None) -> None:
        """Columns that are taken by their place, and whose order the object shows."""
        tree = self._analyser.parse(sql)
        order.check(tree, session)
        [statement] = tree.get("statement_list_node").get("statement_list")
        if shape is not None and statement.has("query"):
            shape.by_place.extend(sorted(order.shown(statement.get("query"), session)))

    def bodies(
        self, procedures: Sequence[tuple[Routine, Source, Allows]]
    ) -> Iterator[tuple[Routine, Result]]:
        """Look into procedures. Nothing depends on what a body does, so they are shared out."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            found = pool.map(lambda one: self._body(*one), procedures)
            yield from zip((one[0] for one in procedures), found, strict=True)

    def script(self, source: Source, allows: Allows) -> Result:
        """Look at the statements of a script that is no object, such as a scheduled call."""
        session = Session(self._analyser, self._world, source, allows)
        try:
            tree = self._analyser.parse(source.sql)
            flow.check(tree.get("statement_list_node"), session)
            Script(session).check(tree.get("statement_list_node"))
        except SqlError as error:
            session.sql_error(error, (0, len(source.sql.encode())), 0, set())
        except Unanalysable as error:
            session.incomplete((0, len(source.sql.encode())), str(error))
        return _result(session)

    def syntax(self, source: Source) -> Finding | None:
        """What Google says of a text that our own reader does not understand."""
        session = Session(self._analyser, self._world, source, Allows(source))
        try:
            self._analyser.parse(source.sql)
            self._analyser.analyse(self._catalogue(()), source.sql)
        except SqlError as error:
            session.sql_error(error, (0, len(source.sql.encode())), 0, set())
        except Unanalysable:
            return None  # our own reader's words have to do
        return next(iter(session.findings), None)

    def _body(self, found: Routine, source: Source, allows: Allows) -> Result:
        arguments = {
            a.name.lower(): analyser_types.standard(a.type) for a in found.arguments if a.type
        }
        with self._idle_analyser() as analyser:
            session = Session(analyser, self._world, source, allows)
            whole = (0, len(source.sql.encode()))
            try:
                body = shapes.procedure_body(analyser, source.sql, found.body, session)
            except SqlError as error:
                session.sql_error(error, whole, 0, set())
            except Unanalysable as error:
                session.incomplete(whole, str(error))
            else:
                if body is not None:
                    names = [argument.name for argument in found.arguments]
                    flow.check(body, session, names)
                    Script(session, arguments).check(body)
        return _result(session)

    @contextmanager
    def _idle_analyser(self) -> Iterator[Analyser]:
        """One that no other thread uses: an analyser does one thing at a time."""
        try:
            analyser = self._idle.pop()
        except IndexError:
            analyser = Analyser()
        yield analyser
        self._idle.append(analyser)

    def _shape(self, found: SqlObject, resolved: Node, session: Session) -> Shape | None:
        """What the analysis found out about an object; None where its file says it all."""
        if isinstance(found, Routine) and found.is_template:
            return None
        if isinstance(found, Routine) and found.kind is Kind.FUNCTION:
            if found.returns is not None:
                return None
            return Shape(returns=_written(resolved.get("return_type")))
        if found.kind not in _VIEWS and found.kind is not Kind.TABLE_FUNCTION:
            return None
        outputs = resolved.get("output_column_list")
        # A table of values has one column, without a name.
        written = [name for one in outputs if not (name := one.get("name")).startswith("$")]
        self._check_names(written, session)
        keys = named(Keys(self._world.facts).of(resolved.get("query")), outputs)
        partition = None
        if found.kind is Kind.VIEW:
            partition = self._partition_of_view(resolved, session)
        return Shape(
            columns={c.get("name"): _written(c.get("column").type) for c in outputs},
            partition=partition,
            keys=sorted(sorted(key) for key in keys),
        )

    def _check_names(self, names: Sequence[str], session: Session) -> None:
        """Names that no column of a view or table function may have."""
        whole = (0, len(session.source.sql.encode()))
        seen: set[str] = set()
        for name in names:
            try:
                table_rules.check_name(name)
            except table_rules.Unfit as error:
                session.report("semantics", str(error), whole, whole, error.fix)
            if name.lower() in seen:
                session.report("duplicate", f"two columns are named {name}", whole, whole)
            seen.add(name.lower())

    def _partition_of_view(self, resolved: Node, session: Session) -> str | None:
        """Output column by which a reader can choose partitions of the tables below.

        A view need not filter a table whose partition column it hands on: then its readers
        must. Any other unfiltered read is reported here.
        """
        outputs = {
            c.get("column").column_id: c.get("name").lower()
            for c in resolved.get("output_column_list")
        }
        handed_on = None
        for scan, column in unfiltered(resolved, self._world.facts):
            ids = [c.column_id for c in scan.get("column_list") if c.name.lower() == column]
            if ids and ids[0] in outputs:
                handed_on = outputs[ids[0]]
                continue
            name = scan.get("table").full_name.rsplit(".", 1)[-1]
            start, _ = scan.span_if_any or (0, 0)
            session.report(
                "unfiltered-read",
                f"{name} is partitioned by {column}, which this view neither filters nor shows",
                (start, start + 1),
                (0, len(session.source.sql.encode())),
            )
        return handed_on

    def _with_templates(self, needs: Iterable[str]) -> set[str]:
        """These objects, and what the body of a template among them needs: it is read there."""
        found, waiting = set(needs), list(needs)
        while waiting:
            one = self._objects.get(waiting.pop())
            if isinstance(one, Routine) and one.is_template:
                waiting += [name for name in one.depends_on if name not in found]
                found.update(one.depends_on)
        return found

    def _catalogue(self, needs: Iterable[str]) -> int:
        """Number of a catalogue that holds all that an object needs."""
        if self._registered is None or self._learned.intersection(self._with_templates(needs)):
            self._registered = self._analyser.register(self._world.catalogue({}, {}))
            self._learned.clear()
        return self._registered


def _result(session: Session) -> Result:
    return Result(session.findings, session.notes, session.statements, session.is_complete)


def _written(kind: Any) -> str:
    content: bytes = kind.SerializeToString(deterministic=True)
    return content.hex()
