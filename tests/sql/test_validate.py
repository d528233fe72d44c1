"""`eros validate` on the project's SQL, on clean SQL and on a list of seeded mistakes.

tests/sql/validate/clean is a small system without a mistake. tests/sql/validate/mistakes
holds one mistake per file; a comment `-- ! <rule> <token>` at the end of a line says what
must be found there and on which token (`-- !^` means the line above). All files are
checked in one run, so it is also seen that no mistake hides another.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from bqstack.analysis import Report, finding_report, memory, validate
from bqstack.analysis.rules import RULES
from eros.project import alerts, figures
from eros.project.files import Reading, beside
from eros.project.project import Project
from eros.project.schedules import ScheduledScripts
from eros.project.settings import PROJECT_ROOT, Settings
from eros.project.stack_file import load_stack_file
from tests.mistakes import MISTAKES, make

pytestmark = pytest.mark.sql
DATA = Path(__file__).parent / "validate"
_EXPECTED = re.compile(r"(?:--|#) !(\^?) (\S+) (.+)$")
# The first run on a machine compiles the analyser.
TIMEOUT = 600


def expected_findings() -> list[tuple[str, int, str, str]]:
    """(file, line, rule, token) of every seeded mistake."""
    found = []
    for path in sorted(p for p in (DATA / "mistakes").rglob("*") if p.is_file()):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            mark = _EXPECTED.search(line)
            if mark:
                place = number - 1 if mark[1] else number
                name = path.relative_to(DATA / "mistakes").as_posix()
                found.append((name, place, mark[2], mark[3]))
    return found


EXPECTED = expected_findings()


def checked(settings: Settings, root: Path, only: Iterable[Path] = ()) -> Report:
    """Report on all SQL below `root`, that of config/ included.

    Where the system has no rules and figures of its own, templates know the product's.
    """
    files = beside(ScheduledScripts(settings, root))
    if not (root / alerts.FILE).exists():
        files = dataclasses.replace(files, names=Project(settings, PROJECT_ROOT).names)
    return validate(settings, root, only, beside=files)


@pytest.fixture(scope="module", autouse=True)
def _own_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Results of these runs stay out of the user's cache; the compiled analyser is shared."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "cache_folder", lambda: folder)
        yield


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_stack_file("local")


@pytest.fixture(scope="module")
def mistakes(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Report on the clean system with every mistake added."""
    root = tmp_path_factory.mktemp("mistakes")
    shutil.copytree(DATA / "clean", root, dirs_exist_ok=True)
    shutil.copytree(DATA / "mistakes", root, dirs_exist_ok=True)
    return checked(settings, root)


def test_the_list_of_mistakes_is_long_enough() -> None:
    assert len(EXPECTED) >= 40
    # These need a generated file: tests/unit/test_validate.py.
    generated = {"view-depth", "call-depth", "argument-count", "text-size", "semantics"}
    assert {rule for _, _, rule, _ in EXPECTED} == RULES.keys() - generated


@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize(
    ("file", "line", "rule", "token"), EXPECTED, ids=[Path(e[0]).stem for e in EXPECTED]
)
def test_mistake_is_found_at_its_place(
    mistakes: Report, file: str, line: int, rule: str, token: str
) -> None:
    here = [f for f in mistakes.findings if f.file.as_posix() == file]
    assert [(f.line, f.rule) for f in here] == [(line, rule)], finding_report.text(mistakes)
    (finding,) = here
    assert finding.excerpt[finding.column - 1 :].startswith(token), finding_report.text(mistakes)
    assert finding.message
    assert finding.hint


@pytest.mark.timeout(TIMEOUT)
def test_nothing_but_the_seeded_mistakes_is_found(mistakes: Report) -> None:
    found = [(f.file.as_posix(), f.line, f.rule) for f in mistakes.findings]
    assert sorted(found) == sorted((file, line, rule) for file, line, rule, _ in EXPECTED)
    assert found == sorted(found), "findings stand in the order of files and lines"


@pytest.mark.timeout(TIMEOUT)
def test_clean_sql_has_no_finding_and_every_statement_is_analysed(settings: Settings) -> None:
    report = checked(settings, DATA / "clean")
    assert finding_report.text(report).startswith("validate: no mistake; 10 objects, ")
    assert report.notes == []


@pytest.mark.timeout(TIMEOUT)
def test_second_run_tells_the_same_and_a_changed_table_is_noticed(
    settings: Settings, tmp_path: Path
) -> None:
    shutil.copytree(DATA / "clean", tmp_path, dirs_exist_ok=True)
    first = checked(settings, tmp_path)
    second = checked(settings, tmp_path)
    assert (second.findings, second.statements) == (first.findings, first.statements)
    table = tmp_path / "sql/tables/pages.sql"
    table.write_text(table.read_text().replace("note STRING", "remark STRING"))
    third = checked(settings, tmp_path)
    assert {f.file.stem for f in third.findings} == {"every_statement", "note_it"}


@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize("stack", ["local", "prod"])
def test_the_projects_sql_has_no_mistake(stack: str) -> None:
    report = checked(load_stack_file(stack), PROJECT_ROOT)
    assert report.ok, finding_report.text(report)
    assert report.notes == [], finding_report.text(report)


@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize(
    ("good", "bad", "rule", "token"),
    [
        ("value: health.active_locks", "value: health.lively_locks", "unknown-column", "lively"),
        ("MAX(check_timestamp) AS last", "MAX(check_time) AS last", "unknown-column", "check_time"),
        ("severity: INFO", "severity: NEWS", "file", "severity: NEWS"),
    ],
)
def test_a_mistake_in_an_alert_rule_is_reported_at_its_line(
    settings: Settings, tmp_path: Path, good: str, bad: str, rule: str, token: str
) -> None:
    for folder in ("config", "sql"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    edit(tmp_path / alerts.FILE, good, bad)
    readings = Path("sql/table_functions/alert_readings.sql")
    (finding,) = checked(settings, tmp_path, only=[readings, alerts.FILE]).findings
    assert (finding.file, finding.rule) == (alerts.FILE, rule)
    assert finding.excerpt[finding.column - 1 :].startswith(token) or token in finding.excerpt


@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize(
    ("good", "bad", "rule", "token"),
    [
        ("        value: warnings", "        value: warnigs", "unknown-column", "warnigs"),
        ("      health_score:", "      health_scor:", "unknown-column", "health_scor"),
        ("  latest_job_runs:", "  lastest_job_runs:", "missing-object", "lastest_job_runs"),
        ("by: component", "by: componnt", "unknown-column", "componnt"),
    ],
)
def test_a_mistake_in_a_figure_is_reported_at_its_line(
    settings: Settings, tmp_path: Path, good: str, bad: str, rule: str, token: str
) -> None:
    for folder in ("config", "sql"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    edit(tmp_path / figures.FILE, good, bad)
    found = Reading(settings, tmp_path).report.findings
    # A dashboard that shows the figure by its old name has a finding of its own.
    (finding,) = (one for one in found if one.file.parent != Path("config/dashboards"))
    assert (finding.file, finding.rule) == (figures.FILE, rule)
    assert finding.excerpt[finding.column - 1 :].startswith(token)


@pytest.mark.timeout(TIMEOUT)
def test_mistakes_of_files_that_templates_read_hide_none_in_the_sql(
    settings: Settings, tmp_path: Path
) -> None:
    for folder in ("config", "sql"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    edit(tmp_path / figures.FILE, 'unit: "1"', "unit: parsec")
    edit(tmp_path / alerts.FILE, "severity: INFO", "severity: NEWS")
    for name in (
        "a column misspelt in a procedure",
        "an unknown type",
        "a schedule of a procedure that is not there",
        "a type of channel that there is not",
    ):
        make(tmp_path, MISTAKES[name])
    report = Reading(settings, tmp_path).report
    assert [finding.file.as_posix() for finding in report.findings] == [
        "config/alerts.yaml",
        "config/channels.yaml",
        "config/metrics.yaml",
        "config/schedules.yaml",
        "sql/procedures/sweep_expired_caption_locks.sql",
        "sql/tables/caption_bandit_stats.sql",
    ], finding_report.text(report)


def edit(file: Path, good: str, bad: str) -> None:
    """Replace the first place of a text that is there."""
    text = file.read_text(encoding="utf-8")
    assert good in text
    file.write_text(text.replace(good, bad, 1), encoding="utf-8")


@pytest.mark.timeout(TIMEOUT)
def test_a_path_limits_what_is_reported(settings: Settings, tmp_path: Path) -> None:
    shutil.copytree(DATA / "clean", tmp_path, dirs_exist_ok=True)
    shutil.copytree(DATA / "mistakes", tmp_path, dirs_exist_ok=True)
    only = Path("sql/procedures/set_type.sql")
    report = checked(settings, tmp_path, only=[only])
    assert {f.file for f in report.findings} == {only}


@pytest.mark.timeout(TIMEOUT)
def test_printed_finding_reads_like_a_compilers(mistakes: Report) -> None:
    text = finding_report.text(mistakes)
    assert (
        "sql/procedures/column_misspelt.sql:5:9: "
        "error[unknown-column]: Unrecognized name: audence; Did you mean audience?\n"
        "   |\n"
        " 5 |         audence -- ! unknown-column audence\n"
        "   |         ^^^^^^^\n"
        "   = hint: "
    ) in text
    assert text.splitlines()[-1].startswith(f"validate: {len(EXPECTED)} mistakes (")


@pytest.mark.timeout(TIMEOUT)
def test_dynamic_statements_are_reported_as_unanalysed(mistakes: Report) -> None:
    assert [n.file.stem for n in mistakes.notes if "dynamic" in n.reason] == [
        "dynamic_format",
        "dynamic_from_data",
    ]


@pytest.mark.timeout(TIMEOUT)
def test_json_holds_the_same_findings(mistakes: Report) -> None:
    document = json.loads(finding_report.as_json(mistakes))
    assert len(document["findings"]) == len(mistakes.findings)
    assert document["findings"][0].keys() == {
        "file",
        "line",
        "column",
        "rule",
        "message",
        "hint",
    }
