"""Which SQL tests a change touches, and what the comment says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import touched
from tools.touched import Case

READERS = {"rate": {"totals"}, "totals": {"report"}, "aside": {"report"}}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("rate/one", "totals/one", "totals/two", "report/one", "aside/one"):
        path = tmp_path / f"tests/sql/cases/{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("-- case: x\n")
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    return [f"{path.parent.name}/{path.stem}" for path in paths]


def test_cases_of_an_object_and_of_all_that_reads_it_are_touched(project):
    found = touched.touched([Path("sql/functions/rate.sql")], READERS, project)
    assert names(found) == ["rate/one", "report/one", "totals/one", "totals/two"]


def test_a_changed_case_is_touched_and_nothing_else(project):
    case = Path("tests/sql/cases/aside/one.sql")
    assert touched.touched([case, Path("README.md")], READERS, project) == [case]


def test_a_report_of_pytest_is_read():
    case = Path("tests/sql/cases/rate/one.sql")
    report = (
        '<testsuites><testsuite><testcase name="test_case[rate/one]">'
        '<failure message="one goal, 5% more">long</failure></testcase></testsuite></testsuites>'
    )
    assert touched.parsed(report, [case]) == [Case(case, "one goal, 5% more")]
    assert touched.parsed(report.replace("failure", "skipped"), [case]) == [Case(case)]


def test_failures_are_reported_with_their_words_and_the_rest_counted():
    good, bad = Path("tests/sql/cases/rate/one.sql"), Path("tests/sql/cases/rate/two.sql")
    text = touched.render("abc", [Case(good), Case(bad, "one goal\n<b>5%</b>")])
    assert "❌ 1 failed, 2 ran, about 1 object." in text
    assert "- `tests/sql/cases/rate/two.sql`: one goal \\<b\\>5%" in text
    assert "| `rate` | 2 | 1 |" in text
    assert "✅ none failed" in touched.render("abc", [Case(good)])
    assert "No object with SQL tests" in touched.render("abc", [])


def test_the_readers_of_an_object_are_those_whose_sql_names_it():
    found = touched.readers_of(touched.quick.ROOT)
    assert "wilson_score_bounds" in found["non_negative"]
