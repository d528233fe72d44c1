"""Remembers what a statement is in DuckDB's words, for as long as what decides it stays the same.

local-bigquery 0.4.0 translates a statement each time that it runs: half of the time of a procedure,
whose statements come again with every call and every turn of a loop. A translation depends on the
statement, its context and the catalogue, and all three are in the key. What depends on more, such
as a time travel, a view of INFORMATION_SCHEMA or a table with policies, is never kept.
"""

from __future__ import annotations

import enum
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_bigquery.catalog import metadata, row_access
from local_bigquery.engine import database
from local_bigquery.jobs import merge, query
from local_bigquery.models import Table
from local_bigquery.sql import rules, script, translate
from sqlglot import exp

from localgcp.bigquery import probes

_KEPT = 4096
# Larger statements are rows that somebody inserts, which come once.
_LARGEST = 20_000
# Temporary tables of a script: variables, parameters of EXECUTE IMMEDIATE, rows of a loop.
_TEMPORARY = re.compile(r"__(?:variable|rows)_[0-9a-f]{12}")
_POSITION = frozenset({"line", "col", "start", "end"})
_CACHED = (exp.Query, exp.Insert, exp.Update, exp.Delete)
# Parts of the names of tables whose rows are made while a statement is translated.
_MADE = ("INFORMATION_SCHEMA", "__TABLES__", "JOBS", "*", "@")
_TYPE = object()
_PLAIN = (str, bool, int, float, type(None), enum.Enum)

Translate = Callable[[exp.Expr, Any], tuple[str, dict[str, Any]]]
Path = tuple[str, str, str]


class _Unkept(Exception):
    """The translation depends on more than the key says."""


@dataclass(frozen=True)
class _Kept:
    """A translation, and what making it changed in the context."""

    sql: str
    temporary: tuple[str, ...]
    """Temporary tables in the text, which have other names the next time."""
    used: frozenset[str]
    referenced: frozenset[Path]
    created: frozenset[str]
    position: int


def always(rule: Any) -> Any:
    """Mark a rule that has to see every statement, also one whose translation is known."""
    rule.always = True
    return rule


def install() -> None:
    """Put the memory in front of the translation; after all rules, before what limits jobs."""
    memory = Memory(translate.translate)
    metadata.save = memory.forgetting(metadata.save)
    metadata.delete = memory.forgetting(metadata.delete)
    for module in (query, merge, script):
        module.translate = memory.translate
    probes.columns = _asking(probes.columns)


def _asking(columns: Callable[..., Any]) -> Callable[..., Any]:
    """`probes.columns`, which looks at temporary tables; says so to the context."""

    def asked(source: exp.Expr, select: exp.Select, context: Any) -> Any:
        context.asked = True
        return columns(source, select, context)

    return asked


class Memory:
    """`translate.translate`, remembered. Safe for use from several threads."""

    def __init__(self, make: Translate) -> None:
        self._make = make
        self._kept: OrderedDict[Any, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        # Of what the emulator keeps of tables, routines and policies.
        self._changes = 0
        self.hits = 0

    def forgetting(self, change: Callable[..., Any]) -> Callable[..., Any]:
        """A function that changes the catalogue; what was kept before is not used after it."""

        def changed(*arguments: Any) -> Any:
            try:
                return change(*arguments)
            finally:
                with self._lock:
                    self._changes += 1

        return changed

    def translate(self, tree: exp.Expr, context: Any) -> tuple[str, dict[str, Any]]:
        """The statement for DuckDB, and the values of its parameters."""
        try:
            key, temporary = self._key(tree, context)
        except (_Unkept, RecursionError):
            return self._make(tree, context)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                self.hits += 1
        if kept is None:
            return self._keep(key, temporary, tree, context)
        for rule in rules.STATEMENT_RULES:
            if getattr(rule, "always", False):
                rule(tree, context)
        return _replay(kept, temporary, context)

    def _keep(
        self, key: Any, temporary: tuple[str, ...], tree: exp.Expr, context: Any
    ) -> tuple[str, dict[str, Any]]:
        referenced, known = set(context.referenced), set(context.temporary)
        unspread = len(getattr(context, "unspread", ()))
        context.asked = False
        context.referenced.clear()
        try:
            sql, bound = self._make(tree, context)
            added = frozenset(context.referenced)
        finally:
            context.referenced |= referenced
        if (
            context.asked
            or len(getattr(context, "unspread", ())) != unspread
            or any(_expires(path) for path in added)
            or not set(_TEMPORARY.findall(sql)) <= set(temporary)
        ):
            return sql, bound
        created = frozenset(context.temporary - known)
        kept = _Kept(sql, temporary, frozenset(context.used), added, created, context.position)
        with self._lock:
            self._kept[key] = kept
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return sql, bound

    def _key(self, tree: exp.Expr, context: Any) -> tuple[Any, tuple[str, ...]]:
        """All that decides the translation, and the temporary tables that it may name."""
        if not isinstance(tree, _CACHED) and not _is_temporary(tree):
            raise _Unkept
        if context.functions or row_access.secured() or getattr(context, "probes", 0):
            raise _Unkept
        shape = _Shape(context)
        shape.add(tree)
        temporary: list[str] = []

        def number(found: re.Match[str]) -> str:
            if found[0] not in temporary:
                temporary.append(found[0])
            return f"?{temporary.index(found[0])}"

        given = [
            (name, _TEMPORARY.sub(number, text))
            for names in (
                sorted((name, context.variables[name]) for name in shape.variables),
                sorted(context.parameters.items()),
            )
            for name, text in names
        ]
        key = (
            tuple(shape.parts),
            tuple(given),
            len(shape.variables),
            frozenset(context.values),
            (context.project_id, context.dataset_id, context.position),
            frozenset(context.temporary),
            tuple(row_access.members()),
            self._changes,
            # What names no table and no array depends on no schema.
            versions() if shape.reads else (),
        )
        return key, tuple(temporary)


class _Shape:
    """A statement as a flat list of what it consists of, but for positions and comments."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self.parts: list[Any] = []
        self.variables: set[str] = set()
        self.reads = False

    def add(self, node: exp.Expr) -> None:
        """Note a part of the statement. Raises _Unkept where it is not to be kept."""
        kind = type(node)
        if isinstance(node, exp.Table):
            _look_at(node)
            self.reads = True
        elif kind is exp.Unnest:
            self.reads = True
        elif kind is exp.Parameter and isinstance(node.this, exp.Parameter):
            self._add_system(node.this.name.lower())
        parts = self.parts
        # With the number of arguments: no two statements have the same parts.
        parts += (kind, len(node.args))
        if len(parts) > _LARGEST:
            raise _Unkept
        for name, value in node.args.items():
            parts.append(name)
            if isinstance(value, list):
                parts.append(len(value))
                for one in value:
                    self._add_value(one)
            else:
                self._add_value(value)
        if node._type is not None:
            parts.append(_TYPE)
            self._add_value(node._type)
        for name, value in (node._meta or {}).items():
            if name not in _POSITION:
                parts.append((name, repr(value)))

    def _add_value(self, value: Any) -> None:
        if isinstance(value, exp.Expr):
            self.add(value)
            return
        if not isinstance(value, _PLAIN):
            raise _Unkept
        # 1 and TRUE are the same to a tuple.
        self.parts += (type(value), value)
        if isinstance(value, str) and value.lower() in self._context.variables:
            self.variables.add(value.lower())

    def _add_system(self, name: str) -> None:
        for key, value in sorted(self._context.system.items()):
            if key == name or key.startswith(f"{name}."):
                self.parts.append((key, repr(value)))


def _is_temporary(tree: exp.Expr) -> bool:
    """Whether it is CREATE TEMP TABLE ... AS."""
    return (
        isinstance(tree, exp.Create)
        and tree.kind == "TABLE"
        and isinstance(tree.expression, exp.Query)
        and not tree.args.get("clone")
        and tree.find(exp.TemporaryProperty) is not None
    )


def _look_at(table: exp.Table) -> None:
    if table.args.get("when") or table.args.get("version"):
        raise _Unkept
    for part in table.parts:
        name = part.name.upper()
        if name == "EXTERNAL_QUERY" or any(word in name for word in _MADE):
            raise _Unkept


def _expires(path: Path) -> bool:
    stored = metadata.load(Table, *path)
    return stored is not None and stored.expirationTime is not None


def versions() -> tuple[Any, ...]:
    """The schemas of all projects; DuckLake counts their changes."""
    projects = sorted(database._attached)
    counts = ", ".join(
        f"(SELECT MAX(schema_version) FROM"
        f" {database.quote(f'__ducklake_metadata_{project}')}.ducklake_snapshot)"
        for project in projects
    )
    return (*projects, *database.fetch(f"SELECT {counts}")) if projects else ()


def _replay(kept: _Kept, temporary: tuple[str, ...], context: Any) -> tuple[str, dict[str, Any]]:
    names = dict(zip(kept.temporary, temporary, strict=True))
    context.used.clear()
    context.used |= kept.used
    context.referenced |= kept.referenced
    context.temporary |= kept.created
    context.position = kept.position
    sql = _TEMPORARY.sub(lambda found: names[found[0]], kept.sql) if names else kept.sql
    return sql, {name: context.values[name] for name in kept.used}
