"""Policy tags of a column in an update: kept where it says nothing, gone where it gives none.

"To clear a policy tag, you must explicitly set the `names` field of `policyTags` to an empty list.
If you delete the `policyTags` field, it has no effect on existing policy tags." local-bigquery
0.4.0 drops them in the second case and keeps the empty list in the first.
https://cloud.google.com/bigquery/docs/column-level-security#clear-policy-tag
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_bigquery.catalog import tables
from local_bigquery.models import Table, TableFieldSchema


def install() -> None:
    """Look at each update, and at each table before it is written down."""
    tables.update = _updating(tables.update)
    tables.record = _recording(tables.record)


def _updating(update: Callable[..., Table]) -> Callable[..., Table]:
    def updated(project_id: str, dataset_id: str, table_id: str, body: Table, *rest: Any) -> Table:
        given = tables.fields(body)
        if given:
            held = tables.fields(tables.load(project_id, dataset_id, table_id))
            kept = [field.dump() for field in _kept(given, held)]
            body = body.replace(schema={"fields": kept})
        return update(project_id, dataset_id, table_id, body, *rest)

    return updated


def _kept(given: list[TableFieldSchema], held: list[TableFieldSchema]) -> list[TableFieldSchema]:
    known = {(field.name or "").casefold(): field for field in held}
    kept = []
    for field in given:
        before = known.get((field.name or "").casefold())
        if before is not None:
            if before.policyTags and not field.policyTags:
                field = field.replace(policyTags=before.policyTags.dump())
            if field.fields and before.fields:
                inner = [one.dump() for one in _kept(field.fields, before.fields)]
                field = field.replace(fields=inner)
        kept.append(field)
    return kept


def _recording(record: Callable[..., None]) -> Callable[..., None]:
    def recorded(project_id: str, dataset_id: str, table_id: str, resource: Table) -> None:
        if fields := tables.fields(resource):
            cleared = [_cleared(field).dump() for field in fields]
            resource = resource.replace(schema={"fields": cleared})
        record(project_id, dataset_id, table_id, resource)

    return recorded


def _cleared(field: TableFieldSchema) -> TableFieldSchema:
    if field.policyTags and not field.policyTags.names:
        field = field.without("policyTags")
    if field.fields:
        field = field.replace(fields=[_cleared(one).dump() for one in field.fields])
    return field
