"""Everything inside the dataset, created in the order of the catalogue."""

from __future__ import annotations

import pulumi

from bqstack.catalogue import Catalogue, Routine, Table, View
from components.routines import Routines
from components.tables import Tables
from components.views import Views
from components.warehouse import Warehouse
from eros.project.settings import Settings


class Objects(pulumi.ComponentResource):
    """Tables, routines and views of one catalogue.

    Views read tables and call functions, procedures write tables and read views: the
    three rooms are filled side by side, each object after those that it names.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        catalogue: Catalogue,
        warehouse: Warehouse,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:warehouse:Objects", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tables = Tables("tables", settings, warehouse.dataset, child)
        routines = Routines("routines", settings, warehouse.dataset, child)
        views = Views("views", settings, warehouse.dataset, child)
        self.resources: dict[str, pulumi.Resource] = {}
        for item in catalogue.declared:
            needs = [self.resources[n] for n in item.depends_on if n not in catalogue.adopted]
            match item:
                case Table():
                    self.resources[item.name] = tables.add(item, needs)
                case Routine():
                    self.resources[item.name] = routines.add(item, needs)
                case View():
                    self.resources[item.name] = views.add(item, needs)
        for room in (tables, routines, views):
            room.register_outputs({})
        self.register_outputs({})
