"""Rows of finished queries, which wait in tables that belong to their jobs.

local-bigquery 0.4.0 treats such a table as any other: it looks for one of the name before it
writes, which DuckDB answers with a search for similar names, and asks three times what it holds
before it reads. The name is a job's, so the table is new or the job's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import duckdb
from local_bigquery.catalog import names, tabledata, tables
from local_bigquery.engine import database, results, types
from local_bigquery.errors import not_found

# What the configuration of a query may ask of its table, which then is looked at as any other.
_ASKS = ("schemaUpdateOptions", *tables.LAYOUT)


def install() -> None:
    """Put the short ways before local-bigquery's own; after `row_access` and `writes`."""
    tables.write = _writing(tables.write)
    tabledata.list_rows = _listing(tabledata.list_rows)


def _writing(write: Callable[..., Any]) -> Callable[..., Any]:
    def written(
        cur: duckdb.DuckDBPyConnection,
        query: str,
        params: dict[str, Any] | None,
        reference: tuple[str, str, str],
        config: Any,
        *rest: Any,
        isolated: bool = False,
        **options: Any,
    ) -> Any:
        asks = any(getattr(config, name, None) for name in _ASKS)
        if reference[1] != tables.RESULTS or asks or config.createDisposition == "CREATE_NEVER":
            return write(cur, query, params, reference, config, *rest, isolated=isolated, **options)
        with database.cursor() if isolated else contextlib.nullcontext() as writer:
            results.materialise(cur, query, tables.name(*reference), params, writer=writer)
        return True

    return written


def _listing(list_: Callable[..., Any]) -> Callable[..., Any]:
    def listed(project_id: str, dataset_id: str, table_id: str, *rest: Any) -> Any:
        if dataset_id != tables.RESULTS:
            return list_(project_id, dataset_id, table_id, *rest)
        max_results, start, selected, int64_timestamps = rest
        name = tables.name(project_id, dataset_id, table_id)
        with database.cursor() as cur:
            try:
                relation = cur.sql(f"SELECT * FROM {name} LIMIT 0")
            except duckdb.CatalogException:
                label = names.label(project_id, dataset_id, table_id)
                raise not_found("Table", label) from None
            fields = [
                types.field(column, kind)
                for column, kind in zip(relation.columns, relation.types, strict=True)
            ]
            if selected:
                wanted = {one.strip().casefold() for one in selected.split(",")}
                fields = [field for field in fields if field.name.casefold() in wanted]
            shown = [field.name.casefold() for field in fields]
            page = results.page(cur, name, max_results, start, shown, int64_timestamps)
        return page, fields

    return listed
