"""What a dataset grants to views, routines and datasets, and keeps whatever this program grants.

The provider writes a DatasetIamMember as the whole access list of its dataset, and since
terraform-provider-google 6.39 puts back what is no member (`mergeAccess` in its
iam_bigquery_member_dataset.go; magic-modules 14208).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.api_core.exceptions import NotFound

from eros.operations.deploy.deployment import Finding, Level, Site

_CHECK = "authorized views"


def authorized(site: Site) -> list[Finding]:
    """Which views, routines and datasets may read the stack's dataset (C-11)."""
    settings = site.google.settings
    try:
        dataset = site.google.bigquery.get_dataset(f"{settings.project}.{settings.dataset}")
    except NotFound:
        return [Finding(_CHECK, Level.OK, "this deployment creates the dataset")]
    names = [name for entry in dataset.access_entries for name in _names(entry.to_api_repr())]
    if not names:
        return [Finding(_CHECK, Level.OK, "no authorized view reads the dataset")]
    return [Finding(_CHECK, Level.OK, f"go on reading the dataset: {', '.join(sorted(names))}")]


def _names(entry: dict[str, Any]) -> Iterator[str]:
    """Name of the view, routine or dataset that an entry of the access list is for."""
    for kind in ("view", "routine", "dataset"):
        if found := entry.get(kind):
            place = found.get("dataset", found)
            parts = (place.get(key) for key in ("projectId", "datasetId", "tableId", "routineId"))
            yield f"{kind} {'.'.join(part for part in parts if part)}"
