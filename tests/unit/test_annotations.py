"""Annotations of GitHub, from findings and plans."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tools import annotations  # type: ignore[assignment]
from tools.annotations import Annotation, of_plan

FINDING = {
    "file": "sql/views/a.sql",
    "line": 4,
    "column": 9,
    "rule": "unknown-column",
    "message": "Unrecognized name: is_activ",
    "hint": "did you mean is_active?",
}


def plan(**change: object) -> dict:
    details = {"path": "", "text": "column b goes", "loss": "LOSSY", "reason": "", "column": "b"}
    whole = {"name": "a", "details": [details], "broken": {}} | change
    return {"stack": "prod", "changes": [whole]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path, text in {
        "sql/views/a.sql": "CREATE\n  a,\n  b\n",
        "sql/procedures/c.sql": "CREATE\n",
        "config/alerts.yaml": "rules:\n  A01:\n    title: x\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_a_finding_stands_at_its_file_line_and_column(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({"findings": [FINDING]})))
    assert annotations.main([]) == 0
    assert capsys.readouterr().out == (
        "::error file=sql/views/a.sql,line=4,col=9,title=validate%3A unknown-column::"
        "Unrecognized name: is_activ%0Ahint: did you mean is_active?\n"
    )


def test_what_a_plan_loses_and_breaks_stands_in_the_objects_files(project):
    lost, broken = of_plan(plan(broken={"c": "no column b"}), project)
    assert (lost.level, lost.file, lost.line) == ("error", "sql/views/a.sql", 3)
    assert (broken.file, broken.line) == ("sql/procedures/c.sql", 1)
    assert "because of a" in broken.text


def test_an_entry_of_config_and_what_has_no_file_are_placed_too(project):
    warned = {"text": "off", "loss": "WARNING", "reason": "nobody hears of it", "column": ""}
    (one,) = of_plan(plan(name="a01", details=[warned]), project)
    assert (one.level, one.file, one.line) == ("warning", "config/alerts.yaml", 2)
    (other,) = of_plan(plan(name="runner-grant", details=[warned]), project)
    assert other.file == "Pulumi.prod.yaml"


def test_what_is_harmless_is_not_annotated(project):
    detail = {"text": "", "loss": "REVERSIBLE", "reason": "", "column": ""}
    assert list(of_plan(plan(details=[detail]), project)) == []


def test_no_text_ends_its_command_or_begins_another():
    text = "100%\n::error::x"
    command = Annotation("error", "a,b:c", 1, "t::", text).command()
    assert command == "::error file=a%2Cb%3Ac,line=1,title=t%3A%3A::100%25%0A::error::x"
    assert "\n" not in command


def test_more_than_github_shows_are_counted(capsys):
    annotations.show([Annotation("error", "a", n, "t", "x") for n in range(60)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == annotations.MOST + 1
    assert "10 more" in lines[-1]


@pytest.mark.parametrize("text", ["", "[]", "{}", "error: no stack"])
def test_what_is_no_document_fails_with_a_sentence(monkeypatch, capsys, text):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert annotations.main([]) == 1
    assert "neither findings nor a plan" in capsys.readouterr().err
