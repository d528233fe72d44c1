"""Datasets whose tables may be named in any case.

local-bigquery 0.4.0 keeps `isCaseInsensitive` of a dataset and does nothing with it.
https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets#Dataset
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_bigquery.catalog import metadata, tables
from local_bigquery.engine import database
from local_bigquery.models import Dataset, Table


def install() -> None:
    """Spell the name as the table does, wherever one is looked up; after `catalogue_cache`."""
    tables.physical = _spelling(tables.physical)
    metadata.load, metadata.save = _of_table(metadata.load), _saving(metadata.save)
    metadata.delete = _of_table(metadata.delete)


def spelled(project_id: str, dataset_id: str, table_id: str) -> str:
    """The name of the table that a name means; the name itself where there is no such table."""
    dataset = metadata.load(Dataset, project_id, dataset_id)
    if dataset is None or not dataset.isCaseInsensitive:
        return table_id
    made = (row[0] for row in database.objects(project_id, dataset_id))
    noted = (one.tableReference.tableId for one in metadata.list_(Table, project_id, dataset_id))
    folded = table_id.casefold()
    return next((one for one in (*made, *noted) if one.casefold() == folded), table_id)


def _spelling(physical: Callable[..., Any]) -> Callable[..., Any]:
    def placed(project_id: str, dataset_id: str, table_id: str) -> Any:
        if dataset_id != tables.RESULTS:
            table_id = spelled(project_id, dataset_id, table_id)
        return physical(project_id, dataset_id, table_id)

    return placed


def _of_table(call: Callable[..., Any]) -> Callable[..., Any]:
    def called(model: type, *keys: str) -> Any:
        if model is Table and len(keys) == 3:
            keys = (*keys[:2], spelled(*keys))
        return call(model, *keys)

    return called


def _saving(save: Callable[..., Any]) -> Callable[..., Any]:
    def saved(resource: Any, *keys: str) -> Any:
        if isinstance(resource, Table):
            keys = (*keys[:2], spelled(*keys))
        return save(resource, *keys)

    return saved
