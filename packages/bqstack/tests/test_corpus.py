"""The corpus through the reader and the analyser.

All right statements are checked in one run, all wrong ones in another, so that a mistake in one
is also seen not to hide in others. tests/sql/test_corpus_runs.py runs them on the local BigQuery.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bqstack import catalogue
from bqstack.analysis import Report, finding_report, memory, validate
from bqstack.analysis.findings import Finding
from bqstack.errors import UserError
from bqstack.target import Stack
from packages.bqstack.tests.corpus_cases import CASES, REFUSED, Case, write_base
from packages.bqstack.tests.sql_folder import SqlFolder

# The first run on a machine compiles the analyser.
pytestmark = pytest.mark.timeout(600)


TARGET = Stack("test-project", "brain", environment="staging", adopts_external_tables=False)


def _report(tmp: pytest.TempPathFactory, name: str, *, right: bool) -> Report:
    sql = SqlFolder(tmp.mktemp(name))
    write_base(sql)
    for case in CASES:
        case.write(sql, case.text if right else case.wrong)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "cache_folder", lambda: sql.root / "cache")
        return validate(TARGET, sql.root)


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Report on all that BigQuery takes."""
    return _report(tmp_path_factory, "right", right=True)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Report on all that it refuses."""
    return _report(tmp_path_factory, "wrong", right=False)


def _of(report: Report, case: Case) -> list[Finding]:
    return [f for f in report.findings if f.file.as_posix() == case.path]


def test_the_corpus_is_long_enough() -> None:
    names = [case.name for case in (*CASES, *REFUSED)]
    assert len(names) == len(set(names))
    assert len(CASES) >= 150


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_bigquery_takes_has_no_finding(right: Report, case: Case) -> None:
    found = _of(right, case)
    assert not found, "\n".join(map(finding_report.finding, found))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_bigquery_refuses_is_found_in_its_file(wrong: Report, case: Case) -> None:
    found = _of(wrong, case)
    assert found, case.wrong
    if case.expected != "*":
        assert {f.rule for f in found} <= set(case.expected.split(","))


def test_nothing_else_is_found(right: Report, wrong: Report) -> None:
    assert right.findings == []
    files = {case.path for case in CASES}
    assert {f.file.as_posix() for f in wrong.findings} <= files
    reasons = {note.reason for note in right.notes}
    assert reasons <= {"a dynamic statement is not analysed"}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_no_resource_carries_is_refused_with_file_line_and_fix(
    tmp_path: Path, case: Case
) -> None:
    sql = SqlFolder(tmp_path)
    write_base(sql)
    case.write(sql, case.text)
    with pytest.raises(UserError) as caught:
        catalogue.load(TARGET, sql.root)
    error = caught.value
    assert error.file == case.path
    assert error.line is not None
    assert case.expected in str(error)


def test_a_metadata_view_of_the_own_dataset_is_declared_like_another_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = SqlFolder(tmp_path)
    view = "`{{ project }}`.`{{ dataset }}`.INFORMATION_SCHEMA.TABLE_OPTIONS"
    sql.write("elsewhere/options.sql", f"CREATE TABLE IF NOT EXISTS {view} (option_name STRING);")
    sql.write(
        "views/right.sql", f"CREATE OR REPLACE VIEW @right AS SELECT option_name FROM {view};"
    )
    sql.write("views/wrong.sql", f"CREATE OR REPLACE VIEW @wrong AS SELECT option FROM {view};")
    monkeypatch.setattr(memory, "cache_folder", lambda: tmp_path / "cache")
    report = validate(TARGET, tmp_path)
    assert [(one.file.name, one.rule) for one in report.findings] == [
        ("wrong.sql", "unknown-column")
    ]


def test_a_function_of_google_that_is_not_known_is_let_pass_by_a_comment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = SqlFolder(tmp_path)
    query = "SELECT * FROM EXTERNAL_QUERY('p.us.c', 'SELECT 1')"
    allowed = "-- validate: allow missing-object Google's own"
    sql.write("views/told.sql", f"CREATE OR REPLACE VIEW @told AS\n{query};")
    sql.write("views/allowed.sql", f"CREATE OR REPLACE VIEW @allowed AS\n{allowed}\n{query};")
    monkeypatch.setattr(memory, "cache_folder", lambda: tmp_path / "cache")
    [finding] = validate(TARGET, tmp_path).findings
    assert (finding.file.name, finding.rule) == ("told.sql", "missing-object")
    assert "-- validate: allow missing-object" in finding.hint
