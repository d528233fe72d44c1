"""Statements of every construct in Google's reference, through the reader and the analyser.

Files of tests/unit/corpus hold cases: what is right beside what is wrong of the same construct,
and what BigQuery takes but no resource carries. All right ones are checked in one run, all
wrong ones in another, so that a mistake in one is also seen not to hide in others.
https://cloud.google.com/bigquery/docs/reference/standard-sql
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from bqstack import catalogue
from bqstack.analysis import Report, memory, show, validate
from bqstack.analysis.findings import Finding
from bqstack.errors import UserError
from eros.project.settings import Settings, parse
from tests.unit.conftest import VALUES, SqlFolder

FOLDER = Path(__file__).parent / "corpus"
# The first run on a machine compiles the analyser.
pytestmark = pytest.mark.timeout(600)

_KINDS = {
    "tables": ("tables", "CREATE TABLE IF NOT EXISTS @{name} {text};"),
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
_BASE = {
    "tables/t.sql": "CREATE TABLE IF NOT EXISTS @t (a INT64, b INT64, s STRING, d DATE,"
    " ts TIMESTAMP, dt DATETIME, f FLOAT64, n NUMERIC, ok BOOL, j JSON, arr ARRAY<INT64>,"
    " st STRUCT<x INT64, y STRING>, items ARRAY<STRUCT<k STRING, v INT64>>);",
    "tables/u.sql": "CREATE TABLE IF NOT EXISTS @u (a INT64, s STRING, w INT64);",
    "tables/keyed.sql": "CREATE TABLE IF NOT EXISTS @keyed"
    " (id INT64 PRIMARY KEY NOT ENFORCED, label STRING);",
    "tables/days.sql": "CREATE TABLE IF NOT EXISTS @days (d DATE, a INT64) PARTITION BY d;",
    "views/v.sql": "CREATE OR REPLACE VIEW @v AS SELECT a FROM @u;",
    "functions/plus_one.sql": "CREATE OR REPLACE FUNCTION @plus_one(x INT64) AS (x + 1);",
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

    def write(self, sql: SqlFolder, text: str) -> str:
        """Write the text as an object; the path of its file."""
        folder, form = _KINDS[self.kind]
        path = f"{folder}/{self.name}.sql"
        sql.write(path, form.format(name=self.name, text=text.rstrip()))
        return f"sql/{path}"


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


CASES = _cases("query", "pipe", "procedural", "ddl")
REFUSED = _cases("refused")


def _settings() -> Settings:
    return parse({**VALUES, "location": "US"}, "Pulumi.staging.yaml")


def _report(tmp: pytest.TempPathFactory, name: str, *, right: bool) -> Report:
    sql = SqlFolder(tmp.mktemp(name))
    for path, text in _BASE.items():
        sql.write(path, text)
    for case in CASES:
        case.write(sql, case.text if right else case.wrong)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "cache_folder", lambda: sql.root / "cache")
        return validate(_settings(), sql.root)


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Report on all that BigQuery takes."""
    return _report(tmp_path_factory, "right", right=True)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Report on all that it refuses."""
    return _report(tmp_path_factory, "wrong", right=False)


def _of(report: Report, case: Case) -> list[Finding]:
    path = f"sql/{_KINDS[case.kind][0]}/{case.name}.sql"
    return [f for f in report.findings if f.file.as_posix() == path]


def test_the_corpus_is_long_enough() -> None:
    names = [case.name for case in (*CASES, *REFUSED)]
    assert len(names) == len(set(names))
    assert len(CASES) >= 150


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_bigquery_takes_has_no_finding(right: Report, case: Case) -> None:
    found = _of(right, case)
    assert not found, "\n".join(map(show.finding, found))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_bigquery_refuses_is_found_in_its_file(wrong: Report, case: Case) -> None:
    found = _of(wrong, case)
    assert found, case.wrong
    if case.expected != "*":
        assert {f.rule for f in found} <= set(case.expected.split(","))


def test_nothing_else_is_found(right: Report, wrong: Report) -> None:
    assert right.findings == []
    files = {f"sql/{_KINDS[case.kind][0]}/{case.name}.sql" for case in CASES}
    assert {f.file.as_posix() for f in wrong.findings} <= files
    reasons = {note.reason for note in right.notes}
    assert reasons <= {"a dynamic statement is not analysed"}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_no_resource_carries_is_refused_with_file_line_and_fix(
    tmp_path: Path, case: Case
) -> None:
    sql = SqlFolder(tmp_path)
    for path, text in _BASE.items():
        sql.write(path, text)
    path = case.write(sql, case.text)
    with pytest.raises(UserError) as caught:
        catalogue.load(_settings(), sql.root)
    error = caught.value
    assert error.file == path
    assert error.line is not None
    assert case.expected in str(error)
