"""Tables: schema, layout, lifetime, protection.

A table of the provider is deleted before it is replaced, rows and all, so each one is
protected twice: by the engine (`protect`) and by the provider (`deletion_protection`).
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from bqstack import resources
from bqstack.catalogue import Table
from eros.project.settings import Settings


def place(settings: Settings, dataset: gcp.bigquery.Dataset) -> resources.Place:
    """Where the objects of a stack are made."""
    return resources.Place(
        settings, dataset.dataset_id, settings.all_labels, settings.protect_tables
    )


class Tables(pulumi.ComponentResource):
    """The tables of the dataset (docs/requirements.md#schema-and-routines)."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        dataset: gcp.bigquery.Dataset,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:warehouse:Tables", name, None, opts)
        self._place = place(settings, dataset)

    def add(self, table: Table, needs: Sequence[pulumi.Resource] = ()) -> gcp.bigquery.Table:
        """Declare one table, to be created after `needs`: those that its keys refer to."""
        return resources.table(self._place, table, needs, self)
