"""The part of the check that `pulumi preview` can afford: no catalogue is analysed.

Limits and nesting of every object, and, once the analyser is compiled on this machine,
Google's own parser over the procedures, which the catalogue's loader cannot read, and the
rules that need only the parsed tree.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from bqstack.analysis import limits, lines, loading, wasm
from bqstack.analysis.findings import Note, Report
from bqstack.analysis.source import Source
from bqstack.catalogue import Catalogue
from bqstack.catalogue.model import Kind, SqlObject
from eros.project.settings import PROJECT_ROOT, Settings


def quick(catalogue: Catalogue, settings: Settings, root: Path = PROJECT_ROOT) -> Report:
    """Check what needs no types; the catalogue was read below `root` for these settings.

    Never compiles the analyser: without it the texts are not parsed, and a note says so.
    """
    started = time.perf_counter()
    context = settings.template_context()
    sources = {found.name: _source(found, root, context) for found in catalogue}
    needs = loading.references(catalogue.objects)
    report = Report(findings=list(limits.check(catalogue.objects, sources, needs)))
    if wasm.is_compiled():
        _parse(catalogue, sources, report)
    else:
        reason = "the analyser is not compiled on this machine yet: run `eros validate` once"
        report.notes.append(Note(Path("sql"), 1, reason))
    report.objects = len(sources)
    report.findings.sort()
    report.seconds = time.perf_counter() - started
    return report


def _source(found: SqlObject, root: Path, context: dict[str, Any]) -> Source:
    text = (root / found.path).read_text(encoding="utf-8")
    return Source(found.path, text, found.sql, lines.origins(text, found.sql, context))


def _parse(catalogue: Catalogue, sources: dict[str, Source], report: Report) -> None:
    # The analyser's classes take a third of a second to import.
    from bqstack.analysis import shape
    from bqstack.analysis.allow import Allows
    from bqstack.analysis.analyser import Analyser, SqlError
    from bqstack.analysis.session import Session
    from bqstack.analysis.world import World

    analyser = Analyser()
    for found in catalogue:
        if found.kind is not Kind.PROCEDURE:
            continue  # the catalogue's loader has parsed it
        source = sources[found.name]
        session = Session(analyser, World("", "", ""), source, Allows(source))
        try:
            shape.check(shape.procedure_body(analyser.parse(source.sql)), session)
            session.count()
        except SqlError as error:
            session.sql_error(error, (0, len(source.sql.encode())), 0, set())
        report.findings += session.findings
        report.statements += session.statements
