"""Bytes that a statement would read and Google would bill, by the estimate of the job history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from local_bigquery.catalog import tables
from local_bigquery.errors import BigQueryError

from localgcp.apis.job_history.sizes import Sizes


def estimate(
    referenced: Iterable[tuple[str, str, str]], statement_type: str | None
) -> tuple[int, int]:
    """Bytes processed, and bytes billed, of a statement that names these tables."""
    of_project: dict[str, list[dict[str, str]]] = {}
    for project, dataset, table in sorted(referenced):
        of_project.setdefault(project, []).append({"datasetId": dataset, "tableId": table})
    processed = billed = 0
    for project, names in of_project.items():
        statistics = {"referencedTables": names, "statementType": statement_type}
        sizes = Sizes(_Catalogue(project), project)
        more = sizes.estimate({"statistics": {"query": statistics}})
        processed, billed = processed + more[0], billed + more[1]
    return processed, billed


@dataclass(frozen=True)
class _Catalogue:
    """Tables as the REST API shows them, without the detour by HTTP."""

    project: str

    def table(self, dataset: str, name: str) -> dict[str, Any] | None:
        try:
            return tables.load(self.project, dataset, name).dump()
        except BigQueryError as error:
            if error.reason == "notFound":
                return None
            raise
