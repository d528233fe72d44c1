"""Bytes that a statement would read and that Google would bill: an estimate by table sizes."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Protocol

log = logging.getLogger(__name__)

# "a minimum 10 MB data processed per table referenced by the query":
# https://cloud.google.com/bigquery/pricing
MINIMUM_BILLED = 10 * 2**20

# Dataset and name.
Reference = tuple[str, str]


class Tables(Protocol):
    """Who knows the tables of a project."""

    def table(self, dataset: str, name: str) -> dict[str, Any] | None:
        """The resource as `tables.get` shows it; None where there is none."""


class Sizes:
    """Sizes of the tables behind references, each asked for once."""

    def __init__(self, bigquery: Tables, project: str) -> None:
        self._bigquery = bigquery
        self._project = project
        self._known: dict[Reference, dict[Reference, int]] = {}

    def estimate(self, job: dict[str, Any]) -> tuple[int, int]:
        """Bytes processed and bytes billed of one finished statement."""
        statistics = job["statistics"].get("query", {})
        references = [
            (reference["datasetId"], reference["tableId"])
            for reference in statistics.get("referencedTables", [])
        ]
        # The target of an INSERT is written, not read; in a longer list it cannot be identified.
        if statistics.get("statementType") == "INSERT" and len(references) == 1:
            references = []
        sizes = self._behind(references)
        billed = sum(max(size, MINIMUM_BILLED) for size in sizes.values())
        return sum(sizes.values()), billed

    def _behind(self, references: Iterable[Reference]) -> dict[Reference, int]:
        found: dict[Reference, int] = {}
        for reference in references:
            if reference not in self._known:
                # A view that leads back to itself ends here.
                self._known[reference] = {}
                self._known[reference] = self._look_up(reference)
            found |= self._known[reference]
        return found

    def _look_up(self, reference: Reference) -> dict[Reference, int]:
        table = self._bigquery.table(*reference)
        if table is None:
            # Dropped since, or a view of INFORMATION_SCHEMA, which costs the minimum.
            return {reference: 0}
        if table.get("type") == "VIEW":
            return self._behind(self._tables_of(table["view"]["query"]))
        return {reference: int(table.get("numBytes") or 0)}

    def _tables_of(self, sql: str) -> list[Reference]:
        # Imported late: only a view makes the parser necessary.
        import sqlglot
        from sqlglot import exp
        from sqlglot.errors import SqlglotError

        try:
            tree = sqlglot.parse_one(sql, dialect="bigquery")
        except SqlglotError:
            log.warning("the tables of a view are not counted, it cannot be parsed: %.80s", sql)
            return []
        # Names without a dataset are common table expressions and unnested columns.
        return [
            (table.db, table.name)
            for table in tree.find_all(exp.Table)
            if table.db and table.catalog in ("", self._project) and table.name
        ]
