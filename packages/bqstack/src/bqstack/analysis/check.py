"""The whole check of a stack's SQL: what memory does not know is looked into.

Everything that parses or renders is imported here; a run without a change recalls its result and
does not come here (`run`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bqstack import documents, texts
from bqstack.analysis import fragments, object_limits, sql_files
from bqstack.analysis.allow import Allows
from bqstack.analysis.beside import Beside, Scripts
from bqstack.analysis.findings import Report
from bqstack.analysis.memory import Content, Memory, Outcome, Shape
from bqstack.analysis.source import Source
from bqstack.catalogue import Catalogue
from bqstack.catalogue.sql_objects import Kind, Routine, SqlObject, Table
from bqstack.errors import UserError
from bqstack.target import Target

if TYPE_CHECKING:
    from bqstack.analysis.inspection import Inspection, Result


@dataclass
class Check:
    """One run of it; `report` has what was found."""

    target: Target
    root: Path
    only: tuple[Path, ...]
    on_compile: Callable[[], None] | None
    fresh: bool
    beside: Beside

    def __post_init__(self) -> None:
        self.report = Report(findings=[])
        self._memory = Memory()
        self._allows: dict[str, Allows] = {}
        self._shapes: dict[str, Shape] = {}
        self._inspection: Inspection | None = None

    def wanted(self, path: Path) -> bool:
        return not self.only or any(path == o or o in path.parents for o in self.only)

    def run(self) -> None:
        self._loaded = loaded = sql_files.load(self.target, self.root, self.beside)
        self._allows = {name: Allows(source) for name, source in loaded.sources.items()}
        self._read_whole = [
            name
            for name, found in loaded.objects.items()
            if isinstance(found, Table) and self._allows[name].whole_file("unfiltered-read")
        ]
        target = self.target
        self._content = Content(
            loaded.sources,
            (
                *(target.project, target.dataset, target.location),
                *(table.sql for table in loaded.elsewhere),
            ),
        )
        self.report.findings += loaded.findings
        self.report.findings += object_limits.check(loaded.objects, loaded.sources, loaded.needs)
        for source, finding in loaded.unreadable:
            # Google's parser knows better where a statement ends to be one.
            self.report.findings.append(self._inspect().syntax(source) or finding)
        needed = self._needed(loaded)
        for name in needed:
            if loaded.objects[name].kind is not Kind.PROCEDURE:
                self._object(name)
        self._procedures([n for n in needed if loaded.objects[n].kind is Kind.PROCEDURE])
        for scripts in self.beside.scripts:
            self._scripts(scripts)
        for name in needed:
            self.report.findings += self._allows[name].findings()
        self.report.objects = len(needed)
        if not loaded.failed:
            self._note_catalogue(loaded)
        if self._inspection is not None:
            self._memory.forget_old()

    def _needed(self, loaded: sql_files.Loaded) -> list[str]:
        """Names in order: what is asked for, and what that reads."""
        needed = {name for name, o in loaded.objects.items() if self.wanted(o.path)}
        for name in reversed(loaded.objects):
            if name in needed:
                needed.update(loaded.needs[name])
        return [name for name in loaded.objects if name in needed]

    def _object(self, name: str) -> None:
        loaded = self._loaded
        found, source = loaded.objects[name], loaded.sources[name]
        key = self._content.key(source)
        if (known := self._known(key)) is not None:
            self._take(known, name)
            if known.shape is not None:
                self._learn(found, known.shape)
            return
        inspection = self._inspect()
        result = inspection.object(found, source, loaded.needs[name], self._allows[name])
        if result.shape is not None:
            self._shapes[name] = result.shape
        self._keep(key, result, self._allows[name])

    def _procedures(self, names: list[str]) -> None:
        missing: dict[str, str] = {}
        for name in names:
            key = self._content.key(self._loaded.sources[name])
            if (known := self._known(key)) is not None:
                self._take(known, name)
            else:
                missing[name] = key
        if not missing:
            return
        bodies = []
        for name in missing:
            found = self._loaded.objects[name]
            assert isinstance(found, Routine)
            bodies.append((found, self._loaded.sources[name], self._allows[name]))
        for routine, result in self._inspect().bodies(bodies):
            self._keep(missing[routine.name], result, self._allows[routine.name])

    def _scripts(self, scripts: Scripts) -> None:
        """The scripts of one file beside sql/."""
        path = self.root / scripts.file
        if not path.is_file() or not self.wanted(scripts.file):
            return
        try:
            text = texts.read(path, scripts.file)
            statements = scripts.statements()
        except UserError as error:
            self.report.findings.extend(sql_files.in_document(error, self.root, self.beside.hint))
            return
        for statement in statements:
            line = documents.line_of(text, statement.key) or 1
            # The script is more than the entry's text, all of it belongs to that line.
            origins = (line,) * len(statement.sql.splitlines())
            source = fragments.Entry(scripts.file, text, statement.sql, origins)
            allows = Allows(Source(scripts.file, "", ""))
            # Findings have places in the file; the result depends on the script alone.
            key = self._content.key(Source(scripts.file, "", statement.sql))
            if (known := self._known(key)) is not None:
                self._take(known)
            else:
                self._keep(key, self._inspect().script(source, allows), allows)

    def _known(self, key: str) -> Outcome | None:
        return None if self.fresh else self._memory.get(key)

    def _take(self, known: Outcome, name: str = "") -> None:
        self.report.notes += known.notes
        self.report.statements += known.statements
        if name:
            self._allows[name].mark_used(known.allowed)

    def _keep(self, key: str, result: Result, allows: Allows) -> None:
        self.report.findings += result.findings
        self.report.notes += result.notes
        self.report.statements += result.statements
        self.report.analysed += 1
        if (outcome := result.outcome(allows)) is not None:
            self._memory.put(key, outcome)

    def _learn(self, found: SqlObject, shape: Shape) -> None:
        self._shapes[found.name] = shape
        if self._inspection is not None:
            self._inspection.learn(found, shape)

    def _inspect(self) -> Inspection:
        """The analyser with all that is known so far; started when it is needed first."""
        if self._inspection is None:
            # Its classes and the module take a second to load.
            from bqstack.analysis.inspection import Inspection, Place

            target = self.target
            place = Place(target.project, target.dataset, target.location)
            loaded = self._loaded
            self._inspection = Inspection(
                place, loaded.objects, self._read_whole, loaded.failed, self.on_compile
            )
            self._inspection.know(loaded.elsewhere)
            for name, shape in self._shapes.items():
                self._inspection.learn(loaded.objects[name], shape)
        return self._inspection

    def _note_catalogue(self, loaded: sql_files.Loaded) -> None:
        try:
            self.report.catalogue = Catalogue.of(loaded.objects, self.target)
        except UserError as error:
            # What the analyser has reported, with a better place, is not reported again.
            if not self.report.findings:
                self.report.findings.extend(
                    sql_files.in_document(error, self.root, self.beside.hint)
                )
