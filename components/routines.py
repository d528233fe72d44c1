"""Functions, table functions and procedures."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_gcp as gcp

from bqstack.catalogue import Kind, Routine
from bqstack.catalogue.model import Argument
from eros.project.settings import Settings

_ROUTINE_TYPES = {
    Kind.FUNCTION: "SCALAR_FUNCTION",
    Kind.TABLE_FUNCTION: "TABLE_VALUED_FUNCTION",
    Kind.PROCEDURE: "PROCEDURE",
}


class Routines(pulumi.ComponentResource):
    """The routines of the dataset (spec objects.md 5 to 7)."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        dataset: gcp.bigquery.Dataset,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("eros:warehouse:Routines", name, None, opts)
        self._settings = settings
        self._dataset = dataset

    def add(self, routine: Routine, needs: list[pulumi.Resource]) -> gcp.bigquery.Routine:
        """Declare one routine, to be created after `needs`."""
        return gcp.bigquery.Routine(
            routine.name,
            project=self._settings.project,
            dataset_id=self._dataset.dataset_id,
            routine_id=routine.name,
            routine_type=_ROUTINE_TYPES[routine.kind],
            language="SQL",
            description=routine.description,
            arguments=[_argument(argument) for argument in routine.arguments],
            return_type=_data_type(routine.returns),
            return_table_type=_data_type(routine.returns_table),
            definition_body=routine.body,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=needs,
                # Two routines of one name cannot exist at once.
                delete_before_replace=True,
            ),
        )


def _argument(argument: Argument) -> gcp.bigquery.RoutineArgumentArgs:
    return gcp.bigquery.RoutineArgumentArgs(
        name=argument.name,
        argument_kind="ANY_TYPE" if argument.type is None else None,
        data_type=_data_type(argument.type),
        mode=argument.mode,
    )


def _data_type(data_type: dict[str, Any] | None) -> str | None:
    """StandardSqlDataType as the text that the provider compares."""
    return json.dumps(data_type, separators=(",", ":")) if data_type else None
