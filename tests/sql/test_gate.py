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
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from bqstack.analysis import finding_report, inspection
from bqstack.errors import UserError
from bqstack.plan import sources
from components import system
from eros.cli import deploy as deploy_command
from eros.cli import validate as validate_command
from eros.project import figures
from eros.project.alerts import loaded_rules
from eros.project.files import KEY, Reading
from eros.project.settings import PROJECT_ROOT, Settings
from eros.project.stack_file import load_stack_file
from tests.mistakes import MISTAKES, SWEEP, make

pytestmark = [pytest.mark.sql, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_stack_file("local")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all files, which the program and the command read."""
    for folder in ("config", "sql"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    for place in (system, validate_command, deploy_command):
        monkeypatch.setattr(place, "Reading", functools.partial(Reading, root=tmp_path))
    monkeypatch.setattr(deploy_command, "check_program", lambda *_: pytest.fail("too late"))
    monkeypatch.setattr(sources, "declared", lambda *_, **__: pytest.fail("too late"))
    figures.load.cache_clear()
    loaded_rules.read_document.cache_clear()
    return tmp_path


def run(command: Callable[..., None], *arguments: str) -> Result:
    """A command of `eros` on the local stack, in this process."""
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, ["--stack", "local", *arguments])


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_reported_once_at_its_place_and_alike_by_everybody(
    settings: Settings, tree: Path, name: str
) -> None:
    mistake = MISTAKES[name]
    make(tree, mistake)
    report = Reading(settings, tree).report
    (finding,) = report.findings
    assert finding.file.as_posix() == mistake.file
    assert re.fullmatch(mistake.rule, finding.rule)
    assert re.match(mistake.at, finding.excerpt[finding.column - 1 :]), finding_report.finding(
        finding
    )
    assert finding.hint
    assert mistake.hint in finding.hint
    with pytest.raises(UserError) as refused:
        system.read(settings)
    assert finding_report.finding(finding).rstrip() in str(refused.value)
    assert "1 mistake in the files; nothing has been changed" in str(refused.value)
    # The commands say it in the same words, and come no further.
    assert finding_report.finding(finding) in run(validate_command.validate).stdout
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
    reported: list[str] = []
    monkeypatch.setattr(system.pulumi.log, "warn", reported.append)
    allowing = settings.model_copy(update={"allow_mistakes": [SWEEP, "sql/views/gone.sql"]})
    assert system.read(allowing).sql.objects
    stale, passed = reported
    assert f"{KEY}: 'sql/views/gone.sql' no longer has mistakes" in stale
    assert "is_activ" in passed
    assert "will fail on Google" in passed


def test_an_allowance_for_one_file_lets_no_other_pass(settings: Settings, tree: Path) -> None:
    make(tree, MISTAKES["a column misspelt in a procedure"])
    make(tree, MISTAKES["a column misspelt in a view"])
    with pytest.raises(UserError, match="asigned_at") as both:
        system.read(settings)
    view = MISTAKES["a column misspelt in a view"].file
    for place, file in enumerate((SWEEP, view)):
        assert f"--path 'eros:allowMistakes[{place}]' '{file}' --stack local" in str(both.value)
    allowing = settings.model_copy(update={"allow_mistakes": [SWEEP]})
    with pytest.raises(UserError, match="asigned_at") as refused:
        system.read(allowing)
    # Behind the one that is allowed, which would else be lost.
    assert f"--path 'eros:allowMistakes[1]' '{view}' --stack local" in str(refused.value)


def test_the_side_that_is_there_already_is_read_with_its_mistakes(
    settings: Settings, tree: Path
) -> None:
    make(tree, MISTAKES["a column misspelt in a procedure"])
    assert system.read(settings, check=False).sql.objects


def test_no_emergency_is_offered_for_what_cannot_be_read(settings: Settings, tree: Path) -> None:
    make(tree, MISTAKES["a key misspelt in a schedule"])
    with pytest.raises(UserError, match="a file that cannot be read declares nothing") as refused:
        system.read(settings)
    assert "pulumi config set" not in str(refused.value)


def test_every_mistake_of_one_file_is_named_by_everybody(settings: Settings, tree: Path) -> None:
    make(tree, MISTAKES["a key misspelt in a schedule"])
    schedules = tree / "config/schedules.yaml"
    text = schedules.read_text(encoding="utf-8")
    schedules.write_text(
        text.replace("owner:", "ownr:", 1).replace("priority: HIGH", "priority: URGENT", 1)
    )
    found = Reading(settings, tree).report.findings
    assert [f.message.partition(":")[0].rpartition(".")[2] for f in found] == [
        "prioritee",
        "ownr",
        "priority",
    ]
    with pytest.raises(UserError, match="3 mistakes in the files") as refused:
        system.read(settings)
    printed = run(validate_command.validate).stdout
    for finding in found:
        assert finding_report.finding(finding).rstrip() in str(refused.value)
        assert finding_report.finding(finding) in printed
