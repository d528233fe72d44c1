"""Objects of a catalogue as resources of the gcp provider.

`declare` makes all of them, each after those that its SQL names; a program that has components
of its own calls `table`, `routine` and `view` with its own options.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from bqstack.catalogue import Catalogue, Kind, MaterializedView, Routine, SqlObject, Table, View
from bqstack.catalogue.sql_objects import Argument, ForeignKey
from bqstack.target import Target
from bqstack.unchecked import JsonObject

DAY_MS = 24 * 60 * 60 * 1000
MINUTE_MS = 60 * 1000
# A table takes the key of its dataset when it is created. The provider reads that back and,
# as no argument names it, would replace the table (terraform-provider-google 10518).
KEY_OF_DATASET = ["encryption_configuration"]
_ROUTINE_TYPES = {
    Kind.FUNCTION: "SCALAR_FUNCTION",
    Kind.TABLE_FUNCTION: "TABLE_VALUED_FUNCTION",
    Kind.PROCEDURE: "PROCEDURE",
}


@dataclass(frozen=True)
class Place:
    """Where the objects are made: a stack's dataset, by its id or the output of its resource.

    `labels` are those of all tables and views. `protect` keeps tables from being deleted,
    by the engine and by the provider: it deletes a table, rows and all, to replace it.
    """

    target: Target
    dataset_id: pulumi.Input[str]
    labels: Mapping[str, str] | None = None
    protect: bool = True


def declare(
    place: Place,
    catalogue: Catalogue,
    parent: Callable[[SqlObject], pulumi.Resource | None] = lambda _: None,
) -> dict[str, pulumi.Resource]:
    """Declare all that the catalogue creates, by name; `parent` gives each one's parent."""
    made: dict[str, pulumi.Resource] = {}
    for item in catalogue.declared:
        needs = [made[name] for name in item.depends_on if name not in catalogue.adopted]
        match item:
            case Table():
                made[item.name] = table(place, item, needs, parent(item))
            case Routine():
                made[item.name] = routine(place, item, needs, parent(item))
            case View():
                made[item.name] = view(place, item, needs, parent(item))
    return made


def table(
    place: Place,
    item: Table,
    needs: Sequence[pulumi.Resource] = (),
    parent: pulumi.Resource | None = None,
) -> gcp.bigquery.Table:
    """Declare one table, to be created after `needs`: those that its keys refer to.

    One of the target's `import_tables` is taken over as it exists.
    """
    target = place.target
    existing = None
    if item.name in target.import_tables:
        existing = f"projects/{target.project}/datasets/{target.dataset}/tables/{item.name}"
    return gcp.bigquery.Table(
        item.name,
        project=target.project,
        dataset_id=place.dataset_id,
        table_id=item.name,
        description=item.description,
        schema=json.dumps(item.schema),
        time_partitioning=_lifetime(item),
        clusterings=list(item.clustering) or None,
        require_partition_filter=item.require_partition_filter or None,
        table_constraints=_keys(item, target),
        labels=place.labels,
        deletion_protection=place.protect,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=list(needs),
            import_=existing,
            protect=place.protect or existing is not None,
            ignore_changes=KEY_OF_DATASET,
        ),
    )


def routine(
    place: Place,
    item: Routine,
    needs: Sequence[pulumi.Resource],
    parent: pulumi.Resource | None = None,
) -> gcp.bigquery.Routine:
    """Declare one function, table function or procedure, to be created after `needs`."""
    return gcp.bigquery.Routine(
        item.name,
        project=place.target.project,
        dataset_id=place.dataset_id,
        routine_id=item.name,
        routine_type=_ROUTINE_TYPES[item.kind],
        language="SQL",
        description=item.description,
        arguments=[_argument(argument) for argument in item.arguments],
        return_type=_data_type(item.returns),
        return_table_type=_data_type(item.returns_table),
        definition_body=item.body,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=list(needs),
            # Two routines of one name cannot exist at once.
            delete_before_replace=True,
        ),
    )


def view(
    place: Place,
    item: View,
    needs: Sequence[pulumi.Resource],
    parent: pulumi.Resource | None = None,
) -> gcp.bigquery.Table:
    """Declare one view or materialized view, to be created after `needs`.

    It holds no rows, so nothing protects it; a protected view could not take a new query. No
    schema is set: BigQuery derives it, and a given one would differ forever.
    """
    materialized = item if isinstance(item, MaterializedView) else None
    return gcp.bigquery.Table(
        item.name,
        project=place.target.project,
        dataset_id=place.dataset_id,
        table_id=item.name,
        description=item.description,
        view=None if materialized else _query(item),
        materialized_view=_materialized(materialized) if materialized else None,
        time_partitioning=_partitioning(materialized) if materialized else None,
        clusterings=list(materialized.clustering) or None if materialized else None,
        labels=place.labels,
        deletion_protection=False,
        opts=pulumi.ResourceOptions(
            parent=parent, depends_on=list(needs), ignore_changes=KEY_OF_DATASET
        ),
    )


def _lifetime(item: Table) -> gcp.bigquery.TableTimePartitioningArgs | None:
    if item.partitioning is None:
        return None
    days = item.partition_expiration_days
    return gcp.bigquery.TableTimePartitioningArgs(
        type=item.partitioning["type"],
        field=item.partitioning["field"],
        # Without a value the provider keeps the one that the table has; 0 is forever.
        expiration_ms=round(days * DAY_MS) if days is not None else 0,
    )


def _keys(item: Table, target: Target) -> gcp.bigquery.TableTableConstraintsArgs | None:
    if not item.primary_key and not item.foreign_keys:
        return None
    primary = gcp.bigquery.TableTableConstraintsPrimaryKeyArgs(columns=list(item.primary_key))
    return gcp.bigquery.TableTableConstraintsArgs(
        primary_key=primary if item.primary_key else None,
        foreign_keys=[_foreign_key(key, target) for key in item.foreign_keys] or None,
    )


def _foreign_key(
    key: ForeignKey, target: Target
) -> gcp.bigquery.TableTableConstraintsForeignKeyArgs:
    # The API takes one pair of columns a key.
    (column,), (referenced,) = key.columns, key.referenced
    return gcp.bigquery.TableTableConstraintsForeignKeyArgs(
        # A name of our own is the same in every stack; Google's counts.
        name=key.name or f"fk_{column}",
        referenced_table=gcp.bigquery.TableTableConstraintsForeignKeyReferencedTableArgs(
            project_id=target.project, dataset_id=target.dataset, table_id=key.table
        ),
        column_references=gcp.bigquery.TableTableConstraintsForeignKeyColumnReferencesArgs(
            referencing_column=column, referenced_column=referenced
        ),
    )


def _argument(argument: Argument) -> gcp.bigquery.RoutineArgumentArgs:
    return gcp.bigquery.RoutineArgumentArgs(
        name=argument.name,
        argument_kind="ANY_TYPE" if argument.type is None else None,
        data_type=_data_type(argument.type),
        mode=argument.mode,
    )


def _data_type(data_type: JsonObject | None) -> str | None:
    """StandardSqlDataType as the text that the provider compares."""
    return json.dumps(data_type, separators=(",", ":")) if data_type else None


def _query(item: View) -> gcp.bigquery.TableViewArgs:
    return gcp.bigquery.TableViewArgs(query=item.query, use_legacy_sql=False)


def _materialized(item: MaterializedView) -> gcp.bigquery.TableMaterializedViewArgs:
    return gcp.bigquery.TableMaterializedViewArgs(
        query=item.query,
        enable_refresh=item.enable_refresh,
        refresh_interval_ms=round(item.refresh_interval_minutes * MINUTE_MS),
    )


def _partitioning(item: MaterializedView) -> gcp.bigquery.TableTimePartitioningArgs | None:
    if item.partitioning is None:
        return None
    return gcp.bigquery.TableTimePartitioningArgs(
        type=item.partitioning["type"], field=item.partitioning["field"]
    )
