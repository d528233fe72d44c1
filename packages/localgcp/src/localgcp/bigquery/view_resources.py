"""Views and materialized views given through BigQuery's REST API.

local-bigquery 0.4.0 keeps the definition of a materialized view that `tables.insert`
brings without building the view, and `tables.update` changes the recorded query of a view
but not the view itself, and calls a materialized view a view from then on. Through DDL it does
all of it. This module closes the gap, so that what
Pulumi declares is what queries see. A materialized view is a plain view here, too, as
local-bigquery's DDL makes it.
"""

from __future__ import annotations

from collections.abc import Callable

from local_bigquery.catalog import metadata, names, tables
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs.query import translate_view
from local_bigquery.models import (
    MaterializedViewDefinition,
    Table,
    TableFieldSchema,
    ViewDefinition,
)

_MATERIALIZED = "MATERIALIZED_VIEW"
_insert: Callable[..., Table] = tables.create
_update = tables.update


def install() -> None:
    """Put the two operations in place of local-bigquery's own; after `tables`."""
    global _insert
    _insert = tables.create
    tables.create = create
    tables.update = update


def create(project_id: str, dataset_id: str, body: Table, translate: Callable) -> Table:
    """`tables.insert`, building a materialized view as well."""
    definition = body.materializedView
    if definition is None:
        return _insert(project_id, dataset_id, body, translate)
    view = ViewDefinition(query=definition.query, useLegacySql=False)
    plain = body.without("materializedView").replace(view=view.dump())
    stored = _insert(project_id, dataset_id, plain, translate)
    table_id = stored.tableReference.tableId
    built = stored.without("view").replace(
        type=_MATERIALIZED, materializedView=_refreshed(definition).dump()
    )
    tables.record(project_id, dataset_id, table_id, built)
    return tables.get(project_id, dataset_id, table_id)


def update(
    project_id: str, dataset_id: str, table_id: str, body: Table, etag: str | None, replace: bool
) -> Table:
    """`tables.patch` and `tables.update`, rebuilding a view whose query is another one."""
    current = tables.load(project_id, dataset_id, table_id)
    metadata.check_etag(current, etag)
    given = _query(body)
    if given is not None and given != _query(current):
        name = tables.name(project_id, dataset_id, table_id)
        query = translate_view(project_id, dataset_id, given)
        body = _described(current, body, query, names.label(project_id, dataset_id, table_id))
        database.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")
    if current.type == _MATERIALIZED:
        body = body.replace(type=_MATERIALIZED)
    return _update(project_id, dataset_id, table_id, body, etag, replace)


def _described(current: Table, body: Table, query: str, label: str) -> Table:
    """The body of an update with a new query, whose columns are those of that query.

    A schema beside it counts for the descriptions only. The gcp plugin sends the one of its
    state, which is that of the query before. What is a column of neither is refused.
    """
    given = {(field.name or "").casefold(): field for field in tables.fields(body)}
    if not given:
        return body
    columns = [row[0] for row in database.fetch(f"DESCRIBE {query}")]
    known = {column.casefold() for column in columns}
    before = {(field.name or "").casefold() for field in tables.fields(current)}
    if stranger := next((given[name] for name in given if name not in known | before), None):
        raise BigQueryError(
            "invalid",
            f"Provided Schema does not match Table {label}. Cannot add fields"
            f" (field: {stranger.name})",
        )
    fields = [given.get(name.casefold()) or TableFieldSchema(name=name) for name in columns]
    return body.replace(schema={"fields": [field.dump() for field in fields]})


def _query(table: Table) -> str | None:
    definition = table.view or table.materializedView
    return definition.query if definition else None


def _refreshed(definition: MaterializedViewDefinition) -> MaterializedViewDefinition:
    return definition.replace(lastRefreshTime=metadata.now())
