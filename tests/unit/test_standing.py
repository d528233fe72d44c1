"""How the rules stand: SQL's and Cloud Monitoring's together, news apart, values with units."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import Forbidden

from eros.cli import alerts as command
from eros.project.alerts import loaded_rules
from eros.project.settings import PROJECT_ROOT, Settings
from eros.watch import alert_states, standing

AT = datetime(2026, 3, 1, 11, 20, tzinfo=UTC)
METRIC_RULES = ["A02", "A05", "A20", "A25", "A27"]


def row(rule_id: str, severity: str, value: float, **more: Any) -> dict[str, Any]:
    """A row of the view alert_status."""
    return {
        "rule_id": rule_id,
        "title": f"title of {rule_id}",
        "severity": severity,
        "state": "OK",
        "value": value,
        "open_limit": 10.0,
        "is_below": False,
        "opened_at": None,
        "escalated_at": None,
        "acknowledged_by": None,
    } | more


ROWS = [
    row("A14", "INFO", 1.0, state="OPEN", opened_at=AT),
    row("A15", "WARNING", 12.0, state="ACKNOWLEDGED", opened_at=AT, acknowledged_by="ada"),
    row("A16", "WARNING", 0.0),
    row("A98", "WARNING", 0.0),
]


def alert(rule: str, environment: str) -> dict[str, Any]:
    return {
        "openTime": "2026-03-01T11:20:00Z",
        "policy": {
            "displayName": "EROS",
            "severity": "CRITICAL",
            "userLabels": {"rule": rule, "environment": environment},
        },
    }


class Api:
    """Cloud Monitoring with some open alerts."""

    def __init__(self, alerts: list[dict[str, Any]]) -> None:
        self._alerts = alerts

    def projects(self) -> Api:
        return self

    def alerts(self) -> Api:
        return self

    def list(self, parent: str, filter: str) -> Any:
        assert filter == 'state="OPEN"'
        return SimpleNamespace(execute=lambda: {"alerts": self._alerts})

    def list_next(self, request: Any, answer: Any) -> None:
        return None


def google(settings: Settings, *alerts: dict[str, Any], fault: Exception | None = None) -> Any:
    def api(name: str) -> Api:
        assert name == "monitoring"
        if fault:
            raise fault
        return Api(list(alerts))

    return SimpleNamespace(settings=settings, api=api)


@pytest.fixture(autouse=True)
def rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_states, "status", lambda google: [dict(one) for one in ROWS])


def read(settings: Settings, *alerts: dict[str, Any], **how: Any) -> standing.All:
    return standing.read(google(settings, *alerts, **how), loaded_rules.of(settings, PROJECT_ROOT))


def test_the_rules_of_cloud_monitoring_are_listed_with_their_state(settings: Settings) -> None:
    found = read(settings, alert("a05", settings.environment), alert("a20", "another"))
    rules = {one.id: one for one in found.rules}
    assert [one.id for one in found.rules if one.judged_by == "Cloud Monitoring"] == METRIC_RULES
    assert list(rules) == sorted(rules)
    assert (rules["A05"].state, rules["A05"].opened) == ("OPEN", AT)
    assert rules["A20"].state == "OK", "that one is of another stack"
    assert rules["A05"].limit_words == "above 0 failed runs"


def test_an_incident_of_a_sandbox_is_not_one_of_its_source(settings: Settings) -> None:
    of_alice = alert("a05", settings.environment)
    of_alice["policy"]["userLabels"]["sandbox"] = "alice"
    states = {one.id: one.state for one in read(settings, of_alice).rules}
    assert states["A05"] == standing.OK
    alice = settings.model_copy(update={"sandbox": "alice"})
    assert {one.id: one.state for one in read(alice, of_alice).rules}["A05"] == standing.OPEN
    own = alert("a05", settings.environment)
    assert {one.id: one.state for one in read(alice, own).rules}["A05"] == standing.OK


def test_what_cloud_monitoring_does_not_answer_is_unknown_and_not_healthy(
    settings: Settings,
) -> None:
    found = read(settings, fault=Forbidden("no"))
    rules = {one.id: one for one in found.rules}
    assert {rules[name].state for name in METRIC_RULES} == {"UNKNOWN"}
    assert all(rules[name].is_open for name in METRIC_RULES)
    assert found.unread == "no"
    assert rules["A15"].state == "ACKNOWLEDGED"


def test_good_news_is_no_open_alert(settings: Settings) -> None:
    rules = {one.id: one for one in read(settings).rules}
    assert (rules["A14"].state, rules["A14"].is_open) == ("INFO", False)
    assert [one.id for one in rules.values() if one.is_open] == ["A15"]


def test_values_have_units(settings: Settings) -> None:
    rules = {one.id: one for one in read(settings).rules}
    assert rules["A15"].value_words == "12 expired locks"
    assert rules["A98"].value_words == "0", "a rule of a newer stack"
    assert rules["A98"].rule is None


@pytest.fixture
def listed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    def run(*alerts: dict[str, Any], **options: Any) -> Any:
        monkeypatch.setattr(command, "load_stack_file", lambda stack: settings)
        monkeypatch.setattr(command, "Google", lambda found: google(found, *alerts))
        command.list_(**{"firing": False} | options)
        return capsys.readouterr()

    return run


def test_firing_shows_what_somebody_has_to_look_at(listed: Any, settings: Settings) -> None:
    text = listed(alert("a05", settings.environment), firing=True, wide=True).out
    assert [line.split()[0] for line in text.splitlines()] == ["rule", "A05", "A15"]
    found = json.loads(listed(output=command.Format.JSON).out)
    assert {one["rule_id"] for one in found} >= {*METRIC_RULES, "A14", "A15", "A98"}
    (taken,) = [one for one in found if one["rule_id"] == "A15"]
    assert (taken["acknowledged_by"], taken["unit"]) == ("ada", "expired locks")
    assert taken["runbook"].endswith("#a15-expired-locks-piling-up")
