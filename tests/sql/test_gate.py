"""One gate: twelve typical mistakes are reported alike by `eros validate` and by the program.

`pulumi preview`, `pulumi up`, `eros plan` and `eros deploy` all read the files by
`components.system.read` or by the `Reading` below it, before anything is declared.
"""

from __future__ import annotations

import functools
import re
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from bqstack.analysis import inspection, show
from bqstack.errors import UserError
from bqstack.plan import sources
from components import system
from eros.cli import deploy as deploy_command
from eros.cli import validate as validate_command
from eros.project import figures
from eros.project.alerts import catalogue as alerts_catalogue
from eros.project.files import KEY, Reading
from eros.project.settings import PROJECT_ROOT, Settings, load_stack_file

pytestmark = [pytest.mark.sql, pytest.mark.timeout(600)]
SWEEP = "sql/procedures/sweep_expired_caption_locks.sql"
STATISTICS = "sql/tables/caption_bandit_stats.sql"


@dataclass(frozen=True)
class Mistake:
    """`good` becomes `bad` in a file; the finding stands at `at`."""

    file: str
    good: str
    bad: str
    rule: str
    at: str
    hint: str = ""


MISTAKES = {
    "a column misspelt in a procedure": Mistake(
        SWEEP, "is_active = FALSE", "is_activ = FALSE", "unknown-column", "is_activ"
    ),
    "a column misspelt in a view": Mistake(
        "sql/views/active_lock_status.sql",
        "MIN(assigned_at)",
        "MIN(asigned_at)",
        "unknown-column",
        "asigned_at",
    ),
    "a keyword misspelt": Mistake(
        SWEEP, "SELECT AS STRUCT", "SELCT AS STRUCT", "syntax", "SELCT", "did you mean SELECT?"
    ),
    "a comma missing between columns": Mistake(
        STATISTICS,
        "counted, without any prior'),\n    failures",
        "counted, without any prior')\n    failures",
        "syntax",
        "failures",
    ),
    "an unknown type": Mistake(
        STATISTICS, "caption_key STRING", "caption_key STRIN", "wrong-type", "STRIN"
    ),
    "a name that no setting has": Mistake(SWEEP, "{{ project }}", "{{ projct }}", "file", ""),
    "a schedule of a procedure that is not there": Mistake(
        "config/schedules.yaml",
        ".refresh_holiday_calendar(",
        ".refresh_holiday_calender(",
        "missing-object",
        "refresh_holiday_calender",
        "did you mean refresh_holiday_calendar?",
    ),
    "a key misspelt in a schedule": Mistake(
        "config/schedules.yaml", "priority: LOW", "prioritee: LOW", "file", "prioritee", "priority"
    ),
    "a colon missing in YAML": Mistake(
        "config/schedules.yaml",
        "schedule: every monday 04:25",
        "schedule every monday 04:25",
        "file",
        "schedule every",
    ),
    "a key misspelt in a dashboard": Mistake(
        "config/dashboards/system.yaml", "widget:", "widgt:", "file", "widgt", "widget"
    ),
    "a type of channel that there is not": Mistake(
        "config/channels.yaml", "type: slack", "type: slak", "file", "type"
    ),
    "a unit that Monitoring has not": Mistake(
        "config/metrics.yaml", 'unit: "1"', "unit: parsec", "file", "unit"
    ),
}


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_stack_file("local")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all files, which the program and the command read."""
    for folder in ("config", "sql"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    monkeypatch.setattr("eros.project.settings.PROJECT_ROOT", tmp_path)
    for place in (system, validate_command, deploy_command):
        monkeypatch.setattr(place, "Reading", functools.partial(Reading, root=tmp_path))
    monkeypatch.setattr(deploy_command, "check_program", lambda *_: pytest.fail("too late"))
    monkeypatch.setattr(sources, "declared", lambda *_, **__: pytest.fail("too late"))
    figures.load.cache_clear()
    alerts_catalogue.read_document.cache_clear()
    return tmp_path


def run(command: Callable[..., None], *arguments: str) -> Result:
    """A command of `eros` on the local stack, in this process."""
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, ["--stack", "local", *arguments])


def make(tree: Path, mistake: Mistake) -> None:
    path = tree / mistake.file
    text = path.read_text(encoding="utf-8")
    assert mistake.good in text
    path.write_text(text.replace(mistake.good, mistake.bad, 1), encoding="utf-8")


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_once_at_its_place_and_alike_by_everybody(
    settings: Settings, tree: Path, name: str
) -> None:
    mistake = MISTAKES[name]
    make(tree, mistake)
    report = Reading(settings, tree).report
    (finding,) = report.findings
    assert finding.file.as_posix() == mistake.file
    assert re.fullmatch(mistake.rule, finding.rule)
    assert re.match(mistake.at, finding.excerpt[finding.column - 1 :]), show.finding(finding)
    assert finding.hint
    assert mistake.hint in finding.hint
    with pytest.raises(UserError) as refused:
        system.read(settings)
    assert show.finding(finding).rstrip() in str(refused.value)
    assert "1 mistake in the files, nothing has been changed" in str(refused.value)
    # The commands say it in the same words, and come no further.
    assert show.finding(finding) in run(validate_command.validate).stdout
    deployed = run(deploy_command.deploy, "--yes")
    assert str(deployed.exception) == str(refused.value)


def test_without_a_change_the_analyser_is_not_started(
    settings: Settings, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert system.read(settings).sql.objects

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the analyser was started")

    monkeypatch.setattr(inspection, "Inspection", refuse)
    assert Reading(settings, tree).report.analysed == 0


def test_a_change_is_analysed_with_all_that_names_it_and_nothing_else(
    settings: Settings, tree: Path
) -> None:
    Reading(settings, tree)
    procedure = tree / SWEEP
    # What is known of a text is kept for the user, so it must be one that was never there.
    procedure.write_text(procedure.read_text() + f"-- another end {uuid.uuid4()}\n")
    # The procedure, its schedule and what has its name in a text; not the other hundred.
    assert 2 <= Reading(settings, tree).report.analysed <= 15


def test_an_allowance_by_name_lets_a_mistake_pass_and_says_so(
    settings: Settings, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tree, MISTAKES["a column misspelt in a procedure"])
    told: list[str] = []
    monkeypatch.setattr(system.pulumi.log, "warn", told.append)
    allowing = settings.model_copy(update={"allow_mistakes": [SWEEP, "sql/views/gone.sql"]})
    assert system.read(allowing).sql.objects
    stale, passed = told
    assert f"{KEY}: 'sql/views/gone.sql' has no mistake any more" in stale
    assert "is_activ" in passed
    assert "will fail on Google" in passed


def test_an_allowance_for_one_file_lets_no_other_pass(settings: Settings, tree: Path) -> None:
    make(tree, MISTAKES["a column misspelt in a procedure"])
    make(tree, MISTAKES["a column misspelt in a view"])
    allowing = settings.model_copy(update={"allow_mistakes": [SWEEP]})
    with pytest.raises(UserError, match="asigned_at"):
        system.read(allowing)


def test_the_side_that_is_there_already_is_read_with_its_mistakes(
    settings: Settings, tree: Path
) -> None:
    make(tree, MISTAKES["a column misspelt in a procedure"])
    assert system.read(settings, check=False).sql.objects
