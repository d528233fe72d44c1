"""The whole check of a stack's SQL."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from bqstack.analysis import limits, loading, shape, types
from bqstack.analysis.allow import Allows
from bqstack.analysis.analyser import Analyser, SqlError, Unanalysable
from bqstack.analysis.findings import Report
from bqstack.analysis.keys import Keys, named
from bqstack.analysis.memory import Memory, Outcome, fingerprint, key
from bqstack.analysis.script import Script
from bqstack.analysis.session import Session
from bqstack.analysis.source import Source
from bqstack.analysis.statements import unfiltered
from bqstack.analysis.tree import Node
from bqstack.analysis.world import Facts, World
from bqstack.catalogue.model import Kind, Routine, SqlObject
from bqstack.errors import UserError
from eros.project import schedules
from eros.project.settings import PROJECT_ROOT, Settings

# More would wait for the interpreter's lock: half of the work is Python.
_WORKERS = 2
_VIEWS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW})


def validate(
    settings: Settings,
    root: Path = PROJECT_ROOT,
    only: Iterable[Path] = (),
    on_compile: Callable[[], None] | None = None,
    fresh: bool = False,
) -> Report:
    """Check all SQL below `root` for one stack.

    `only` are files or folders, relative to `root`: findings elsewhere are left out and
    what they do not need is not analysed. `on_compile` is called when this machine must
    first compile the analyser. `fresh` looks into procedures again that have not changed.
    """
    started = time.perf_counter()
    check = _Check(settings, root, tuple(only), Analyser(on_compile), fresh)
    check.run()
    report = check.report
    report.findings = sorted(f for f in set(report.findings) if check.wanted(f.file))
    report.notes = sorted(n for n in set(report.notes) if check.wanted(n.file))
    report.seconds = time.perf_counter() - started
    return report


@dataclass
class _Check:
    settings: Settings
    root: Path
    only: tuple[Path, ...]
    analyser: Analyser
    fresh: bool

    def __post_init__(self) -> None:
        region = f"region-{self.settings.location.lower()}"
        self.world = World(self.settings.project, self.settings.dataset, region)
        self.report = Report(findings=[])
        self._registered: int | None = None
        self._learned: set[str] = set()
        self._idle = deque([self.analyser])
        self._allows: dict[str, Allows] = {}

    def wanted(self, path: Path) -> bool:
        return not self.only or any(path == o or o in path.parents for o in self.only)

    def run(self) -> None:
        loaded = loading.load(self.settings, self.root)
        self.report.findings += loaded.findings
        self.report.findings += limits.check(loaded.objects, loaded.sources, loaded.needs)
        self.world.failed |= loaded.failed
        needed = self._needed(loaded)
        for name, found in loaded.objects.items():
            self._allows[name] = Allows(loaded.sources[name])
            self.world.declare(found)
            facts = self.world.facts.get(self.world.full_name(name))
            reads_whole = facts and self._allows[name].whole_file("unfiltered-read")
            if facts and reads_whole:
                facts.partition = None
        scripts = [n for n in needed if loaded.objects[n].kind is Kind.PROCEDURE]
        for name in needed:
            if name not in scripts:
                self._object(loaded.objects[name], loaded.sources[name], loaded.needs[name])
        self._schedules()
        self._procedures([(loaded.objects[n], loaded.sources[n]) for n in scripts])
        for name in needed:
            self.report.findings += self._allows[name].findings()
        self.report.objects = len(needed)

    def _needed(self, loaded: loading.Loaded) -> list[str]:
        """Names in order: what is asked for, and what that reads."""
        needed = {name for name, o in loaded.objects.items() if self.wanted(o.path)}
        for name in reversed(loaded.objects):
            if name in needed:
                needed.update(loaded.needs[name])
        return [name for name in loaded.objects if name in needed]

    def _object(self, found: SqlObject, source: Source, needs: list[str]) -> None:
        session = self._session(source, self._allows[found.name])
        session.full_reads = found.kind in _VIEWS
        whole = (0, len(source.sql.encode()))
        try:
            resolved = self.analyser.analyse(self._catalogue(needs), source.sql)
        except SqlError as error:
            self.world.failed.add(found.name)
            session.sql_error(error, whole, 0, set())
        except Unanalysable as error:
            self.world.failed.add(found.name)
            session.note(whole, str(error))
        else:
            session.count()
            arguments = found.arguments if isinstance(found, Routine) else ()
            names = {argument.name.lower() for argument in arguments}
            session.problems(resolved, source.sql, whole, 0, self.world.facts, names)
            self._learn(found, resolved, session)
        self._collect(session)

    def _procedures(self, procedures: list[tuple[SqlObject, Source]]) -> None:
        memory = Memory(self.root, self.settings.environment)
        seen = fingerprint(self.world)

        def outcome(procedure: tuple[SqlObject, Source]) -> Outcome:
            found, source = procedure
            assert isinstance(found, Routine)
            arguments = {a.name.lower(): types.standard(a.type) for a in found.arguments if a.type}
            name = key(seen, source, arguments)
            known = None if self.fresh else memory.get(name)
            if known is not None:
                self._allows[found.name].mark_used(known.allowed)
                return known
            made = self._body(source, self._allows[found.name], arguments)
            memory.put(name, made)
            return made

        # Nothing depends on what a procedure's body does, so bodies are shared out.
        with ThreadPoolExecutor(_WORKERS) as pool:
            for made in pool.map(outcome, procedures):
                self.report.findings += made.findings
                self.report.notes += made.notes
                self.report.statements += made.statements
        memory.save(complete=not self.only)

    def _body(self, source: Source, allows: Allows, arguments: dict[str, TypeProto]) -> Outcome:
        with self._idle_analyser() as analyser:
            session = Session(analyser, self.world, source, allows)
            try:
                script = analyser.parse(source.sql)
            except SqlError as error:
                session.sql_error(error, (0, len(source.sql.encode())), 0, set())
            else:
                Script(session, arguments).check(shape.procedure_body(script))
        return Outcome(session.findings, session.notes, session.statements, allows.used)

    @contextmanager
    def _idle_analyser(self) -> Iterator[Analyser]:
        """One that no other thread uses: an analyser does one thing at a time."""
        try:
            analyser = self._idle.pop()
        except IndexError:
            analyser = Analyser()
        yield analyser
        self._idle.append(analyser)

    def _learn(self, found: SqlObject, resolved: Node, session: Session) -> None:
        """Add what the analysis has told about an object to what others can refer to."""
        if isinstance(found, Routine) and found.kind is Kind.FUNCTION:
            if found.returns is None:
                self._learned.add(found.name)
                self.world.add_function(found, resolved.get("return_type"))
            return
        if found.kind not in _VIEWS and found.kind is not Kind.TABLE_FUNCTION:
            return
        self._learned.add(found.name)
        outputs = resolved.get("output_column_list")
        columns = {c.get("name"): c.get("column").type for c in outputs}
        facts = Facts(
            columns, keys=named(Keys(self.world.facts).of(resolved.get("query")), outputs)
        )
        if found.kind is Kind.TABLE_FUNCTION:
            assert isinstance(found, Routine)
            self.world.add_table_function(found, facts)
            return
        if found.kind is Kind.VIEW:
            facts.partition = self._partition_of_view(resolved, session)
        self.world.add_table(found.name, facts)

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
        for scan, column in unfiltered(resolved, self.world.facts):
            ids = [c.column_id for c in scan.get("column_list") if c.name.lower() == column]
            if ids and ids[0] in outputs:
                handed_on = outputs[ids[0]]
                continue
            name = scan.get("table").full_name.rsplit(".", 1)[-1]
            start = scan.span[0] if scan.span else 0
            session.report(
                "unfiltered-read",
                f"{name} is partitioned by {column}, which this view neither filters nor shows",
                (start, start + 1),
                (0, len(session.source.sql.encode())),
            )
        return handed_on

    def _schedules(self) -> None:
        """The statements of config/schedules.yaml, as Data Transfer will run them."""
        path = self.root / schedules.FILE
        if not path.is_file() or not self.wanted(schedules.FILE):
            return
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        try:
            configs = schedules.transfer_configs(self.settings, self.root)
        except UserError as error:
            source = Source(schedules.FILE, text, text)
            self.report.findings.append(
                source.finding("file", error.message, error.line or 1, 1, error.fix or "")
            )
            return
        for config in configs:
            entry = next(
                n for n, line in enumerate(lines, 1) if line.strip() == f"{config.schedule_name}:"
            )
            call = next(
                (n for n in range(entry, len(lines)) if lines[n].strip().startswith("call:")), entry
            )
            # The query is more than the entry's text, all of it belongs to that line.
            origins = (call + 1,) * len(config.query.splitlines())
            source = Source(schedules.FILE, text, config.query, origins)
            session = self._session(source, Allows(Source(schedules.FILE, "", "")))
            try:
                tree = self.analyser.parse(config.query)
                Script(session).check(tree.get("statement_list_node"))
            except SqlError as error:
                session.sql_error(error, (0, len(config.query.encode())), 0, set())
            self._collect(session)

    def _session(self, source: Source, allows: Allows) -> Session:
        return Session(self.analyser, self.world, source, allows)

    def _collect(self, session: Session) -> None:
        self.report.findings += session.findings
        self.report.notes += session.notes
        self.report.statements += session.statements

    def _catalogue(self, needs: list[str]) -> int:
        """Number of a catalogue that holds all that an object needs."""
        if self._registered is None or self._learned.intersection(needs):
            self._registered = self.analyser.register(self.world.catalogue({}, {}))
            self._learned.clear()
        return self._registered
