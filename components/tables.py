"""Tables: schema, layout, lifetime, protection.

A table of the provider is deleted before it is replaced, rows and all, so each one is
protected twice: by the engine (`protect`) and by the provider (`deletion_protection`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from bqstack.catalogue import Table
from bqstack.catalogue.model import ForeignKey
from eros.project.settings import Settings

DAY_MS = 24 * 60 * 60 * 1000
KEY_OF_DATASET = ["encryption_configuration"]
"""A table takes the key of its dataset when it is created. The provider reads that back and,
as no argument names it, would replace the table (terraform-provider-google 10518)."""


class Tables(pulumi.ComponentResource):
    """The tables of the dataset (spec objects.md 3, 4)."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        dataset: gcp.bigquery.Dataset,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:warehouse:Tables", name, None, opts)
        self._settings = settings
        self._dataset = dataset

    def add(self, table: Table, needs: Sequence[pulumi.Resource] = ()) -> gcp.bigquery.Table:
        """Declare one table, to be created after `needs`: those that its keys refer to."""
        settings = self._settings
        existing = None
        if table.name in settings.import_tables:
            existing = (
                f"projects/{settings.project}/datasets/{settings.dataset}/tables/{table.name}"
            )
        return gcp.bigquery.Table(
            table.name,
            project=settings.project,
            dataset_id=self._dataset.dataset_id,
            table_id=table.name,
            description=table.description,
            schema=json.dumps(table.schema),
            time_partitioning=_partitioning(table),
            clusterings=list(table.clustering) or None,
            require_partition_filter=table.require_partition_filter or None,
            table_constraints=_keys(table, settings),
            labels=settings.all_labels,
            deletion_protection=settings.protect_tables,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(needs),
                import_=existing,
                protect=settings.protect_tables or existing is not None,
                ignore_changes=KEY_OF_DATASET,
            ),
        )


def _partitioning(table: Table) -> gcp.bigquery.TableTimePartitioningArgs | None:
    if table.partitioning is None:
        return None
    days = table.partition_expiration_days
    return gcp.bigquery.TableTimePartitioningArgs(
        type=table.partitioning["type"],
        field=table.partitioning["field"],
        # Without a value the provider keeps the one that the table has; 0 is for ever.
        expiration_ms=round(days * DAY_MS) if days is not None else 0,
    )


def _keys(table: Table, settings: Settings) -> gcp.bigquery.TableTableConstraintsArgs | None:
    if not table.primary_key and not table.foreign_keys:
        return None
    primary = gcp.bigquery.TableTableConstraintsPrimaryKeyArgs(columns=list(table.primary_key))
    return gcp.bigquery.TableTableConstraintsArgs(
        primary_key=primary if table.primary_key else None,
        foreign_keys=[_foreign_key(key, settings) for key in table.foreign_keys] or None,
    )


def _foreign_key(
    key: ForeignKey, settings: Settings
) -> gcp.bigquery.TableTableConstraintsForeignKeyArgs:
    # The API takes one pair of columns a key.
    (column,), (referenced,) = key.columns, key.referenced
    return gcp.bigquery.TableTableConstraintsForeignKeyArgs(
        # A name of our own is the same in every stack; Google's counts.
        name=key.name or f"fk_{column}",
        referenced_table=gcp.bigquery.TableTableConstraintsForeignKeyReferencedTableArgs(
            project_id=settings.project, dataset_id=settings.dataset, table_id=key.table
        ),
        column_references=gcp.bigquery.TableTableConstraintsForeignKeyColumnReferencesArgs(
            referencing_column=column, referenced_column=referenced
        ),
    )
