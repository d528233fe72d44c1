"""Views and materialized views: they hold no rows, so nothing protects them."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from bqstack import resources
from bqstack.catalogue import View
from components.tables import place
from eros.project.settings import Settings


class Views(pulumi.ComponentResource):
    """The views of the dataset (docs/requirements.md#schema-and-routines)."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        dataset: gcp.bigquery.Dataset,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:warehouse:Views", name, None, opts)
        self._place = place(settings, dataset)

    def add(self, view: View, needs: list[pulumi.Resource]) -> gcp.bigquery.Table:
        """Declare one view, to be created after `needs`."""
        return resources.view(self._place, view, needs, self)
