"""Alert rules on the emulator: silent when healthy and at the limit, fire once beyond it.

The tables hold a healthy system; each case changes what is needed to make one rule fire.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from eros.project import alerts, channels, schedules
from eros.project.alerts import alert_policy
from eros.project.settings import PROJECT_ROOT
from tests.sql.conftest import Build, Warehouse
from tests.sql.test_cases import FOLDER

pytestmark = [pytest.mark.sql, pytest.mark.emulator]

# The job history reaches back 180 days from now, so the cases live in the present.
NOW = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
HEALTH = {
    "health_score": 100,
    "status": "HEALTHY",
    "checks_passed": 7,
    "checks_total": 7,
    "warnings": 0,
    "critical": 0,
    "slow_queries": 0,
    "failed_queries": 2,
    "total_queries": 1000,
    "error_rate_pct": 0.2,
    "daily_cost_usd": 4.0,
    "available_captions": 1200,
    "active_locks": 3000,
    "expired_locks": 3,
    "assignments_24h": 45,
}
ZONE = "America/Los_Angeles"
TODAY = f"DATE(TIMESTAMP '{NOW:%Y-%m-%d %H:%M:%S}+00', '{ZONE}')"
DAILY = {
    "status": "SUCCESS",
    "age": "5 HOUR",
    "date": f"DATE_SUB({TODAY}, INTERVAL 1 DAY)",
    "total": 100,
    "processed": 100,
    "failed": 0,
    "seconds": 120,
}
# Every schedule, the one of `silent` first.
JOBS = sorted(schedules.load(PROJECT_ROOT), key=lambda name: name != "release_schedule_requests")
SYSTEM: dict[str, Any] = {
    "health": {},
    "check_age": "1 MINUTE",
    "daily": {},
    "feedback_age": "3 HOUR",
    "sweep_volume": 10,
    "request_age": "2 HOUR",
    "failed_request_age": "1441 MINUTE",
    "usual_usd": 5.0,
    "jobs": (200, 0),
    "near_limit": 0,
    "uncounted": 0,
    "violations": 0,
    # Minutes since the last run of the schedule that runs every 15 minutes.
    "silent": 0,
}
# What makes rules fire, each just beyond its limit. Rules of one group do not touch others.
SICK: tuple[tuple[set[str], dict[str, Any]], ...] = (
    (
        {"A01", "A03", "A04", "A06", "A07", "A08", "A10", "A15", "A16", "A17", "A19", "A24", "A28"}
        | {"A29", "A30"},
        {
            "health": {
                "failed_queries": 51,
                "error_rate_pct": 5.1,
                "daily_cost_usd": 10.01,
                "available_captions": 199,
                "active_locks": 10001,
                "expired_locks": 11,
                "assignments_24h": 0,
                "slow_queries": 1,
            },
            "daily": {"age": "1681 MINUTE"},
            "feedback_age": "721 MINUTE",
            "sweep_volume": 1001,
            "request_age": "1441 MINUTE",
            "failed_request_age": "23 HOUR",
            "near_limit": 1,
            "uncounted": 1,
            "violations": 1,
        },
    ),
    (
        {"A09", "A11", "A12", "A13", "A21", "A23"},
        {
            "health": {"active_locks": 5001, "daily_cost_usd": 8.01},
            "daily": {"status": "PARTIAL", "processed": 89, "failed": 11, "seconds": 601},
            "feedback_age": "481 MINUTE",
            "usual_usd": 4.0,
            "jobs": (1000, 61),
        },
    ),
    ({"A14"}, {"daily": {"date": TODAY}}),
    ({"A31"}, {"silent": 15 + 4 * 60 + 1}),
    ({"A32"}, {"health": {"critical": 1, "health_score": 80}}),
    (
        {"A18", "A26"},
        {
            "daily": {"status": "CIRCUIT_OPEN", "processed": 20, "failed": 5},
            "check_age": "21 MINUTE",
        },
    ),
)
AT_THE_LIMIT = {
    "health": {
        "failed_queries": 50,
        "error_rate_pct": 5.0,
        "daily_cost_usd": 10.0,
        "available_captions": 200,
        "active_locks": 5000,
        "expired_locks": 10,
        "assignments_24h": 1,
        "health_score": 80,
    },
    "daily": {"status": "PARTIAL", "processed": 90, "failed": 10, "seconds": 600, "age": "28 HOUR"},
    "check_age": "20 MINUTE",
    "feedback_age": "8 HOUR",
    "sweep_volume": 1000,
    "request_age": "24 HOUR",
    "failed_request_age": "1441 MINUTE",
    "usual_usd": 5.0,
    "jobs": (1000, 60),
    "silent": 15 + 4 * 60,
}


@pytest.fixture(scope="module")
def warehouse(build: Build) -> Warehouse:
    wanted = ["evaluate_alerts", "acknowledge_alert", "alert_status", "live_figures"]
    return build("alerts", only=wanted)


@pytest.fixture(autouse=True)
def _empty(warehouse: Warehouse) -> None:
    warehouse.clear()


@pytest.fixture(scope="module")
def rules(warehouse: Warehouse) -> dict[str, alerts.Rule]:
    return {rule.id: rule for rule in alerts.of(warehouse.settings, PROJECT_ROOT).rules}


def at(moment: dt.datetime) -> str:
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}+00'"


def fill(warehouse: Warehouse, changes: dict[str, Any]) -> None:
    """The healthy system with these changes, as of NOW."""
    state = SYSTEM | changes
    daily = DAILY | state["daily"]
    now = at(NOW)
    total, failed = state["jobs"]
    feedback = f"TIMESTAMP_SUB({now}, INTERVAL {state['feedback_age']})"
    started = f"TIMESTAMP_SUB({now}, INTERVAL {daily['age']})"
    requested = f"TIMESTAMP_SUB({now}, INTERVAL {state['request_age']})"
    given_up = f"TIMESTAMP_SUB({now}, INTERVAL {state['failed_request_age']})"
    warehouse.run(
        f"""
        INSERT INTO etl_job_runs (
            run_id, job_name, execution_date, job_start_time, status, duration_seconds,
            creators_total, creators_processed, creators_failed, rows_affected
        )
        VALUES
            (
                'f', 'update_caption_performance', NULL, {feedback}, 'SUCCESS', 60,
                NULL, NULL, NULL, NULL
            ),
            (
                's', 'sweep_expired_caption_locks', NULL,
                TIMESTAMP_SUB({now}, INTERVAL 30 MINUTE), 'SUCCESS', 5,
                NULL, NULL, NULL, {state["sweep_volume"]}
            ),
            (
                'd', 'run_daily_automation', {daily["date"]}, {started}, '{daily["status"]}',
                {daily["seconds"]}, {daily["total"]}, {daily["processed"]}, {daily["failed"]}, NULL
            );
        INSERT INTO schedule_generation_queue (
            page_name, execution_date, status, created_at, completed_at, attempts
        )
        VALUES
            ('anna', {TODAY}, 'PENDING', {requested}, NULL, 0),
            ('bea', {TODAY}, 'FAILED', {given_up}, {given_up}, 3);
        INSERT INTO stored_figures (figure_time, figure, value)
        VALUES
            (TIMESTAMP_SUB({now}, INTERVAL 7 HOUR), 'uncounted_results', 9),
            (TIMESTAMP_SUB({now}, INTERVAL 1 HOUR), 'uncounted_results', {state["uncounted"]}),
            (TIMESTAMP_SUB({now}, INTERVAL 2 HOUR), 'integrity_violations', {state["violations"]}),
            (TIMESTAMP_SUB({now}, INTERVAL 2 HOUR), 'usual_daily_cost_usd', 9),
            (TIMESTAMP_SUB({now}, INTERVAL 1 HOUR), 'usual_daily_cost_usd', {state["usual_usd"]}),
            (TIMESTAMP_SUB({now}, INTERVAL 1 HOUR), 'jobs_near_byte_limit', {state["near_limit"]});
        INSERT INTO job_history (
            creation_time, job_id, job_type, statement_type, state, error_result, labels
        )
        SELECT
            IF(n = 1, TIMESTAMP_SUB({now}, INTERVAL {state["silent"]} MINUTE), {now}),
            CAST(n AS STRING), 'QUERY', 'SELECT', 'DONE',
            IF(n <= {failed}, STRUCT('invalidQuery' AS reason, 'no' AS message), NULL),
            IF(
                n <= ARRAY_LENGTH(names),
                [STRUCT('component' AS key, names[ORDINAL(n)] AS value)],
                []
            )
        FROM UNNEST(GENERATE_ARRAY(1, {total})) AS n
        CROSS JOIN (SELECT {json.dumps(JOBS)} AS names) AS schedules;
        """
    )
    check(warehouse, NOW, state["check_age"], **state["health"])


def check(warehouse: Warehouse, moment: dt.datetime, age: str = "1 MINUTE", **figures: Any) -> None:
    """A health check with these figures, that long before `moment`."""
    row = HEALTH | figures
    values = ", ".join(repr(value) for value in row.values())
    warehouse.run(
        f"INSERT INTO health_checks (check_timestamp, {', '.join(row)}, figures)"
        f" SELECT TIMESTAMP_SUB({at(moment)}, INTERVAL {age}), {values}, {counted(moment)}"
    )


def counted(moment: dt.datetime) -> str:
    """What a health check of this moment counts, as SQL."""
    groups = ", ".join(
        f"'{name}', (SELECT TO_JSON(f) FROM {name_of}({at(moment)}) AS f)"
        for name, name_of in (
            ("queries", "query_figures"),
            ("work", "work_figures"),
            ("upkeep", "upkeep_figures"),
            ("stored", "stored_readings"),
        )
    )
    return f"JSON_OBJECT({groups})"


def count(warehouse: Warehouse, moment: dt.datetime) -> None:
    """Let the newest health check have counted what the tables say at this moment."""
    warehouse.run(
        f"""
        CREATE OR REPLACE TEMP TABLE newest AS
        SELECT * FROM health_checks ORDER BY check_timestamp DESC LIMIT 1;
        DELETE FROM health_checks WHERE check_timestamp IN (SELECT check_timestamp FROM newest);
        INSERT INTO health_checks (check_timestamp, {", ".join(HEALTH)}, figures)
        SELECT check_timestamp, {", ".join(HEALTH)}, {counted(moment)} FROM newest;
        """
    )


def outbox(warehouse: Warehouse, name: str) -> None:
    """An alert that a procedure has raised."""
    warehouse.run(
        "INSERT INTO automation_alerts"
        " (alert_id, alert_time, alert_level, alert_name, acknowledged)"
        f" VALUES ('1', {at(NOW)}, 'CRITICAL', '{name}', FALSE)"
    )


def beyond(warehouse: Warehouse) -> dict[str, float]:
    """Rules that are beyond their limit, with their values."""
    count(warehouse, NOW)
    rows = warehouse.run(f"SELECT rule_id, value FROM alert_readings({at(NOW)}) WHERE is_beyond")
    return {row["rule_id"]: row["value"] for row in rows}


@dataclass(frozen=True)
class Evaluation:
    """What one evaluation did: events as (rule, event), signals as (rule, stage)."""

    events: list[tuple[str, str]]
    signals: list[tuple[str, str]]


def evaluate(warehouse: Warehouse, minutes: int = 0) -> Evaluation:
    """Run the evaluation, that many minutes after NOW."""
    count(warehouse, NOW + dt.timedelta(minutes=minutes))
    moment = at(NOW + dt.timedelta(minutes=minutes))
    dataset = f"{warehouse.settings.project}.{warehouse.settings.dataset}"
    job = warehouse.client.query(
        f"CALL evaluate_alerts({moment});\n"
        f"SELECT rule_id, event FROM alert_events WHERE event_time = {moment} ORDER BY 1, 2",
        job_config=bigquery.QueryJobConfig(default_dataset=dataset),
    )
    events = [(row["rule_id"], row["event"]) for row in job.result()]
    return Evaluation(events, signals_of(warehouse, job))


def signals_of(warehouse: Warehouse, job: bigquery.QueryJob) -> list[tuple[str, str]]:
    """What a call of evaluate_alerts has sent to Cloud Monitoring until now, as (rule, stage)."""
    signals = []
    for child in warehouse.client.list_jobs(parent_job=job.job_id):
        labels = child.labels
        if labels.get("component") == "alert" and child.statement_type == "SELECT":
            assert labels["environment"] == "local", "the labels of every job are there"
            assert float(labels["alert_value"]) >= 0, "what a notification says beside the limit"
            signals.append((labels["alert_rule"], labels["alert_stage"]))
    return sorted(signals)


def test_every_rule_that_sql_judges_has_a_case(rules):
    cases = [rule for group, _ in SICK for rule in group]
    # Or a case of its own: tests/sql/cases/alert_readings/a40_pages_behind.sql.
    files = (FOLDER / "alert_readings").glob("*.sql")
    cases += [path.stem.partition("_")[0].upper() for path in files]
    assert sorted(cases) == sorted(rule.id for rule in rules.values() if rule.value is not None)


def test_many_warnings_are_critical_without_a_critical_finding(warehouse):
    fill(warehouse, {"health": {"warnings": 4, "health_score": 76}})
    assert set(beyond(warehouse)) == {"A32"}


def test_a_healthy_system_and_one_at_its_limits_are_silent(warehouse):
    fill(warehouse, {})
    assert beyond(warehouse) == {}
    assert evaluate(warehouse) == Evaluation([], [])
    assert warehouse.run("SELECT * FROM alert_states") == []
    warehouse.clear()
    fill(warehouse, AT_THE_LIMIT)
    assert beyond(warehouse) == {}


def test_limits_above_which_a_stronger_rule_fires(warehouse):
    fill(warehouse, {"health": {"active_locks": 10000}, "feedback_age": "12 HOUR"})
    assert set(beyond(warehouse)) == {"A11", "A12"}


def test_the_error_budget_burns_by_either_pair_of_windows(warehouse):
    def burns(failed_now: int, good_before: int) -> bool:
        warehouse.clear()
        fill(warehouse, {"jobs": (1000, failed_now)})
        warehouse.run(
            "INSERT INTO job_history (creation_time, job_id, job_type, statement_type, state)"
            f" SELECT TIMESTAMP_SUB({at(NOW)}, INTERVAL 3 HOUR), 'x', 'QUERY', 'SELECT', 'DONE'"
            f" FROM UNNEST(GENERATE_ARRAY(1, {good_before}))"
        )
        return "A21" in beyond(warehouse)

    assert burns(61, good_before=0), "6.1% over 6 hours"
    assert not burns(61, good_before=1000)
    assert burns(145, good_before=9000), "14.5% over 1 hour"
    assert not burns(144, good_before=9000)
    warehouse.clear()
    fill(warehouse, {"jobs": (10, 4)})
    assert beyond(warehouse) == {}, "four failures are no rate"


def test_new_tables_without_a_row_fire_nothing(warehouse):
    assert beyond(warehouse) == {}
    check(warehouse, NOW)
    assert beyond(warehouse) == {}, "what has never run is as old as the system"


@pytest.mark.parametrize(("group", "changes"), SICK, ids=[min(group) for group, _ in SICK])
def test_rules_fire_once_with_severity_channel_and_runbook(warehouse, rules, group, changes):
    fill(warehouse, changes)
    at_once = {rule_id for rule_id in group if not rules[rule_id].hold}
    held = group - at_once
    made = evaluate(warehouse)
    assert made.events == [(rule_id, "OPENED") for rule_id in sorted(at_once)]
    assert made.signals == reported(rules, at_once)
    # A21 holds for 10 minutes, the others have said what they have to say.
    made = evaluate(warehouse, 10)
    assert made.events == [(rule_id, "OPENED") for rule_id in sorted(held)]
    assert made.signals == reported(rules, group)
    assert evaluate(warehouse, 15).events == []
    for event in warehouse.run("SELECT * FROM alert_events"):
        rule = rules[event["rule_id"]]
        assert (event["severity"], event["title"]) == (rule.severity, rule.title)
        assert event["open_limit"] == rule.limit
        assert (event["value"] < event["open_limit"]) is rule.is_below


def reported(rules: dict[str, alerts.Rule], firing: set[str]) -> list[tuple[str, str]]:
    """Signals of rules that fire; each is watched by a policy that tells a person."""
    paging = [rules[rule_id] for rule_id in sorted(firing) if rules[rule_id].severity != "INFO"]
    for rule in paging:
        (condition,) = alert_policy.conditions(rule, [])
        assert f'metric.labels.rule="{rule.label}"' in condition.filter
        assert "on_call_email" in rule.channels
        assert set(rule.channels) <= channels.names()
        link = alert_policy.runbook_link("docs/runbook.md", rule)
        assert link in alert_policy.documentation(rule, "docs/runbook.md", "local")
    return [(rule.label, "opened") for rule in paging]


def test_the_life_of_an_incident(warehouse):
    """Opened, escalated after 2 h, repeated after 4 h, not flapping, resolved."""

    def later(minutes: int, locks: int | None) -> Evaluation:
        if locks is not None:
            check(warehouse, NOW + dt.timedelta(minutes=minutes), active_locks=locks)
        made = evaluate(warehouse, minutes)
        return Evaluation([e for e in made.events if e[0] in ("A08", "A11")], made.signals)

    def recorded() -> int:
        return warehouse.value("SELECT COUNT(*) FROM alert_events")

    fill(warehouse, {"health": {"active_locks": 10001}})
    outbox(warehouse, "Lock table critical bloat")
    # A11 reports the same problem.
    assert later(0, None) == Evaluation([("A08", "OPENED")], [("a08", "opened")])
    evaluate(warehouse)
    assert recorded() == 1, "a second run for the same time changes nothing"
    assert later(5, 9501).events == [], "between its two limits a rule keeps its state"
    assert later(115, 10002) == Evaluation([], [("a08", "opened")])
    assert later(120, 10002) == Evaluation([("A08", "ESCALATED")], [("a08", "escalated")])
    assert later(235, 10002).events == []
    assert later(240, 10002).events == [("A08", "REPEATED")]
    unknown = later(265, None)
    assert unknown.events == [], "without a fresh health check nothing is known"
    assert ("a08", "escalated") in unknown.signals, "and nothing changes"
    assert later(270, 9500).events == [("A08", "RESOLVED"), ("A11", "OPENED")]
    before = recorded()
    evaluate(warehouse, 260)
    assert recorded() == before, "an evaluation that comes late does not turn back the time"
    assert warehouse.value("SELECT acknowledged_by FROM automation_alerts") == "evaluate_alerts"
    assert later(275, 4750).events == [("A11", "RESOLVED")]
    assert "a08" not in dict(later(280, None).signals)
    incidents = warehouse.run(
        "SELECT incident_id, COUNT(*) AS events FROM alert_events WHERE rule_id = 'A08'"
        " GROUP BY incident_id"
    )
    assert [row["events"] for row in incidents] == [4]


def test_only_a_run_with_results_resolves_what_the_daily_run_before_it_found(warehouse):
    def started(run: str, minutes: int, status: str, failed: int | None = None) -> None:
        known = "NULL, NULL, NULL" if failed is None else f"20, {20 - failed}, {failed}"
        warehouse.run(
            "INSERT INTO etl_job_runs (run_id, job_name, execution_date, job_start_time, status,"
            " creators_total, creators_processed, creators_failed)"
            f" VALUES ('{run}', 'run_daily_automation', {TODAY},"
            f" {at(NOW + dt.timedelta(minutes=minutes))}, '{status}', {known})"
        )

    fill(warehouse, {"daily": {"status": "CIRCUIT_OPEN", "processed": 0, "failed": 5}})
    outbox(warehouse, "Circuit breaker open")
    assert evaluate(warehouse).events == [("A18", "OPENED")]
    started("repeated", 1, "RUNNING")
    assert evaluate(warehouse, 5).events == []
    assert evaluate(warehouse, 12).events == [("A13", "OPENED")], "the run at work is slow"
    warehouse.run("UPDATE etl_job_runs SET status = 'FAILED' WHERE run_id = 'repeated'")
    events = evaluate(warehouse, 13).events
    assert ("A18", "RESOLVED") not in events, "that run was killed and has no results"
    assert warehouse.value("SELECT LOGICAL_OR(acknowledged) FROM automation_alerts") is False
    started("better", 14, "PARTIAL", failed=3)
    assert evaluate(warehouse, 15).events == [
        ("A09", "OPENED"),
        ("A13", "RESOLVED"),
        ("A18", "RESOLVED"),
    ]
    started("again", 16, "RUNNING")
    assert evaluate(warehouse, 17).events == [], "the failed creators of the run before count on"
    warehouse.run("UPDATE etl_job_runs SET status = 'SUCCESS' WHERE run_id = 'better'")
    warehouse.run("UPDATE etl_job_runs SET creators_failed = 0 WHERE run_id = 'better'")
    assert evaluate(warehouse, 18).events == [("A09", "RESOLVED"), ("A14", "OPENED")]
    assert warehouse.value("SELECT acknowledged_by FROM automation_alerts") == "evaluate_alerts"


def test_a_rule_does_not_open_while_its_value_is_unknown(warehouse):
    def later(minutes: int) -> list[tuple[str, str]]:
        return [e for e in evaluate(warehouse, minutes).events if e[0] == "A08"]

    warehouse.run(
        "INSERT INTO alert_states (rule_id, title, severity, state, incident_id, pending_since,"
        " evaluated_at) VALUES ('A08', 'Lock table critical bloat', 'CRITICAL', 'PENDING', 'i',"
        f" {at(NOW - dt.timedelta(minutes=20))}, {at(NOW - dt.timedelta(minutes=20))})"
    )
    assert later(0) == [], "beyond its limit once, and since then nobody knows"
    assert warehouse.value("SELECT state FROM alert_states WHERE rule_id = 'A08'") == "PENDING"
    check(warehouse, NOW + dt.timedelta(minutes=5), active_locks=10001)
    assert later(5) == [("A08", "OPENED")]


def test_an_acknowledged_incident_is_not_escalated(warehouse):
    fill(warehouse, {"health": {"available_captions": 199}})
    assert evaluate(warehouse).events == [("A04", "OPENED")]
    warehouse.run("CALL acknowledge_alert('a04', 'ada')")
    [row] = warehouse.run("SELECT * FROM alert_status WHERE rule_id = 'A04'")
    assert (row["state"], row["acknowledged_by"]) == ("ACKNOWLEDGED", "ada")
    check(warehouse, NOW + dt.timedelta(minutes=125), available_captions=150)
    made = evaluate(warehouse, 125)
    assert ("A04", "ESCALATED") not in made.events
    assert ("a04", "opened") in made.signals, "the incident itself stays open"
    with pytest.raises(GoogleAPICallError, match="no open alert is named A05"):
        warehouse.run("CALL acknowledge_alert('A05', 'ada')")


def test_evaluations_at_once_tell_once_and_keep_what_a_person_does_meanwhile(warehouse):
    def call(sql: str) -> None:
        # Who loses against the others calls again.
        for _ in range(20):
            with contextlib.suppress(GoogleAPICallError):
                warehouse.run(sql)
                return
        pytest.fail(f"never ended well: {sql}")

    fill(warehouse, {"health": {"available_captions": 199}})
    assert evaluate(warehouse).events == [("A04", "OPENED")]
    check(warehouse, NOW + dt.timedelta(minutes=240), available_captions=150)
    again = f"CALL evaluate_alerts({at(NOW + dt.timedelta(minutes=240))})"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(call, [again, "CALL acknowledge_alert('A04', 'ada')", again, again]))
    reported = warehouse.run(
        "SELECT event, COUNT(*) AS n FROM alert_events WHERE rule_id = 'A04' GROUP BY event"
    )
    assert {row["n"] for row in reported} == {1}
    assert {"OPENED", "REPEATED", "ACKNOWLEDGED"} <= {row["event"] for row in reported}
    assert warehouse.value("SELECT acknowledged_by FROM alert_states WHERE rule_id = 'A04'") == (
        "ada"
    )


def test_an_alert_of_a_procedure_is_acknowledged_by_its_name(warehouse):
    outbox(warehouse, "Lock cleanup failed")
    warehouse.run("CALL acknowledge_alert('Lock cleanup failed', 'ada')")
    assert warehouse.value("SELECT acknowledged_by FROM automation_alerts") == "ada"


def test_a_rule_that_is_gone_from_the_catalogue_resolves(warehouse):
    fill(warehouse, {})
    warehouse.run(
        "INSERT INTO alert_states (rule_id, title, severity, state, incident_id, pending_since,"
        " opened_at, last_notified_at, evaluated_at)"
        f" SELECT 'A90', 'Gone', 'WARNING', 'OPEN', 'i', t, t, t, t FROM UNNEST([{at(NOW)}]) AS t"
    )
    assert evaluate(warehouse, 5) == Evaluation([("A90", "RESOLVED")], [])
