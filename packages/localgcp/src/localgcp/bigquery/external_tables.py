"""Columns of an external table that its definition leaves to its files.

local-bigquery 0.4.0 makes such a table without columns, and passes over the schema within the
definition. The rows of external tables are not read here (docs/fidelity.md).
https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#externaldataconfiguration
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
from local_bigquery.catalog import tables
from local_bigquery.engine import database, types
from local_bigquery.errors import not_found
from local_bigquery.models import (
    ExternalDataConfiguration,
    JobConfigurationLoad,
    Table,
    TableFieldSchema,
)

from localgcp.bigquery import load_columns


def install() -> None:
    """Find the columns before a table is made or changed; after `view_resources`."""
    tables.create = _creating(tables.create)
    tables.update = _updating(tables.update)


def _creating(create: Callable[..., Table]) -> Callable[..., Table]:
    def created(project_id: str, dataset_id: str, body: Table, *rest: Any) -> Table:
        return create(project_id, dataset_id, _with_columns(body), *rest)

    return created


def _updating(update: Callable[..., Table]) -> Callable[..., Table]:
    def updated(project_id: str, dataset_id: str, table_id: str, body: Table, *rest: Any) -> Table:
        return update(project_id, dataset_id, table_id, _with_columns(body), *rest)

    return updated


def _with_columns(body: Table) -> Table:
    external = body.externalDataConfiguration
    if external is None or tables.fields(body):
        return body
    fields = (external.schema_ and external.schema_.fields) or _of_files(external)
    if not fields:
        return body
    return body.replace(schema={"fields": [field.dump() for field in fields]})


def _of_files(external: ExternalDataConfiguration) -> list[TableFieldSchema]:
    """Of the reference file, where the definition names one."""
    uri = external.referenceFileSchemaUri
    if uri is None:
        return []
    config = JobConfigurationLoad(sourceFormat=external.sourceFormat)
    with database.cursor() as cursor:
        try:
            columns = load_columns.file_columns(cursor, uri, config)
        except duckdb.IOException:
            raise not_found("URI", uri) from None
    return [types.field(name, kind) for name, kind in columns]
