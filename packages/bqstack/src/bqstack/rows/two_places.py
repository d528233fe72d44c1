"""Rows of all tables and views in two places: a stack and its sandbox, or two programs' twins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from bqstack.failures import FAILURES, explained
from bqstack.rows import arguments
from bqstack.rows.definitions import Definitions
from bqstack.rows.row_diff import ObjectDiff
from bqstack.rows.row_sets import RowSets
from bqstack.rows.side_dataset import Scratch
from bqstack.unchecked import JsonObject

if TYPE_CHECKING:
    from google.cloud import bigquery

_WORKERS = 4
_ROWS = ("table", "external table", "view", "materialized view")


def names(old: Definitions, new: Definitions, without: Collection[str] = ()) -> list[str]:
    """Tables and views of the new side that the old one has, too; tables first."""
    both = [
        item
        for item in new.by_name.values()
        if item.name in old.by_name and item.kind in _ROWS and item.name not in without
    ]
    return [item.name for item in sorted(both, key=lambda item: (not item.holds_rows, item.name))]


class Places:
    """The same objects on both sides."""

    def __init__(
        self,
        client: bigquery.Client,
        scratches: tuple[Scratch, Scratch],
        kinds: Definitions,
        changed: Collection[str],
        *,
        same_ids: bool = False,
    ) -> None:
        self._client, self._scratches, self._kinds = client, scratches, kinds
        self._changed = changed
        self._rows = RowSets(client, same_ids=same_ids)
        self._queries: dict[str, tuple[tuple[str, list[str]], tuple[str, list[str]]]] = {}

    def bytes(self, wanted: Iterable[str]) -> int:
        """Bytes that the comparison of these will read, by a dry run of each statement."""
        from google.cloud import bigquery

        config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)

        def one(name: str) -> int:
            if self._why_not(name):
                return 0
            try:
                (old, columns), (new, others) = self._both(name)
                common = [column for column in columns if column in others]
                job = self._client.query(self._rows.statement(old, new, common), job_config=config)
            except FAILURES:
                return 0  # The comparison itself says why.
            return int(job.total_bytes_processed or 0)

        with ThreadPoolExecutor(_WORKERS) as pool:
            return sum(pool.map(one, list(wanted)))

    def compare(
        self, wanted: Sequence[str], tell: Callable[[str], None] = lambda _: None
    ) -> tuple[ObjectDiff, ...]:
        """What differs, object by object."""

        def one(name: str) -> ObjectDiff:
            tell(name)
            head: JsonObject = {
                "name": name,
                "kind": self._kinds.by_name[name].kind,
                "is_changed": name in self._changed,
            }
            if why := self._why_not(name):
                return ObjectDiff(**head, unknown=why)
            try:
                (old, columns), (new, others) = self._both(name)
                return self._rows.compared(head, (old, new), (columns, others))
            except arguments.Unknown as error:
                return ObjectDiff(**head, unknown=str(error))
            except FAILURES as error:
                return ObjectDiff(**head, unknown=explained(error))

        with ThreadPoolExecutor(_WORKERS) as pool:
            return tuple(pool.map(one, wanted))

    def _why_not(self, name: str) -> str:
        for when, scratch in zip(("before", "after"), self._scratches, strict=True):
            if why := scratch.wrong.get(name):
                return f"{when} the change it cannot be made: {why}"
        return ""

    def _both(self, name: str) -> tuple[tuple[str, list[str]], tuple[str, list[str]]]:
        """The query of each side, with its columns."""
        if name not in self._queries:
            old, new = (scratch.rows(name) for scratch in self._scratches)
            self._queries[name] = (old, new)
        return self._queries[name]
