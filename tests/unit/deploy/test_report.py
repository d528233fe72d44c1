"""What a deployment tells: the engine, the validation, the report, the command."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
import typer
from google.api_core.exceptions import BadRequest

from bqstack.errors import UserError
from eros.cli import deploy as command
from eros.operations.deploy import ExitCode, Level, deploy_report, pulumi_updates, run, validation
from tests.unit.deploy.deployments import NOW, Fake, figures, never, preview, previewed, site


def step(op: str, kind: str, name: str, old: dict | None, new: dict | None) -> dict:
    """A step of a preview in JSON."""
    urn = f"urn:pulumi:staging::eros::{kind}::{name}"

    def state(inputs):
        return {"urn": urn, "type": kind, "custom": True, "inputs": inputs}

    return {
        "op": op,
        "urn": urn,
        **({"oldState": state(old)} if old is not None else {}),
        **({"newState": state(new)} if new is not None else {}),
    }


TABLE = "gcp:bigquery/table:Table"
ROUTINE = "gcp:bigquery/routine:Routine"
VIEW = {"tableId": "v", "view": {"query": "SELECT 1", "useLegacySql": False}}


def test_a_preview_tells_changes_and_the_tables_among_them():
    found = pulumi_updates.read(
        {
            "steps": [
                step("same", TABLE, "still", {"tableId": "still"}, {"tableId": "still"}),
                step("update", TABLE, "t", {"description": "a"}, {"description": "b"}),
                step("create", ROUTINE, "r", None, {"routineId": "r"}),
                step("update", TABLE, "v", VIEW, VIEW | {"description": "b"}),
            ],
            "changeSummary": {"same": 1, "update": 2, "create": 1},
        }
    )
    assert found.touched == ("update t", "create r", "update v")
    assert found.tables == ("t",), "a view is no table"
    assert {change.name for change in found.changes} == {"t", "r", "v"}
    assert not found.is_empty


def test_a_preview_that_fails_says_what_the_program_says(monkeypatch):
    document = {
        "diagnostics": [
            {"severity": "error", "message": "this update would lose something"},
            {"severity": "warning", "message": "old"},
        ]
    }
    answer = SimpleNamespace(returncode=255, stdout=json.dumps(document), stderr="frame")
    monkeypatch.setattr(pulumi_updates.subprocess, "run", lambda *a, **k: answer)
    monkeypatch.setattr(pulumi_updates.engine, "executable", lambda: "pulumi")
    with pytest.raises(UserError, match="this update would lose something") as refusal:
        pulumi_updates.preview("staging", None)
    assert "old" not in str(refusal.value)


def test_a_check_that_cannot_be_made_has_failed(settings, monkeypatch):
    def broken(place, declared):
        raise BadRequest("no such view")

    monkeypatch.setattr(validation.catalogue, "load", lambda *_: None)
    monkeypatch.setattr(validation, "CHECKS", (("views", broken),))
    (finding,) = validation.check(site(settings))
    assert finding.level is Level.FAILED
    assert "no such view" in finding.text


def test_the_report_tells_everything_in_both_forms(make):
    made = make()
    with made.deployment.journal.step("baseline") as record:
        record.facts = {"figures": figures(health_score=94).document(), "version": 7}
    previewed(made, preview("update row_counts"))
    content = deploy_report.write(made.deployment, ExitCode.SUCCESS, "deployed")
    folder = made.deployment.journal.folder
    assert json.loads((folder / "report.json").read_text()) == content
    assert content["exitCode"] == 0
    text = (folder / "report.md").read_text()
    assert "| health score | 94 |" in text
    assert "- update row_counts" in text
    assert "| rows of caption_bank | 10 |" in text


def test_no_secret_reaches_journal_or_report(make):
    made = make()
    secret = "xoxb" + "-12345-abcdefgh"
    run(
        made.deployment,
        [Fake("preflight", error=UserError(f"refused: {secret}"))],
        decide=never,
        roll_back=never,
    )
    for file in made.deployment.journal.folder.iterdir():
        assert secret not in file.read_text(), file.name


def test_without_a_terminal_the_command_wants_yes(monkeypatch, settings):
    monkeypatch.setattr(command, "load_stack_file", lambda stack: settings)
    monkeypatch.setattr(command, "Google", lambda settings: SimpleNamespace(settings=settings))
    monkeypatch.setattr(command.sys, "stdin", SimpleNamespace(isatty=lambda: False))
    with pytest.raises(UserError, match="there is no terminal"):
        command.deploy(stack="staging", yes=False, dry_run=False)


def test_who_breaks_off_a_question_has_not_agreed(monkeypatch):
    def broken_off(*_, **__):
        raise typer.Abort

    monkeypatch.setattr(command.typer, "prompt", broken_off)
    assert command.ask("Deploy? [y/N]") == ""


def test_the_errors_of_an_update_are_reported_with_their_resources():
    urn = "urn:pulumi:staging::eros::eros:Views$gcp:bigquery/table:Table::open_alerts"
    reported = [
        {"urn": urn, "message": "<{%reset%}>400: no such column<{%reset%}>\n", "severity": "error"},
        {"urn": urn, "message": "<{%reset%}>400: no such column<{%reset%}>\n", "severity": "error"},
        {"message": "the engine's own", "severity": "error"},
        {"urn": urn, "message": "only said", "severity": "info"},
    ]
    events = [{"sequence": 1, "preludeEvent": {}}, *({"diagnosticEvent": one} for one in reported)]
    text = "".join(json.dumps(event) + "\n" for event in events) + '{"diagnosticEv'
    assert pulumi_updates.errors(text) == ["open_alerts: 400: no such column", "the engine's own"]
    assert pulumi_updates.errors("") == []


def test_sums_of_spans_of_different_length_are_reported_by_the_hour():
    before = figures(stop=(NOW + timedelta(hours=24)).isoformat(), queries=2400, cost_usd=12.0)
    after = figures(stop=(NOW + timedelta(minutes=30)).isoformat(), queries=50, cost_usd=0.5)
    reported = deploy_report.figures_lines({"before": before.document(), "after": after.document()})
    assert "| queries an hour | 100 | 100 | +0.0% |" in reported
    assert "| cost an hour, US dollars | 0.5 | 1 | +100.0% |" in reported
    assert "| slot time an hour, s |  |  |  |" in reported
    assert "| mean query time, s | 1 | 1 | +0.0% |" in reported
    nothing = figures(stop=NOW.isoformat())
    reported = deploy_report.figures_lines({"before": None, "after": nothing.document()})
    assert "| queries an hour |  |  |  |" in reported
