"""What a dataset grants to views, routines and datasets, and would lose by a grant of ours.

The provider writes a DatasetIamMember as the whole access list of its dataset, and leaves out
what is no member: "will remove any authorized view permissions from the dataset"
(https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/bigquery_dataset_iam).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.api_core.exceptions import NotFound

from bqstack import state
from eros.operations.deploy.model import Finding, Level, Site

_CHECK = "authorized views"
_GRANT = "gcp:bigquery/datasetIamMember:DatasetIamMember"


def authorized(site: Site) -> list[Finding]:
    """No view, routine or dataset loses its right to read the stack's dataset (C-11)."""
    settings = site.google.settings
    try:
        dataset = site.google.bigquery.get_dataset(f"{settings.project}.{settings.dataset}")
    except NotFound:
        return [Finding(_CHECK, Level.OK, "the dataset is made by this deployment")]
    names = [name for entry in dataset.access_entries for name in _names(entry.to_api_repr())]
    if not names:
        return [Finding(_CHECK, Level.OK, "none reads the dataset")]
    granted = any(
        resource.type == _GRANT and resource.inputs.get("datasetId") == settings.dataset
        for resource in state.current(site.stack, site.root).resources
    )
    when = (
        "an update that makes or removes a grant on the dataset takes"
        if granted
        else "the grants of this deployment take"
    )
    return [
        Finding(
            _CHECK,
            Level.WARNING if granted else Level.FAILED,
            f"{when} the right to read it from {', '.join(sorted(names))}",
            f"note them (bq show --format=prettyjson {settings.project}:{settings.dataset}),"
            " take them out, and authorize them again afterwards",
        )
    ]


def _names(entry: dict[str, Any]) -> Iterator[str]:
    """Name of the view, routine or dataset that an entry of the access list is for."""
    for kind in ("view", "routine", "dataset"):
        if found := entry.get(kind):
            place = found.get("dataset", found)
            parts = (place.get(key) for key in ("projectId", "datasetId", "tableId", "routineId"))
            yield f"{kind} {'.'.join(part for part in parts if part)}"
