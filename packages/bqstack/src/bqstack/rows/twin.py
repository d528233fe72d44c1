"""A dataset in which one side's program can run: clones of the tables, and everything else.

Two of them, of the same moment and with the same frozen clock, show what the code of two programs
does: whatever differs afterwards, the code did.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bqstack.catalogue import scan
from bqstack.failures import FAILURES, explained
from bqstack.guard import writes_elsewhere
from bqstack.rows.definitions import Definition, Definitions
from bqstack.rows.frozen import freeze, literal
from bqstack.rows.side_dataset import Scratch, sql_type

if TYPE_CHECKING:
    from google.cloud import bigquery

_DEFAULT_WORDS = ("CURRENT_", "RAND", "GENERATE_UUID")


class Twin(Scratch):
    """One side on clones of `live` as of `moment`; its clock stands at `now`."""

    def __init__(
        self,
        client: bigquery.Client,
        live: str,
        dataset: str,
        definitions: Definitions,
        moment: datetime,
        now: datetime,
        shared: Collection[str],
        labels: Mapping[str, str],
    ) -> None:
        """Of tables in `shared` nobody writes rows: they are read where they are."""
        self._as_of = f"FOR SYSTEM_TIME AS OF {literal(moment)}"
        super().__init__(
            client,
            live,
            dataset,
            definitions,
            lambda name: (self.live_name(name), self._as_of),
            moment,
            labels,
        )
        self._now, self._shared = now, shared

    def run(
        self, script: str, parameters: Sequence[bigquery.ScalarQueryParameter], seconds: int
    ) -> str:
        """Run a script of this side; why it failed, or nothing. It is moved and frozen first."""
        from google.cloud import bigquery

        config = bigquery.QueryJobConfig(
            query_parameters=list(parameters), job_timeout_ms=seconds * 1000
        )
        try:
            text = self._text(script)
            self._client.query_and_wait(text, job_config=config)
        except FAILURES as error:
            return explained(error)
        except scan.ScanError as error:
            return str(error)
        return ""

    def is_table(self, name: str) -> bool:
        """Whether it has rows of its own here."""
        item = self._definitions.by_name.get(name)
        return item is not None and item.holds_rows and name not in self._shared

    def _moved(self, text: str) -> str:
        return self._text(text)

    def _text(self, text: str) -> str:
        known = self._definitions
        moved = freeze(known.moved(text, self.dataset, known.by_name), self._now)
        for write in writes_elsewhere.writes(moved, self._client.project, {self.dataset}):
            # Whatever it is, a comparison changes nothing of others.
            raise scan.ScanError(f"{write.what} of {write.target} is not tried", write.line)
        return moved

    def _create(self, item: Definition) -> None:
        try:
            if item.holds_rows:
                self._table(item)
            elif item.kind == "PROCEDURE":
                self._routine(item)
            else:
                super()._create(item)
        except scan.ScanError as error:
            self.wrong[item.name] = str(error)

    def _table(self, item: Definition) -> None:
        from google.api_core.exceptions import NotFound

        if item.name in self._shared:
            self._adapt(item)
            return
        own = f"`{self._client.project}`.`{self.dataset}`.`{item.name}`"
        try:
            live = self._client.get_table(f"{self._live}.{item.name}")
        except NotFound:
            self._empty(item)
            return
        if self._is_newer(live):
            self._empty(item)
            return
        self._client.query_and_wait(
            f"CREATE TABLE {own} CLONE {self.live_name(item.name)} {self._as_of}"
        )
        self._made.add(item.name)
        there = {field.name: field.to_api_repr() for field in live.schema}
        wanted = {field["name"]: field for field in item.values.get("schema") or []}
        for name, field in wanted.items():
            if name not in there:
                self._alter(own, f"ADD COLUMN `{name}` {sql_type(field)}")
        for name in there.keys() - wanted.keys():
            self._alter(own, f"DROP COLUMN `{name}`")
        for name, field in wanted.items():
            default = str(field.get("defaultValueExpression") or "")
            if default.upper().startswith(_DEFAULT_WORDS):
                self._alter(own, f"ALTER COLUMN `{name}` SET DEFAULT {freeze(default, self._now)}")

    def _empty(self, item: Definition) -> None:
        columns = ", ".join(
            f"`{field['name']}` {sql_type(field)}" for field in item.values.get("schema") or []
        )
        own = f"`{self._client.project}`.`{self.dataset}`.`{item.name}`"
        self._client.query_and_wait(f"CREATE TABLE {own} ({columns})")
        self._made.add(item.name)

    def _alter(self, table: str, change: str) -> None:
        self._client.query_and_wait(f"ALTER TABLE {table} {change}")
