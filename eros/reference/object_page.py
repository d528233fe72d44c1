"""One object as Markdown."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from bqstack.amounts import counted
from bqstack.catalogue import Catalogue, MaterializedView, Routine, SqlObject, Table
from bqstack.catalogue.sql_objects import Kind
from bqstack.guard.column_changes import type_of
from bqstack.plan.lineage_graph import RESULT, Object
from eros.reference.relations import Relations

_MOST_ORIGINS = 8


@dataclass(frozen=True)
class Known:
    """Everything that the pages say, by the object's name."""

    catalogue: Catalogue
    shapes: dict[str, Object]
    relations: dict[str, Relations]
    scheduled: dict[str, list[str]]
    owners: dict[str, set[str]]
    settings: dict[str, list[str]]
    pages: dict[str, str]

    def link(self, name: str, folder: str = "") -> str:
        """Link to an object's section, from a page in `folder`'s parent."""
        return f"[`{name}`]({folder}{self.pages[name]}.md#{name})"


def section(known: Known, item: SqlObject) -> list[str]:
    """Lines of an object: head, description, columns or arguments, layout, relations."""
    owner = ", ".join(sorted(known.owners[item.name]))
    lines = [
        f"### {item.name}",
        "",
        item.description,
        "",
        *_arguments(item),
        *_columns(known, item),
        f"- File: [{item.path}](../../{item.path}) · owner: {owner}",
        *_layout(item),
        *_related(known, item),
        "",
    ]
    return lines


def _arguments(item: SqlObject) -> list[str]:
    if not isinstance(item, Routine):
        return []
    if not item.arguments:
        return ["No arguments.", ""]
    has_mode = item.kind is Kind.PROCEDURE
    lines = ["| argument | type |" + (" mode |" if has_mode else "")]
    lines += ["| --- | --- |" + (" --- |" if has_mode else "")]
    for argument in item.arguments:
        kind = _code(_standard(argument.type)) if argument.type else "ANY TYPE"
        mode = f" {argument.mode} |" if has_mode else ""
        lines.append(f"| `{argument.name}` | {kind} |{mode}")
    return [*lines, ""]


def _columns(known: Known, item: SqlObject) -> list[str]:
    if item.kind is Kind.PROCEDURE:
        return []
    if isinstance(item, Table):
        return [*_table_columns(item), ""]
    shape = known.shapes[item.name]
    if item.kind is Kind.FUNCTION:
        result = _standard(item.returns) if isinstance(item, Routine) and item.returns else None
        given = result or shape.types.get(RESULT) or "depends on the types of its arguments"
        return [f"Returns: {_code(given)}", ""]
    lines = ["| column | type | comes from |", "| --- | --- | --- |"]
    for name, kind in shape.types.items():
        lines.append(f"| `{name}` | {_code(kind)} | {_origins(shape.outputs.get(name, ()))} |")
    return [*lines, ""]


def _table_columns(item: Table) -> list[str]:
    lines = ["| column | type | mode | what it is |", "| --- | --- | --- | --- |"]
    for field, prefix in _flat(item.schema, ""):
        text = field.get("description", "").replace("|", "\\|")
        if "defaultValueExpression" in field:
            text = f"{text}{'; ' if text else ''}default `{field['defaultValueExpression']}`"
        lines.append(
            f"| `{prefix}{field['name']}` | {_code(type_of(field))} | {field['mode']} | {text} |"
        )
    return lines


def _flat(fields: Iterable[dict[str, Any]], prefix: str) -> Iterable[tuple[dict[str, Any], str]]:
    """Columns, each followed by the fields that it has inside."""
    for field in fields:
        yield field, prefix
        yield from _flat(field.get("fields", ()), f"{prefix}{field['name']}.")


def _origins(places: Collection[tuple[str, str]]) -> str:
    """Columns by object: `object`: `a`, `b`; functions with their parentheses.

    Of many only the number: what the object reads stands below its columns.
    """
    if len(places) > _MOST_ORIGINS:
        objects = len({name for name, _ in places})
        return f"{counted(len(places), 'column')} of {counted(objects, 'object')}"
    grouped: dict[str, list[str]] = {}
    for name, column in sorted(places):
        grouped.setdefault(name, [])
        if column != RESULT:
            grouped[name].append(f"`{column}`")
    return "; ".join(
        f"`{name}`: {', '.join(columns)}" if columns else f"`{name}()`"
        for name, columns in grouped.items()
    )


def _layout(item: SqlObject) -> list[str]:
    lines = []
    if isinstance(item, Table | MaterializedView) and item.partitioning:
        text = f"- Partitions: {item.partitioning['type']} of `{item.partitioning['field']}`"
        if isinstance(item, Table):
            days = item.partition_expiration_days
            text += f", gone after {days:g} days" if days is not None else ", kept forever"
            text += "; a query must choose them" if item.require_partition_filter else ""
        lines.append(text)
    if isinstance(item, Table | MaterializedView) and item.clustering:
        lines.append(f"- Clusters: {', '.join(f'`{name}`' for name in item.clustering)}")
    if isinstance(item, MaterializedView):
        lines.append(f"- Refreshed at most every {item.refresh_interval_minutes:g} minutes")
    return lines


def _related(known: Known, item: SqlObject) -> list[str]:
    own = known.relations[item.name]
    lines = [
        f"- {title}: {', '.join(known.link(name) for name in sorted(names))}"
        for title, names in (
            ("Reads", own.reads),
            ("Writes", own.writes),
            ("Calls", own.calls),
            ("Read by", own.read_by),
            ("Written by", own.written_by),
            ("Called by", own.called_by),
        )
        if names
    ]
    if item.name in known.scheduled:
        names = ", ".join(f"`{name}`" for name in known.scheduled[item.name])
        lines.append(f"- Scheduled as: {names}")
    if known.settings[item.name]:
        names = ", ".join(f"`{name}`" for name in known.settings[item.name])
        lines.append(f"- Takes: {names}")
    return lines


def _code(kind: str) -> str:
    """A type for a table; an angle bracket outside code would be HTML."""
    return f"`{kind}`" if "<" in kind else kind


def _standard(kind: dict[str, Any]) -> str:
    """StandardSqlDataType as DDL writes it."""
    if kind["typeKind"] == "ARRAY":
        return f"ARRAY<{_standard(kind['arrayElementType'])}>"
    if kind["typeKind"] == "STRUCT":
        fields = kind["structType"]["fields"]
        return f"STRUCT<{', '.join(f'{f["name"]} {_standard(f["type"])}' for f in fields)}>"
    return str(kind["typeKind"])
