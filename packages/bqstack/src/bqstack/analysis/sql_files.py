"""Reading sql/ for the analyser: every file that can be read, a finding for each other.

The loader of the catalogue stops at the first mistake, because nothing may be deployed
with one; here the rest is checked all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from bqstack import documents, texts
from bqstack.analysis import fragments, lines
from bqstack.analysis.beside import Beside, no_hint
from bqstack.analysis.findings import Finding
from bqstack.analysis.source import Source
from bqstack.catalogue import ddl, elsewhere, keys, render, scan
from bqstack.catalogue.loader import kind_of
from bqstack.catalogue.sql_objects import Kind, SqlObject
from bqstack.errors import UserError
from bqstack.target import Target
from bqstack.unchecked import JsonMapping

_REFERENCE = re.compile(r"`[^`\n]+`\.`[^`\n]+`\.`?(\w+)")


@dataclass
class Loaded:
    """Objects in an order in which each follows what it reads; `failed` could not be read."""

    objects: dict[str, SqlObject] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    unreadable: list[tuple[Source, Finding]] = field(default_factory=list)
    """Files whose statement is not read, with what our own reader says of it."""
    needs: dict[str, list[str]] = field(default_factory=dict)
    """For each object the others that its text names."""
    elsewhere: list[elsewhere.Elsewhere] = field(default_factory=list)
    """Tables of other datasets whose columns are declared."""
    unknown: set[str] = field(default_factory=set)
    """Names of templates whose file has a mistake: what uses them is not to blame."""


def load(target: Target, root: Path, beside: Beside) -> Loaded:
    """All of `root`/sql, with what it takes from files `beside` it."""
    loaded = Loaded()
    context = dict(target.template_values())
    for name, read in beside.names.items():
        try:
            context[name] = read()
        except UserError as error:
            loaded.failed.add(error.file or "")
            loaded.unknown.add(name)
            loaded.findings.extend(in_document(error, root, beside.hint))
    for path in elsewhere.files(root):
        _read_elsewhere(loaded, target, context, path, root)
    for path in texts.below(root / "sql"):
        if path.parent == root / "sql" / elsewhere.FOLDER:
            continue
        try:
            kind = kind_of(path, root / "sql")
        except UserError as error:
            loaded.findings.extend(in_document(error, root, beside.hint))
            continue
        if kind is Kind.LOCAL_TABLE and not target.has_local_tables:
            continue
        _read(loaded, target, context, kind, path, root, beside)
    for mistake in keys.mistakes(loaded.objects):
        source = next(s for s in loaded.sources.values() if s.path.as_posix() == mistake.file)
        loaded.findings.append(_finding(source, mistake))
    loaded.needs = references(loaded.objects)
    loaded.objects = _ordered(loaded)
    return loaded


def references(objects: Mapping[str, SqlObject]) -> dict[str, list[str]]:
    """For each object the others of `objects` that it names, in order of appearance."""
    return {
        name: [needed for needed in known.depends_on if needed in objects]
        for name, known in objects.items()
    }


def names_of_stack(path: Path, text: str, names: Iterable[str]) -> Iterator[Finding]:
    """Findings for the project or dataset of a stack written out instead of rendered."""
    source = Source(path, text, text)
    for number, line in enumerate(text.splitlines(), 1):
        for name in names:
            for match in re.finditer(rf"`{re.escape(name)}[`.]", line):
                yield source.finding(
                    "hard-coded-name", f"{name!r} belongs to one stack", number, match.start() + 1
                )


def _read(
    loaded: Loaded,
    target: Target,
    context: JsonMapping,
    kind: Kind,
    path: Path,
    root: Path,
    beside: Beside,
) -> None:
    shown = path.relative_to(root)
    loaded.failed.add(path.stem)
    try:
        text = texts.read(path, shown)
    except UserError as error:
        loaded.findings.extend(in_document(error, root))
        return
    source = Source(shown, text, text)
    try:
        if loaded.unknown and loaded.unknown & render.names(text, shown):
            return
        sql = render.text_of(text, shown, context)
    except UserError as error:
        loaded.findings.append(_finding(source, error))
        return
    if render.is_left_out(text, sql):
        loaded.failed.discard(path.stem)
        return
    source = Source(shown, text, sql, lines.origins(text, sql, context))
    source = fragments.source(source, path, root, context, beside.fragments)
    loaded.findings += names_of_stack(shown, text, (target.project, target.dataset))
    joined = list(_joined(source, target))
    loaded.findings += joined
    if joined:
        return
    try:
        found = ddl.read(kind, sql, shown, target.project, target.dataset)
    except UserError as error:
        loaded.unreadable.append((source, _finding(source, error)))
        return
    loaded.failed.discard(path.stem)
    if found.name in loaded.objects:
        other = loaded.objects[found.name].path
        loaded.findings.append(
            source.finding("duplicate", f"{other} creates {found.name!r} too", 1, 1)
        )
        return
    loaded.objects[found.name] = found
    loaded.sources[found.name] = source


def _text_if_readable(path: Path) -> str:
    """What there is to point at; nothing where the text itself is what is wrong."""
    try:
        return texts.read(path, path) if path.is_file() else ""
    except UserError:
        return ""


def _read_elsewhere(
    loaded: Loaded, target: Target, context: JsonMapping, path: Path, root: Path
) -> None:
    shown = path.relative_to(root)
    try:
        text = texts.read(path, shown)
    except UserError as error:
        loaded.findings.extend(in_document(error, root))
        return
    source = Source(shown, text, text)
    try:
        if loaded.unknown and loaded.unknown & render.names(text, shown):
            return
        sql = render.text_of(text, shown, context)
        source = Source(shown, text, sql, lines.origins(text, sql, context))
        found = elsewhere.read(sql, shown, (target.project, target.dataset))
    except UserError as error:
        loaded.failed.add(shown.as_posix())
        loaded.findings.append(_finding(source, error))
        return
    loaded.elsewhere.append(found)


def in_document(
    error: UserError, root: Path, hint: Callable[[Path], str] = no_hint
) -> list[Finding]:
    """Findings for mistakes in a file that has no SQL to show, each at its entry.

    `hint` is asked where an error names no fix. What an alias of YAML repeats is one mistake.
    """
    found: dict[tuple[object, ...], Finding] = {}
    for one in (error, *error.others):
        shown = Path(one.file or "")
        text = _text_if_readable(root / shown)
        written = one.key and documents.written_at(text, one.key)
        same = (shown, written or one.key, one.line, one.message, repr(one.value))
        found.setdefault(same, _in_document(one, shown, text, hint))
    return list(found.values())


def _in_document(error: UserError, shown: Path, text: str, hint: Callable[[Path], str]) -> Finding:
    message = f"{error.key}: {error.message}" if error.key else error.message
    if error.value is not None:
        message += f" (got {error.value!r})"
    line = error.line or (_line_of(text, error.key) if error.key else None) or 1
    lines = text.splitlines()
    written = lines[line - 1] if line <= len(lines) else ""
    column = len(written) - len(written.lstrip()) + 1
    fix = error.fix or (hint(shown) if text else "")
    return Source(shown, text, text).finding("file", message, line, column, fix)


def _line_of(text: str, key: str) -> int | None:
    """Line of an entry; a stack's file has its own below `config`."""
    return documents.line_of(text, key) or documents.line_of(text, f"config.{key}")


def _finding(source: Source, error: UserError) -> Finding:
    rule = "syntax" if error.message.startswith("SQL syntax") else "file"
    message = error.message.removeprefix("SQL syntax: ")
    line = error.line or 1
    rendered = source.sql.splitlines()
    written = rendered[line - 1] if line <= len(rendered) else ""
    column = len(written) - len(written.lstrip()) + 1
    if isinstance(error.value, str) and error.value:
        message = f"{message}: {error.value}"
        at = written.find(error.value.split(".")[-1])
        column = at + 1 if at >= 0 else column
    return source.finding(rule, message, line, column, error.fix or "")


def _joined(source: Source, target: Target) -> Iterator[Finding]:
    """References with several parts in one pair of backticks."""
    try:
        tokens = scan.tokenize(source.sql)
    except scan.ScanError:
        return  # ddl.read tells it
    names = (target.project, target.dataset)
    for token in tokens:
        if token.token_type.name != "IDENTIFIER" or "." not in token.text:
            continue
        if token.text.startswith(tuple(f"{name}." for name in names)):
            line, column = source.place(len(source.sql[: token.start].encode()))
            yield source.finding(
                "reference-form", f"`{token.text}` is one name to BigQuery's parser", line, column
            )


def _ordered(loaded: Loaded) -> dict[str, SqlObject]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    objects = loaded.objects
    for name in sorted(objects):
        sorter.add(name, *(n for n in loaded.needs[name] if n in objects))
    try:
        return {name: objects[name] for name in sorter.static_order()}
    except CycleError as error:
        # graphlib lists each node before the one that needs it.
        cycle = list(reversed(error.args[1]))
        first, second = objects[cycle[0]], cycle[1]
        source = loaded.sources[first.name]
        mention = next(m for m in _REFERENCE.finditer(source.sql) if m[1] == second)
        line, column = source.place(len(source.sql[: mention.start()].encode()))
        loaded.findings.append(source.finding("recursion", " -> ".join(cycle), line, column))
        loaded.failed |= set(cycle)
        loaded.objects = {n: o for n, o in objects.items() if n not in cycle}
        return _ordered(loaded)
