"""Reading `sql/` into a catalogue: names checked, references resolved, order found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from bqstack import texts
from bqstack.catalogue import keys
from bqstack.catalogue.sql_objects import (
    ELSEWHERE,
    TABLE_KINDS,
    Kind,
    Routine,
    SqlObject,
    Table,
    View,
)
from bqstack.errors import UserError
from bqstack.target import Target, file_of
from bqstack.unchecked import JsonMapping


@dataclass(frozen=True)
class Catalogue:
    """All objects of the dataset, by name, in an order in which they can be created."""

    objects: dict[str, SqlObject]
    adopted: frozenset[str]
    """Names of external tables that exist already and are only referred to."""

    @classmethod
    def of(cls, objects: dict[str, SqlObject], target: Target) -> Catalogue:
        """The catalogue of all objects of a stack, in their order; raises UserError."""
        ordered = _ordered(objects)
        for mistake in keys.mistakes(objects):
            raise mistake
        adopted = frozenset(
            o.name
            for o in objects.values()
            if o.kind is Kind.EXTERNAL_TABLE and target.adopts_external_tables
        )
        _check_imports(target, objects)
        return cls(ordered, adopted)

    def __iter__(self) -> Iterator[SqlObject]:
        return iter(self.objects.values())

    @property
    def declared(self) -> list[SqlObject]:
        """Objects that the program creates, in order."""
        return [o for o in self if o.name not in self.adopted]

    @property
    def tables(self) -> list[Table]:
        """Tables that the program creates."""
        return [o for o in self.declared if isinstance(o, Table)]

    @property
    def routines(self) -> list[Routine]:
        """Functions, table functions and procedures."""
        return [o for o in self.declared if isinstance(o, Routine)]

    @property
    def views(self) -> list[View]:
        """Views and materialized views."""
        return [o for o in self.declared if isinstance(o, View)]


def load(target: Target, root: Path, names: Callable[[], JsonMapping] = dict) -> Catalogue:
    """The catalogue of `root`/sql rendered for one stack; raises UserError.

    `names` are what templates know beside the stack's values: what a program reads from its files.
    """
    # The parser and the templates take a third of a second to load; a catalogue that is
    # recalled needs neither.
    from bqstack.catalogue import ddl, elsewhere, render

    objects: dict[str, SqlObject] = {}
    context = {**target.template_values(), **names()}
    for kind, path in _files(root / "sql"):
        if kind is Kind.LOCAL_TABLE and not target.has_local_tables:
            continue
        shown = path.relative_to(root)
        source = texts.read(path, shown)
        sql = render.text_of(source, shown, context)
        if render.is_left_out(source, sql):
            continue
        loaded = ddl.read(kind, sql, shown, target.project, target.dataset)
        _check_unique(loaded, objects)
        objects[loaded.name] = loaded
    for path in elsewhere.files(root):
        shown = path.relative_to(root)
        sql = render.render(path, shown, context)
        elsewhere.read(sql, shown, (target.project, target.dataset))
    return Catalogue.of(objects, target)


def _files(folder: Path) -> Iterator[tuple[Kind, Path]]:
    for path in texts.below(folder):
        if path.parent != folder / ELSEWHERE:
            yield kind_of(path, folder), path


def kind_of(path: Path, folder: Path) -> Kind:
    """The kind that the place of a file in `folder` says; raises UserError if it says none."""
    known = {kind.value: kind for kind in Kind}
    shown = path.relative_to(folder.parent)
    kind = known.get(path.parent.name) if path.parent.parent == folder else None
    if kind is None:
        raise UserError(
            "the file is not in the folder of a known kind",
            file=shown,
            fix="move it to one of: " + ", ".join(f"sql/{name}/" for name in (*known, ELSEWHERE)),
        )
    if path.suffix != ".sql":
        raise UserError(
            "the file is not an SQL object",
            file=shown,
            fix="name it OBJECT.sql, or move it out of sql/",
        )
    return kind


def _check_unique(loaded: SqlObject, objects: dict[str, SqlObject]) -> None:
    """Tables and views share one name space in BigQuery, routines another; ours is one."""
    twin = objects.get(loaded.name)
    if twin is not None:
        raise UserError(
            f"two objects are named {loaded.name!r}; the other is in {twin.path}",
            file=loaded.path,
            line=1,
        )


def _check_imports(target: Target, objects: dict[str, SqlObject]) -> None:
    for name in target.import_tables:
        if name not in objects or objects[name].kind not in TABLE_KINDS:
            raise UserError(
                "sql/ declares no table with this name",
                file=file_of(target),
                key=f"{target.namespace}:importTables",
                value=name,
            )


def _ordered(objects: dict[str, SqlObject]) -> dict[str, SqlObject]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for loaded in objects.values():
        for reference in loaded.references:
            if reference.name not in objects:
                _unknown(loaded, reference.name, reference.line, objects)
        sorter.add(loaded.name, *loaded.depends_on)
    try:
        return {name: objects[name] for name in sorter.static_order()}
    except CycleError as error:
        # graphlib lists each node before the one that needs it.
        cycle = list(reversed(error.args[1]))
        first = objects[cycle[0]]
        line = next(r.line for r in first.references if r.name == cycle[1])
        raise UserError(
            f"the objects depend on each other: {' -> '.join(cycle)}", file=first.path, line=line
        ) from None


def _unknown(loaded: SqlObject, name: str, line: int, objects: dict[str, SqlObject]) -> None:
    close = get_close_matches(name, objects, n=1)
    raise UserError(
        f"{loaded.name} refers to {name!r}, which no file in sql/ creates",
        file=loaded.path,
        line=line,
        fix=f"did you mean {close[0]!r}?" if close else f"add sql/<kind>/{name}.sql",
    )
