"""`eros validate` as a command; what it finds is tested with the analyser."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bqstack import analysis as checks
from bqstack.analysis import Finding, Report, rules
from bqstack.errors import UserError
from bqstack.plan import sources
from eros.cli import validate as command
from eros.project.settings import PROJECT_ROOT

FINDING = Finding(Path("sql/views/v.sql"), 12, 5, "syntax", "bad", "fix it", "\tab bad", 3)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> typer.Typer:
    """The command, with nothing remembered and nothing found."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(checks, "validate", lambda *_, **__: Report([]))
    monkeypatch.setattr(sources, "declared", lambda *_, **__: None)
    made = typer.Typer()
    made.command()(command.validate)
    return made


def broken(*_: object, **__: object) -> None:
    """The program, when it breaks a rule."""
    raise UserError("the policy pack's rules are violated\n  bucket: public")


@pytest.mark.parametrize(("findings", "code"), [([], 0), ([FINDING], 1)])
def test_exit_code_tells_whether_anything_was_found(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch, findings: list[Finding], code: int
) -> None:
    monkeypatch.setattr(checks, "validate", lambda *_, **__: Report(findings))
    assert CliRunner().invoke(app, []).exit_code == code
    assert CliRunner().invoke(app, ["--format", "json"]).exit_code == code


def test_a_rule_of_the_policy_pack_that_is_broken_is_a_mistake(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "declared", broken)
    for _ in range(2):
        result = CliRunner().invoke(app, [])
        assert isinstance(result.exception, UserError)
        assert "bucket: public" in str(result.exception)


def test_a_program_without_a_mistake_is_declared_once(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CliRunner().invoke(app, []).exit_code == 0
    monkeypatch.setattr(sources, "declared", broken)
    assert CliRunner().invoke(app, []).exit_code == 0
    for another in (["--fresh"], ["--stack", "staging"]):
        assert CliRunner().invoke(app, another).exit_code == 1


def test_docs_list_every_rule_as_the_code_does() -> None:
    document = (PROJECT_ROOT / "docs/validate.md").read_text(encoding="utf-8")
    assert rules.markdown() in document, "paste the output of python -m bqstack.analysis.rules"
