"""Statements of every construct in Google's reference, as the files of corpus/ hold them.

A case has what is right beside what is wrong of the same construct, or, in `refused.sql`, what
BigQuery takes but no resource carries.
https://cloud.google.com/bigquery/docs/reference/standard-sql
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from packages.bqstack.tests.sql_folder import SqlFolder

FOLDER = Path(__file__).parent / "corpus"

KINDS = {
    "tables": ("tables", "CREATE TABLE IF NOT EXISTS @{name} {text};"),
    "external": ("tables", "CREATE EXTERNAL TABLE IF NOT EXISTS @{name} {text};"),
    "snapshots": ("tables", "CREATE SNAPSHOT TABLE @{name} {text};"),
    "functions": ("functions", "CREATE OR REPLACE FUNCTION @{name}{text};"),
    "aggregate": ("functions", "CREATE OR REPLACE AGGREGATE FUNCTION @{name}{text};"),
    "table_functions": ("table_functions", "CREATE OR REPLACE TABLE FUNCTION @{name}{text};"),
    "views": ("views", "CREATE OR REPLACE VIEW @{name} AS\n{text};"),
    "views_": ("views", "CREATE OR REPLACE VIEW @{name} {text};"),
    "materialized_views": (
        "materialized_views",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS @{name} {text};",
    ),
    "procedures": ("procedures", "CREATE OR REPLACE PROCEDURE @{name}()\nBEGIN\n{text}\nEND;"),
    "procedures_": ("procedures", "CREATE OR REPLACE PROCEDURE @{name}{text};"),
}
BASE = {
    "tables/t.sql": "CREATE TABLE IF NOT EXISTS @t (a INT64, b INT64, s STRING, d DATE,"
    " ts TIMESTAMP, dt DATETIME, f FLOAT64, n NUMERIC, ok BOOL, j JSON, arr ARRAY<INT64>,"
    " st STRUCT<x INT64, y STRING>, items ARRAY<STRUCT<k STRING, v INT64>>);",
    "tables/u.sql": "CREATE TABLE IF NOT EXISTS @u (a INT64, s STRING, w INT64);",
    "tables/keyed.sql": "CREATE TABLE IF NOT EXISTS @keyed"
    " (id INT64 PRIMARY KEY NOT ENFORCED, label STRING);",
    "tables/page.sql": "CREATE TABLE IF NOT EXISTS @page (page STRING, n INT64);",
    "tables/days.sql": "CREATE TABLE IF NOT EXISTS @days (d DATE, a INT64) PARTITION BY d;",
    "views/v.sql": "CREATE OR REPLACE VIEW @v AS SELECT a FROM @u;",
    "functions/plus_one.sql": "CREATE OR REPLACE FUNCTION @plus_one(x INT64) AS (x + 1);",
    "views/star.sql": "CREATE OR REPLACE VIEW @star AS SELECT * FROM @u;",
    "functions/same.sql": "CREATE OR REPLACE FUNCTION @same(x ANY TYPE) AS (x);",
    "table_functions/one_row.sql": "CREATE OR REPLACE TABLE FUNCTION @one_row(given_ ANY TYPE) AS"
    " SELECT given_ AS given;",
    "procedures/note.sql": "CREATE OR REPLACE PROCEDURE @note(x INT64, OUT y INT64)"
    " BEGIN SET y = x; END;",
    "table_functions/rows_of.sql": "CREATE OR REPLACE TABLE FUNCTION @rows_of(x INT64) AS"
    " SELECT a FROM @t WHERE a = x;",
    "elsewhere/events.sql": "CREATE TABLE IF NOT EXISTS"
    " `other-project`.`analytics_1`.`events_*` (event_name STRING, event_date STRING);",
    "elsewhere/shakespeare.sql": "CREATE TABLE IF NOT EXISTS"
    " `bigquery-public-data`.`samples`.`shakespeare` (word STRING, word_count INT64);",
    "elsewhere/storage.sql": "CREATE TABLE IF NOT EXISTS"
    " `{{ project }}`.`region-us`.INFORMATION_SCHEMA.TABLE_STORAGE (total_rows INT64);",
}


@dataclass(frozen=True)
class Case:
    """`expected` are rules of which one must be found, or words of a refusal."""

    kind: str
    name: str
    text: str
    wrong: str = ""
    expected: str = ""

    @property
    def path(self) -> str:
        """Path of the file that holds the object."""
        return f"sql/{KINDS[self.kind][0]}/{self.name}.sql"

    def write(self, sql: SqlFolder, text: str) -> None:
        """Write the text as an object."""
        form = KINDS[self.kind][1].format(name=self.name, text=text.rstrip())
        sql.write(self.path.removeprefix("sql/"), form)


def write_base(sql: SqlFolder) -> None:
    """Write the objects that the cases read."""
    for path, text in BASE.items():
        sql.write(path, text)


def _cases(*names: str) -> list[Case]:
    found = []
    for name in names:
        kind = ""
        text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
        for block in re.split(r"^(?=-- (?:kind|case): )", text, flags=re.MULTILINE):
            first, _, rest = block.partition("\n")
            if first.startswith("-- kind: "):
                kind = first.removeprefix("-- kind: ")
            elif first.startswith("-- case: "):
                right, mark, wrong = re.split(r"^-- (?:invalid|named): (.*)\n?", rest, flags=re.M)
                found.append(Case(kind, first.removeprefix("-- case: "), right, wrong, mark))
    return found


CASES = _cases("query", "pipe", "procedural", "ddl", "public")
REFUSED = _cases("refused")
