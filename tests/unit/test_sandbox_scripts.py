"""What a sandbox runs for a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from bqstack.errors import UserError
from eros.cli import run
from eros.project.project import Project
from eros.project.stack_file import load_stack_file
from eros.sandbox import scripts

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def settings():
    return load_stack_file("local")


def test_a_schedule_runs_for_its_own_time_of_the_day(settings):
    found = scripts.of(settings, "run_daily_automation", NOW, date(2026, 7, 4))
    [moment] = found.parameters
    # 03:05 in Los Angeles, in summer.
    assert (moment.name, moment.value) == ("run_time", datetime(2026, 7, 4, 10, 5, tzinfo=UTC))
    assert "run_daily_automation" in found.text


def test_every_schedule_has_a_script(settings):
    found = scripts.each(settings, [], NOW)
    assert [one.name for one in found] == list(Project(settings).entries)


def test_what_can_be_run_is_listed_once(settings):
    found = scripts.names(Project(settings))
    assert "stop_overdue_runs" in found
    assert len(found) == len(set(found))


def test_a_procedure_gets_the_day_and_the_values_that_are_set(settings):
    found = scripts.of(
        settings, "claim_schedule_request", NOW, date(2026, 7, 4), {"builder": "'me'"}
    )
    place = settings.dataset_reference
    assert found.text == f"CALL {place}.`claim_schedule_request`('me', DATE '2026-07-04');"
    found = scripts.of(settings, "count_message_results", NOW)
    assert found.text.endswith("(DATE '2026-11-30');")


def test_what_a_procedure_gives_back_is_a_variable(settings):
    found = scripts.of(settings, "pause_before_retry", NOW, values={"waited_seconds": "0"})
    assert found.text.splitlines()[0] == "DECLARE waited_seconds FLOAT64 DEFAULT 0;"
    assert found.text.endswith("(waited_seconds);")


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("nothing", {}, "no schedule or procedure"),
        ("run_daily_automation", {"a": "1"}, "takes no arguments"),
        ("acknowledge_alert", {}, "--set wanted=VALUE"),
        ("acknowledge_alert", {"odd": "1"}, "its arguments: wanted, person"),
    ],
)
def test_what_cannot_be_run_is_refused_with_a_fix(settings, name, values, said):
    with pytest.raises(UserError, match=said):
        scripts.of(settings, name, NOW, values=values)


def test_an_argument_that_is_none_is_refused():
    assert scripts.arguments(["a=DATE '2026-01-31'", "b=x=1"]) == {
        "a": "DATE '2026-01-31'",
        "b": "x=1",
    }
    with pytest.raises(UserError, match="not name=VALUE"):
        scripts.arguments(["a"])


def test_a_run_is_reported_with_the_name_of_the_sandbox(settings, monkeypatch, capsys):
    project = Project(settings.model_copy(update={"sandbox": "alice"}))
    google = SimpleNamespace(settings=project.settings)
    ended = SimpleNamespace(succeeded=True, state="SUCCEEDED", seconds=1.0, error=None)
    monkeypatch.setattr(run.transfers, "run", lambda *_: ended)
    run.run_at(google, project.schedules, "evaluate_alerts", NOW)
    assert "[alice]: SUCCEEDED in 1.0 s" in capsys.readouterr().out
