"""How the rules stand: SQL's and Cloud Monitoring's together, news apart, values with units."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Forbidden

from bqstack.errors import UserError
from eros.cli import alerts as command
from eros.cloud import transfers
from eros.project import alerts
from eros.project.alerts import loaded_rules, rule_values
from eros.project.settings import PROJECT_ROOT, Settings
from eros.watch import alert_states, evaluation, standing

AT = datetime(2026, 3, 1, 11, 20, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
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

    return SimpleNamespace(settings=settings, api=api, root=PROJECT_ROOT, is_local=False)


def judge(monkeypatch: pytest.MonkeyPatch, at: datetime | Exception | None) -> None:
    """The newest evaluation that Data Transfer knows."""

    def last_success(*_: object) -> datetime | None:
        if isinstance(at, Exception):
            raise at
        return at

    monkeypatch.setattr(transfers, "last_success", last_success)
    monkeypatch.setattr(evaluation, "present", lambda settings: NOW)


@pytest.fixture(autouse=True)
def rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_states, "status", lambda google: [dict(one) for one in ROWS])
    judge(monkeypatch, NOW - timedelta(minutes=10))


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
    assert found.warnings == ("the rules that Cloud Monitoring judges are unknown: no",)
    assert rules["A15"].state == "ACKNOWLEDGED"


def test_good_news_is_no_open_alert(settings: Settings) -> None:
    rules = {one.id: one for one in read(settings).rules}
    assert (rules["A14"].state, rules["A14"].is_open) == ("INFO", False)
    assert [one.id for one in rules.values() if one.is_open] == ["A15"]


def test_values_have_units(settings: Settings) -> None:
    rules = {one.id: one for one in read(settings).rules}
    assert rules["A15"].value_words == "12 expired locks"
    assert rules["A27"].limit_words == "above 3.2 TiB billed in 20 hours"
    assert rules["A98"].value_words == "0", "a rule of a newer stack"
    assert rules["A98"].rule is None


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 3, 1, 3, 15, tzinfo=UTC), "judged at 03:15, not since"),
        (datetime(2026, 2, 27, 3, 15, tzinfo=UTC), "judged at 2026-02-27 03:15, not since"),
        (None, "NEVER JUDGED"),
        (Forbidden("no"), "UNKNOWN"),
    ],
)
def test_what_was_not_judged_lately_is_not_healthy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, at: Any, said: str
) -> None:
    judge(monkeypatch, at)
    found = read(settings)
    rules = {one.id: one for one in found.rules}
    for name in ("A14", "A16", "A98"):
        assert (rules[name].state, rules[name].state_words) == ("UNKNOWN", said)
        assert rules[name].is_open
        assert (rules[name].is_firing, rules[name].value) == (False, None)
    assert rules["A15"].state == "ACKNOWLEDGED", "what is open stays open"
    assert rules["A02"].state == "OK", "Cloud Monitoring needs no evaluation"
    (warning,) = found.warnings
    assert "judged" in warning


def test_the_warning_says_since_when_and_what_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge(monkeypatch, datetime(2026, 3, 1, 3, 15, tzinfo=UTC))
    (warning,) = read(settings).warnings
    assert "judged at 2026-03-01 03:15 UTC, 8 h 50 min ago, and not since" in warning
    assert "eros run evaluate_alerts judges them now" in warning


@pytest.mark.parametrize(("minutes", "is_current"), [(34, True), (36, False)])
def test_one_evaluation_may_be_missing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, minutes: int, is_current: bool
) -> None:
    judge(monkeypatch, NOW - timedelta(minutes=minutes))
    assert (read(settings).warnings == ()) is is_current


def test_a_rule_without_a_value_is_not_called_healthy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    none: Any = None
    monkeypatch.setattr(alert_states, "status", lambda _: [row("A16", "WARNING", none)])
    (rule,) = [one for one in read(settings).rules if one.id == "A16"]
    assert (rule.state, rule.value_words, rule.is_open) == ("NO VALUE", "unknown", False)


class Pages:
    """Runs of a schedule as Data Transfer lists them; says how many pages were asked for."""

    def __init__(self, *pages: list[datetime]) -> None:
        self.pages_read = 0
        self._pages = pages

    def list_transfer_runs(self, request: Any) -> Any:
        assert [state.name for state in request.states] == ["SUCCEEDED"]

        def pages() -> Any:
            for times in self._pages:
                self.pages_read += 1
                yield SimpleNamespace(transfer_runs=[SimpleNamespace(run_time=t) for t in times])

        return SimpleNamespace(pages=pages())


@pytest.mark.parametrize(
    ("age", "pages_read"), [(timedelta(minutes=5), 1), (timedelta(minutes=30), 2)]
)
def test_the_newest_run_is_found_in_any_order_and_no_page_read_too_many(
    monkeypatch: pytest.MonkeyPatch, age: timedelta, pages_read: int
) -> None:
    monkeypatch.undo()
    one = SimpleNamespace(name="projects/p/transferConfigs/1")
    monkeypatch.setattr(transfers, "deployed", lambda *_: [one])
    client = Pages([NOW - timedelta(days=2), NOW - age], [NOW - timedelta(hours=1)])
    site: Any = SimpleNamespace(transfers=client)
    found = transfers.last_success(site, [], NOW - timedelta(minutes=20))
    assert (found, client.pages_read) == (NOW - age, pages_read)


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
    assert [line.split()[0] for line in text.splitlines()] == ["rule", "A05", "A15", "A05:"]


def test_what_is_open_stands_above_what_was_not_judged_lately(
    listed: Any, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    rules = [
        standing.Standing(
            name, name, "CRITICAL", state, None, None, False, None, None, "SQL", rule=None
        )
        for name, state in (("A01", standing.UNKNOWN), ("A25", "OPEN"), ("A26", standing.UNKNOWN))
    ]
    monkeypatch.setattr(command.standing, "read", lambda *_: standing.All(rules))
    text = listed(firing=True, wide=True).out
    assert [line.split()[0] for line in text.splitlines()] == ["rule", "A25", "A01", "A26"]


def test_the_list_is_for_programs_too(listed: Any) -> None:
    found = json.loads(listed(output=command.Format.JSON).out)
    assert {one["rule_id"] for one in found} >= {*METRIC_RULES, "A14", "A15", "A98"}
    (taken,) = [one for one in found if one["rule_id"] == "A15"]
    assert (taken["acknowledged_by"], taken["unit"]) == ("ada", "expired locks")
    assert taken["runbook"].endswith("#a15-expired-locks-piling-up")


@pytest.mark.parametrize(
    ("value", "unit", "alone", "words"),
    [
        (3518437208883.0, "bytes billed in 20 hours", "3.2 TiB", "3.2 TiB billed in 20 hours"),
        (6.22694, "hours since a run", "6 h 13 min", "6 h 13 min since a run"),
        (28.0, "hours since the last good run", "28 h", "28 h since the last good run"),
        (100.0, "hours", "4 d 4 h", "4 d 4 h"),
        (10.2, "minutes", "10 min 12 s", "10 min 12 s"),
        (2.3456, "seconds, 95th percentile", "2.35 s", "2.35 s, 95th percentile"),
        (9.8, "US dollars today", "$9.80", "$9.80 today"),
        (0.0042, "US dollars today", "$0.0042", "$0.0042 today"),
        (4.25, "% of the queries of 24 hours", "4.25%", "4.25% of the queries of 24 hours"),
        (10001.0, "active locks", "10,001", "10,001 active locks"),
        (1.5, "minutest things", "1.5", "1.5 minutest things"),
        (0.0, "", "0", "0"),
    ],
)
def test_values_are_written_as_people_read_them(
    value: float, unit: str, alone: str, words: str
) -> None:
    assert rule_values.amount(value, unit) == alone
    assert rule_values.words(value, unit) == words


def test_a_single_thing_has_a_singular() -> None:
    assert rule_values.words(1.0, "active locks", "active lock") == "1 active lock"
    assert rule_values.words(2.0, "active locks", "active lock") == "2 active locks"
    assert rule_values.words(1.0, "US dollars today", "") == "$1.00 today"


def test_every_unit_that_counts_things_has_a_singular(settings: Settings) -> None:
    rules = alerts.of(settings, PROJECT_ROOT).rules
    counting = [rule for rule in rules if rule_values.amount(2, rule.unit) == "2"]
    # A factor: 1 times the mean.
    lacking = [r.id for r in counting if not r.one and not r.unit.startswith("times ")]
    assert not lacking
    assert [r.id for r in counting if r.one == r.unit] == []


def acknowledge(monkeypatch: pytest.MonkeyPatch, settings: Settings, name: str) -> UserError:
    """What `eros alerts ack` says of an alert that there is nothing to take of."""

    def refuse(*_: object) -> None:
        raise BadRequest("refused: no open alert is named x")

    stack = google(settings, alert("a02", settings.environment))
    monkeypatch.setattr(command, "Google", lambda settings: stack)
    monkeypatch.setattr(command, "load_stack_file", lambda stack: settings)
    monkeypatch.setattr(alert_states, "acknowledge", refuse)
    with pytest.raises(UserError) as caught:
        command.ack(name, stack="staging", by="ada")
    return caught.value


@pytest.mark.parametrize(
    ("name", "reason", "fix"),
    [
        ("A02", "Cloud Monitoring judges A02, and it can be taken only there", "console.cloud"),
        ("a15", "A15 is taken already, by ada", None),
        ("A17", "A17 is pending", "take it when it says OPEN"),
        ("A16", "A16 is not open", "eros alerts list --firing"),
        ("A166", "no rule and no open alert of a procedure has this name", "eros alerts list"),
    ],
)
def test_what_cannot_be_taken_agrees_with_what_is_listed(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, name: str, reason: str, fix: str | None
) -> None:
    pending = row("A17", "WARNING", 12.0, state="PENDING")
    monkeypatch.setattr(alert_states, "status", lambda google: [*map(dict, ROWS), pending])
    error = acknowledge(monkeypatch, settings, name)
    assert reason in error.message
    assert fix in error.fix if fix else error.fix is None


def test_the_list_says_which_rules_are_taken_in_cloud_monitoring(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = google(settings, alert("a02", settings.environment))
    monkeypatch.setattr(command, "Google", lambda settings: stack)
    monkeypatch.setattr(command, "load_stack_file", lambda stack: settings)
    command.list_(stack="staging", firing=True)
    said = capsys.readouterr().out
    assert "A02: judged by Cloud Monitoring and taken only there (acknowledge it on https:" in said
