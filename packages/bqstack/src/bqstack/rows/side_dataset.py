"""One side's views and functions, made in a dataset of their own over the stack's tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from google.api_core.exceptions import NotFound

from bqstack import partition_filter
from bqstack.failures import FAILURES, explained
from bqstack.guard import column_changes
from bqstack.rows.definitions import Definition, Definitions
from bqstack.unchecked import JsonMapping

if TYPE_CHECKING:
    from google.cloud import bigquery

# Left behind by a process that was killed, views and functions go by themselves.
_NAME = re.compile(r"rows_[0-9a-f]{8}_(?:before|after)")
KEPT_MS = 24 * 60 * 60 * 1000
_NO_LABELS: Mapping[str, str] = MappingProxyType({})


def delete_old(client: bigquery.Client) -> None:
    """Delete what processes that were killed have left behind: empty datasets of days ago."""
    before = datetime.now(UTC) - timedelta(milliseconds=KEPT_MS)
    for listed in client.list_datasets():
        if _NAME.fullmatch(listed.dataset_id):
            found = client.get_dataset(listed.reference)
            if found.created and found.created < before:
                client.delete_dataset(found, delete_contents=True, not_found_ok=True)


class Scratch:
    """A dataset that holds what a side declares; `wrong` says what could not be made, and why."""

    def __init__(
        self,
        client: bigquery.Client,
        live: str,
        dataset: str,
        definitions: Definitions,
        rows_of: Callable[[str], tuple[str, str]] | None = None,
        moment: datetime | None = None,
        labels: Mapping[str, str] = _NO_LABELS,
    ) -> None:
        """`live` is the dataset with the rows; the one that is made has these labels.

        `rows_of` gives the table whose rows a table has, and what comes behind its alias, where
        they are not simply those of the table of its name in `live`; every table is then a view of
        them. A table that was made after `moment` had none.
        """
        self._client, self._live, self.dataset = client, live, dataset
        self._rows_of, self._moment = rows_of, moment
        self._definitions, self._labels = definitions, labels
        self._made: set[str] = set()
        self.wrong: dict[str, str] = {}

    def make(self, names: Iterable[str], location: str) -> None:
        """Make these objects and what they need; tables stay where they are."""
        from google.cloud import bigquery

        place = bigquery.Dataset(f"{self._client.project}.{self.dataset}")
        place.location = location
        place.default_table_expiration_ms = KEPT_MS
        place.labels = dict(self._labels)
        self._client.create_dataset(place)
        for item in self._definitions.above(names):
            failed = next((self.wrong[need] for need in item.needs if need in self.wrong), "")
            if failed:
                self.wrong[item.name] = failed
                continue
            try:
                self._create(item)
            except FAILURES as error:
                self.wrong[item.name] = explained(error)

    def delete(self) -> None:
        """Delete the dataset and all that was made in it."""
        self._client.delete_dataset(self.dataset, delete_contents=True, not_found_ok=True)

    def name(self, name: str) -> str:
        """An object's full name for SQL, wherever it is."""
        dataset = self.dataset if name in self._made else self._live
        return f"`{self._client.project}`.`{dataset}`.`{name}`"

    def live_name(self, name: str) -> str:
        """A table's full name for SQL, with the columns that it has in the stack."""
        return f"`{self._client.project}`.`{self._live}`.`{name}`"

    def live_rows(self, name: str) -> str:
        """A query for all rows of a table of the stack."""
        table = self._client.get_table(f"{self._live}.{name}").to_api_repr()
        condition = partition_filter.every_row(table)
        where = f" WHERE {condition}" if condition else ""
        return f"SELECT * FROM {self.live_name(name)} AS {partition_filter.ROW}{where}"

    def rows(self, name: str) -> tuple[str, list[str]]:
        """A query for all rows of a table or view, and the names of its columns.

        It has a condition for each column that partitions may follow, as a table may require one.
        """
        dataset = self.dataset if name in self._made else self._live
        fields = self._client.get_table(f"{dataset}.{name}").to_api_repr()["schema"]["fields"]
        condition = partition_filter.every_value(fields)
        where = f" WHERE {condition}" if condition else ""
        text = f"SELECT * FROM {self.name(name)} AS {partition_filter.ROW}{where}"
        return text, [field["name"] for field in fields]

    def _create(self, item: Definition) -> None:
        if item.holds_rows:
            self._adapt(item)
        elif item.kind in ("view", "materialized view"):
            self._view(item.name, self._moved(item.text))
        elif item.kind != "PROCEDURE":
            self._routine(item)

    def _is_newer(self, table: bigquery.Table) -> bool:
        """Whether there was no such table at the moment that is asked for."""
        return bool(self._moment and table.created and table.created > self._moment)

    def _moved(self, text: str) -> str:
        return self._definitions.moved(text, self.dataset, self._made)

    def _view(self, name: str, query: str) -> None:
        from google.cloud import bigquery

        view = bigquery.Table(f"{self._client.project}.{self.dataset}.{name}")
        view.view_query = query
        self._client.create_table(view)
        self._made.add(name)

    def _routine(self, item: Definition) -> None:
        from google.cloud import bigquery

        kept = ("routineType", "language", "arguments", "returnType", "returnTableType")
        place = {"projectId": self._client.project, "datasetId": self.dataset}
        self._client.create_routine(
            bigquery.Routine.from_api_repr(
                {key: item.values[key] for key in kept if key in item.values}
                | {
                    "routineReference": place | {"routineId": item.name},
                    "definitionBody": self._moved(item.text),
                }
            )
        )
        self._made.add(item.name)

    def _adapt(self, item: Definition) -> None:
        """A view that gives a table the columns of this side, where it has others."""
        wanted = item.values.get("schema") or []
        try:
            live = self._client.get_table(f"{self._live}.{item.name}")
            there = {} if self._is_newer(live) else self._columns(item.name, live)
        except NotFound:
            there = {}
        is_same = there and {name: sql_type(field) for name, field in there.items()} == {
            field["name"]: sql_type(field) for field in wanted
        }
        if is_same and self._rows_of is None:
            return
        listed = ",\n    ".join(_column(field, there.get(field["name"])) for field in wanted)
        rows = "(SELECT 1) WHERE FALSE"
        if there:
            rows = self._from(item.name, live)
        self._view(item.name, f"SELECT\n    {listed}\nFROM {rows}")

    def _columns(self, name: str, live: bigquery.Table) -> dict[str, JsonMapping]:
        """The columns of a table's rows, by name; it may have others now than at the moment."""
        from google.cloud import bigquery

        fields = live.schema
        if self._moment:
            config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
            sql = f"SELECT * FROM {self._from(name, live)}"
            fields = self._client.query(sql, job_config=config).schema or fields
        return {field.name: field.to_api_repr() for field in fields}

    def _from(self, name: str, live: bigquery.Table) -> str:
        """The FROM of a view of a table's rows; even a view of one may have to name partitions."""
        table, behind = self._rows_of(name) if self._rows_of else (self.live_name(name), "")
        condition = partition_filter.every_row(live.to_api_repr())
        where = f"\nWHERE {condition}" if condition else ""
        return f"{table} AS {partition_filter.ROW} {behind}{where}"


def _column(wanted: JsonMapping, there: JsonMapping | None) -> str:
    name, kind = f"`{wanted['name']}`", sql_type(wanted)
    if there is None:
        return f"CAST({'[]' if kind.startswith('ARRAY<') else 'NULL'} AS {kind}) AS {name}"
    return name if sql_type(there) == kind else f"SAFE_CAST({name} AS {kind}) AS {name}"


def sql_type(field: JsonMapping) -> str:
    """The type of a TableFieldSchema without parameters, as a CAST takes it."""
    if str(field["type"]).upper() in ("RECORD", "STRUCT"):
        inner = ", ".join(f"`{f['name']}` {sql_type(f)}" for f in field.get("fields") or [])
        struct = f"STRUCT<{inner}>"
        return f"ARRAY<{struct}>" if field.get("mode") == "REPEATED" else struct
    kept = {key: field[key] for key in ("type", "mode", "rangeElementType") if key in field}
    return column_changes.type_of(kept)
