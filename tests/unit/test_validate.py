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


@pytest.mark.parametrize(("findings", "code"), [([], 0), ([FINDING], 1)])
def test_exit_code_tells_whether_anything_was_found(
    monkeypatch: pytest.MonkeyPatch, findings: list[Finding], code: int
) -> None:
    monkeypatch.setattr(checks, "validate", lambda *_, **__: Report(findings))
    monkeypatch.setattr(sources, "declared", lambda *_, **__: None)
    app = typer.Typer()
    app.command()(command.validate)
    assert CliRunner().invoke(app, []).exit_code == code
    assert CliRunner().invoke(app, ["--format", "json"]).exit_code == code


def test_a_rule_of_the_policy_pack_that_is_broken_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise UserError("rules of the policy pack are broken\n  bucket: public")

    monkeypatch.setattr(checks, "validate", lambda *_, **__: Report([]))
    monkeypatch.setattr(sources, "declared", broken)
    app = typer.Typer()
    app.command()(command.validate)
    result = CliRunner().invoke(app, [])
    assert isinstance(result.exception, UserError)
    assert "bucket: public" in str(result.exception)


def test_docs_list_every_rule_as_the_code_does() -> None:
    document = (PROJECT_ROOT / "docs/validate.md").read_text(encoding="utf-8")
    assert rules.markdown() in document, "paste the output of python -m bqstack.analysis.rules"
