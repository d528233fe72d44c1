"""Columns of views and table functions and results of functions, by Google's analyser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bqstack.analysis.analyser import Analyser
from bqstack.catalogue import Catalogue, MaterializedView, Routine, SqlObject, Table, View
from bqstack.catalogue.sql_objects import Kind
from bqstack.errors import UserError
from bqstack.guard import routine_changes, table_changes
from bqstack.guard.declarations import Declared
from bqstack.plan import lineage
from bqstack.plan.lineage_graph import Object
from bqstack.plan.sources import Side
from eros.project.settings import Settings

_ROUTINE_TYPES = {
    Kind.FUNCTION: "SCALAR_FUNCTION",
    Kind.TABLE_FUNCTION: "TABLE_VALUED_FUNCTION",
}


def shapes(
    catalogue: Catalogue, settings: Settings, on_compile: Callable[[], None] | None = None
) -> dict[str, Object]:
    """What every object but the procedures gives, by name.

    `on_compile` is called when this machine must first compile the analyser. Raises
    UserError for a query that the analyser does not understand.
    """
    side = Side(
        label="sql/",
        resources=tuple(
            _declared(item, settings) for item in catalogue if item.kind is not Kind.PROCEDURE
        ),
        location=settings.location,
    )
    found = lineage.graph(side, Analyser(on_compile)).objects
    for name, shape in found.items():
        item = catalogue.objects[name]
        if shape.mistake and (isinstance(item, View) or item.kind is Kind.TABLE_FUNCTION):
            raise UserError(
                f"its columns are not known: {shape.mistake}", file=item.path, fix="eros validate"
            )
    return found


def _declared(item: SqlObject, settings: Settings) -> Declared:
    """The object as a resource with the inputs that columns depend on."""
    inputs: dict[str, Any] = {"project": settings.project, "datasetId": settings.dataset}
    match item:
        case Table():
            inputs["schema"] = list(item.schema)
        case MaterializedView():
            inputs["materializedView"] = {"query": item.query}
        case View():
            inputs["view"] = {"query": item.query}
        case Routine():
            inputs |= {
                "routineType": _ROUTINE_TYPES[item.kind],
                "arguments": [
                    {"name": a.name, "dataType": a.type, "mode": a.mode} for a in item.arguments
                ],
                "returnType": item.returns,
                "definitionBody": item.body,
            }
    type_ = routine_changes.TYPE if isinstance(item, Routine) else table_changes.TYPE
    return Declared(item.name, type_, item.name, inputs, custom=True, protect=False)
