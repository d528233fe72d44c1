"""Functions, table functions and procedures."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from bqstack import resources
from bqstack.catalogue import Routine
from components.tables import place
from eros.project.settings import Settings


class Routines(pulumi.ComponentResource):
    """The routines of the dataset (docs/requirements.md)."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        dataset: gcp.bigquery.Dataset,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:warehouse:Routines", name, None, opts)
        self._place = place(settings, dataset)

    def add(self, routine: Routine, needs: list[pulumi.Resource]) -> gcp.bigquery.Routine:
        """Declare one routine, to be created after `needs`."""
        return resources.routine(self._place, routine, needs, self)
