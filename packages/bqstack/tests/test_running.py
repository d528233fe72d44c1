"""Statements that lose data by running: a class of their own, refused until allowed by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from bqstack.guard import Loss, allowances, compare, running

pytestmark = pytest.mark.unit
T = "`p`.`d`.rows_of_today"


@dataclass(frozen=True)
class One:
    """A resource as the guard sees it."""

    name: str
    type: str
    inputs: dict[str, Any] = field(default_factory=dict)
    custom: bool = True
    protect: bool = False

    @property
    def urn(self) -> str:
        return f"urn:pulumi:s::p::{self.type}::{self.name}"


def procedure(body: str) -> One:
    inputs = {"routineId": "r", "routineType": "PROCEDURE", "definitionBody": body}
    return One("r", "gcp:bigquery/routine:Routine", inputs)


def schedule(query: str) -> One:
    inputs = {"dataSourceId": "scheduled_query", "params": {"query": query}}
    return One("s", "gcp:bigquery/dataTransferConfig:DataTransferConfig", inputs)


DANGEROUS = [
    f"TRUNCATE TABLE {T};",
    f"DELETE FROM {T} WHERE TRUE;",
    f"DELETE {T} WHERE 1 = 1;",
    f"DELETE FROM {T} WHERE (true);",
    f"DELETE FROM {T};",
    f"DELETE FROM {T} WHERE id = id;",
    f"IF x THEN DELETE FROM {T} WHERE TRUE; END IF;",
    f"BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN TRUNCATE TABLE {T}; END;",
    f"UPDATE {T} SET a = 1 WHERE TRUE;",
    f"UPDATE {T} AS t SET a = (SELECT 1 FROM u WHERE u.b = 2) WHERE TRUE;",
    f"MERGE {T} USING s ON FALSE WHEN NOT MATCHED BY SOURCE THEN DELETE;",
    f"MERGE INTO {T} AS t USING s ON t.a = s.a WHEN NOT MATCHED THEN INSERT ROW"
    " WHEN NOT MATCHED BY SOURCE THEN DELETE;",
    f"DROP TABLE {T};",
    f"DROP TABLE IF EXISTS {T};",
    f"ALTER TABLE {T} DROP COLUMN a;",
    f"CREATE OR REPLACE TABLE {T} AS SELECT 1 AS a;",
    f"LOAD DATA OVERWRITE {T} FROM FILES (uris = ['gs://x/y'], format = 'CSV');",
    f"EXECUTE IMMEDIATE 'TRUNCATE TABLE {T}';",
    f"EXECUTE IMMEDIATE CONCAT('DELETE FROM {T} WHERE TRUE', '');",
    'EXECUTE IMMEDIATE """DROP TABLE `p`.`d`.rows_of_today""";',
]
SAFE = [
    f"DELETE FROM {T} WHERE day < '2020-01-01';",
    f"DELETE FROM {T} WHERE FALSE;",
    f"UPDATE {T} SET a = 1 WHERE b = 2;",
    f"MERGE {T} AS t USING s ON t.a = s.a WHEN MATCHED THEN DELETE;",
    f"MERGE {T} AS t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = 1;",
    f"MERGE {T} AS t USING s ON t.a = s.a WHEN NOT MATCHED BY SOURCE AND t.old THEN DELETE;",
    "CREATE TEMP TABLE scratch AS SELECT 1 AS a; DELETE FROM scratch WHERE TRUE;",
    "CREATE OR REPLACE TEMP TABLE scratch AS SELECT 1 AS a; DROP TABLE scratch;",
    f"SELECT 'TRUNCATE TABLE {T}' AS text;",
    f"-- TRUNCATE TABLE {T};\nSELECT 1;",
    f"INSERT INTO {T} (a) VALUES (1);",
]


@pytest.mark.parametrize("statement", DANGEROUS)
@pytest.mark.parametrize("kind", [procedure, schedule])
def test_what_newly_takes_every_row_is_refused_until_allowed_by_name(kind, statement) -> None:
    before = kind("BEGIN SELECT 1; END")
    after = kind(f"BEGIN SELECT 1; {statement} END")
    (change,) = compare([before], [after])
    assert change.loss is Loss.LOSSY
    (detail,) = change.lossy
    assert "rows_of_today" in detail.text
    assert allowances.refused([change], [])
    assert not allowances.refused([change], [detail.allowance])
    # It is no news to the next update.
    assert compare([after], [after]) == []


@pytest.mark.parametrize("statement", SAFE)
def test_what_chooses_its_rows_or_touches_its_own_tables_is_not_refused(statement) -> None:
    (change,) = compare([procedure("BEGIN SELECT 1; END")], [procedure(f"BEGIN {statement} END")])
    assert not change.lossy
    assert running.dangers(statement) == []


def test_a_new_procedure_counts_and_a_table_of_the_same_change_holds_nothing() -> None:
    new = procedure(f"BEGIN TRUNCATE TABLE {T}; END")
    (change,) = compare([], [new])
    assert [d.allowance for d in change.lossy] == ["r: run TRUNCATE TABLE rows_of_today"]
    table = One("t", "gcp:bigquery/table:Table", {"tableId": "rows_of_today"})
    assert not any(change.lossy for change in compare([], [new, table]))


def test_a_statement_more_of_the_same_kind_is_news_and_another_place_is_none() -> None:
    one, other = f"TRUNCATE TABLE {T};", "TRUNCATE TABLE `p`.`d`.u;"
    assert running.added(one, f"SELECT 1; {one}") == []
    assert [str(d) for d in running.added(one, one + other)] == ["TRUNCATE TABLE u"]
    assert [str(d) for d in running.added(one, one + one)] == ["TRUNCATE TABLE rows_of_today"]


def test_an_update_is_said_to_overwrite_rows_and_a_delete_to_delete_them() -> None:
    old = procedure("BEGIN SELECT 1; END")
    new = procedure(f"BEGIN UPDATE {T} SET a = 1 WHERE TRUE; TRUNCATE TABLE {T}; END")
    (change,) = compare([old], [new])
    assert [d.reason for d in change.details if d.loss is Loss.LOSSY] == [
        "it overwrites existing rows when it runs",
        "it deletes existing rows when it runs",
    ]
