"""Alert rules: what is refused at load, and the policies that they become."""

import re
from pathlib import Path

import pulumi
import pytest
import yaml

from bqstack.errors import UserError
from components import metric_gate
from components.system import System
from eros.project import alerts, channels, notices, schedules
from eros.project.alerts import alert_policy, checks
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import parse
from tests.unit.conftest import VALUES
from tests.unit.fake_engine import Declared, record

POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
METRIC = "gcp:logging/metric:Metric"
# docs/alerts.md, with the severities recommended where the seed gives none.
SEVERITIES = {
    "CRITICAL": {"A01", "A04", "A05", "A06", "A07", "A08", "A18"},
    "WARNING": {"A02", "A03", "A09", "A10", "A11", "A12", "A13", "A15", "A16", "A17", "A19", "A20"},
    "INFO": {"A14"},
}
RULE = {
    "title": "Too many",
    "severity": "WARNING",
    "priority": "P2",
    "unit": "things",
    "value": "health.things",
    "above": 5,
    "repeatEvery": "1d",
    "means": "There are too many.",
    "firstSteps": [],
}
DOCUMENT = {
    "responseTimes": {"P0": "15m", "P1": "1h", "P2": "4h", "P3": "1d"},
    "routes": {s: {"channels": [], "escalateTo": []} for s in ("CRITICAL", "WARNING", "INFO")},
    "sources": {"health": "SELECT 1 AS things"},
}


@pytest.fixture
def rules(settings) -> dict[str, alerts.Rule]:
    return {rule.id: rule for rule in alerts.of(settings, PROJECT_ROOT).rules}


@pytest.fixture
def configs(settings):
    return schedules.transfer_configs(settings)


def load(root: Path, rules: dict, context: dict | None = None, **changes) -> alerts.Alerts:
    (root / "config").mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(DOCUMENT | {"rules": rules} | changes)
    (root / alerts.FILE).write_text(text, encoding="utf-8")
    return alerts.load(context or {}, root)


def refusal(root: Path, rule: dict, **changes) -> str:
    with pytest.raises(UserError) as caught:
        load(root, {"A50": {k: v for k, v in rule.items() if v is not None}}, **changes)
    assert str(caught.value).startswith("config/alerts.yaml: rules")
    return str(caught.value)


def test_every_rule_of_the_specification_is_there_with_its_severity(rules):
    for severity, expected in SEVERITIES.items():
        assert {rules[rule].severity for rule in expected} == {severity}


def test_limits_are_those_of_the_settings(values):
    stack = parse(values | {"thresholds": {"activeLocksCritical": 123}}, "f")
    found = {rule.id: rule for rule in alerts.of(stack, PROJECT_ROOT).rules}
    assert found["A08"].limit == 123
    assert found["A08"].resolves < 123


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"severty": "INFO"}, "did you mean 'severity'?"),
        ({"fr": "5m"}, "did you mean 'for'?"),
        ({"severity": "URGENT"}, "severity"),
        ({"above": None}, "either above or below"),
        ({"below": 1}, "either above or below"),
        ({"value": None}, "either value or metric"),
        ({"above": "{{ thresholds.nothing }}"}, "rules.A50.above"),
        ({"above": "many"}, "is not a number"),
        ({"resolves": 6}, "cannot resolve above it"),
        ({"for": "90s"}, "whole minutes"),
        ({"for": 5}, "whole minutes"),
        ({"repeatEvery": "29m"}, "30"),
        ({"repeatEvery": "2d"}, "1440"),
        ({"repeatEvery": None}, "repeatEvery is required"),
        ({"escalateAfter": "0m"}, "escalateAfter"),
        ({"supersededBy": ["A99"]}, "'A99' is not a rule"),
        ({"supersededBy": ["A50"]}, "supersedes itself"),
        ({"title": "It's bad"}, "title"),
        ({"severity": "INFO"}, "only recorded"),
        (
            {"value": None, "metric": {"type": "t", "resource": "r", "aligner": "ALIGN_SUM"}},
            "needs a window",
        ),
        (
            {
                "value": None,
                "metric": {"type": "t", "resource": "r", "aligner": "ALIGN_SUM", "window": "23h"},
                "for": "31m",
            },
            "23h30m",
        ),
        # Without `for` the condition is held for a minute.
        (
            {
                "value": None,
                "metric": {
                    "type": "t",
                    "resource": "r",
                    "aligner": "ALIGN_SUM",
                    "window": "1410m",
                },
            },
            "23h30m",
        ),
        # Nothing is left for the time between two runs.
        (
            {
                "value": None,
                "metric": {
                    "type": "t",
                    "resource": "r",
                    "aligner": "ALIGN_SUM",
                    "schedules": ["run_daily_automation"],
                },
                "escalateAfter": "1409m",
            },
            "23h30m",
        ),
        (
            {
                "value": None,
                "metric": {"type": "t", "resource": "r", "aligner": "SUM", "window": "1h"},
            },
            "aligner",
        ),
    ],
)
def test_what_cannot_work_is_refused_at_load(tmp_path, changes, expected):
    assert expected in refusal(tmp_path, RULE | changes)


def test_a_severity_without_a_route_and_a_bad_id_are_refused(tmp_path):
    assert "routes has no WARNING" in refusal(tmp_path, RULE, routes={})
    with pytest.raises(UserError, match="A5x"):
        load(tmp_path, {"A5x": RULE})


def test_unknown_names_are_refused_with_the_likely_one(tmp_path, configs):
    known = channels.names()
    wrong = load(tmp_path, {"A50": RULE | {"channels": ["on_call_slak"]}})
    with pytest.raises(UserError, match="did you mean 'on_call_slack'"):
        checks.check(wrong, "r", configs, known)
    metric = {"type": "t", "resource": "r", "aligner": "ALIGN_SUM", "schedules": ["swep"]}
    wrong = load(tmp_path / "other", {"A50": RULE | {"value": None, "metric": metric}})
    with pytest.raises(UserError, match=r"rules\.A50\.metric\.schedules"):
        checks.check(wrong, "r", configs, known)


def test_documentation_beyond_the_limit_is_refused(tmp_path, configs):
    wordy = load(tmp_path, {"A50": RULE | {"means": "x" * 8193}})
    with pytest.raises(UserError, match="8192"):
        checks.check(wordy, "r", configs, channels.names())


def test_a_rule_with_a_value_watches_its_own_signal(rules, configs):
    (condition,) = alert_policy.conditions(rules["A08"], configs)
    assert condition.filter == (
        'metric.type="logging.googleapis.com/user/eros/alert_value"'
        ' AND resource.type="bigquery_project" AND metric.labels.rule="a08"'
    )
    # The mean of values that are all beyond the limit is beyond it, and stands in the message.
    assert (condition.limit, condition.is_below) == (rules["A08"].resolves, False)
    assert (condition.aligner, condition.reducer) == ("ALIGN_DELTA", "REDUCE_MEAN")
    (pool,) = alert_policy.conditions(rules["A04"], configs)
    assert (pool.limit, pool.is_below) == (rules["A04"].resolves, True)
    # A late evaluation does not close the incident: three of them fit into the window.
    assert condition.window >= 3 * 5
    (escalated,) = alert_policy.conditions(rules["A08"], configs, escalated=True)
    assert escalated.filter.endswith('AND metric.labels.stage="escalated"')


def test_failed_runs_are_watched_until_the_next_run_of_their_schedule(rules, configs):
    found = alert_policy.conditions(rules["A20"], configs)
    windows = {key: c.window for c in found for key in c.configs}
    assert set(windows) == {c.key for c in configs if c.schedule_name != "run_daily_automation"}
    for config in configs:
        if config.key in windows:
            gap = config.gap.total_seconds() / 60
            assert windows[config.key] > min(gap, 22 * 60), config.key
    (daily,) = alert_policy.conditions(rules["A05"], configs)
    assert daily.configs == ("run_daily_automation_1005_utc", "run_daily_automation_1105_utc")
    assert all(c.window + c.hold <= 23 * 60 + 30 for c in [*found, daily])
    (later,) = alert_policy.conditions(rules["A05"], configs, escalated=True)
    assert later.hold == daily.hold + rules["A05"].escalate_after
    assert later.window + later.hold <= 23 * 60 + 30


def test_a_stopped_evaluation_is_noticed_without_a_single_point(rules, configs):
    (condition,) = alert_policy.conditions(rules["A25"], configs)
    assert condition.configs == ("evaluate_alerts",)
    assert condition.missing_data == "EVALUATION_MISSING_DATA_ACTIVE"
    assert (condition.limit, condition.is_below) == (1, True)
    assert condition.title == "good evaluations in 30 minutes, below 1"
    (daily,) = alert_policy.conditions(rules["A05"], configs)
    assert daily.title == "failed runs, above 0 in 22 h 29 min"


def test_documentation_tells_meaning_response_time_commands_and_runbook(rules):
    text = alert_policy.documentation(rules["A04"], "docs/runbook.md", "prod")
    assert "CRITICAL, P1, act within 1 h." in text
    assert "Fires below 200 available captions, healthy again at 220." in text
    assert "1. `eros run sweep_expired_caption_locks --stack prod`" in text
    assert "Runbook: docs/runbook.md#a04-caption-pool-depletion" in text
    assert "`eros alerts ack A04 --stack prod`" in text


@pytest.mark.parametrize(("minutes", "text"), [(15, "15 min"), (60, "1 h"), (90, "1 h 30 min")])
def test_durations_are_written_for_people(minutes, text):
    assert alert_policy.duration(minutes) == text


@pytest.fixture(scope="module")
def declared() -> list[Declared]:
    contacts = {"escalationEmail": "lead@example.com"}
    stack = parse(VALUES | {"contacts": contacts, "schedulesPaused": False}, "f")
    return record(lambda: System("eros", stack).exports)


@pytest.fixture
def policies(declared) -> dict[str, Declared]:
    """Those of rules."""
    return {d.name: d for d in declared if d.type == POLICY and not d.name.startswith("notice-")}


def test_each_phase_of_a_notice_has_a_policy_that_matches_its_entries(declared, settings):
    found = {d.name: d.inputs for d in declared if d.name.startswith("notice-")}
    assert len(found) == len(notices.PHASES)
    for phase in notices.PHASES:
        inputs = found[f"notice-{phase.replace('_', '-')}"]
        [condition] = inputs["conditions"]
        matched = condition["conditionMatchedLog"]
        assert matched["filter"] == notices.entry_filter(phase, settings.dataset)
        assert set(matched["labelExtractors"]) == set(notices.FIELDS)
        # Google asks a policy on log entries for a rate.
        assert inputs["alertStrategy"]["notificationRateLimit"] == {"period": "300s"}
        assert inputs["notificationChannels"] == ["on_call_email-id"]


def test_each_rule_has_a_policy_and_each_escalation_a_second_one(policies, rules):
    paging = [rule for rule in rules.values() if rule.severity != "INFO"]
    expected = {rule.label for rule in paging}
    expected |= {f"{rule.label}-escalation" for rule in paging if rule.escalate_after}
    assert set(policies) == expected


def test_a_policy_carries_severity_channels_repeat_and_runbook(policies, rules):
    for name, resource in policies.items():
        rule = rules[name[:3].upper()]
        inputs = resource.inputs
        channel = "escalation_email" if name.endswith("-escalation") else "on_call_email"
        assert inputs["severity"] == rule.severity
        assert inputs["notificationChannels"] == [f"{channel}-id"]
        strategy = inputs["alertStrategy"]
        assert strategy["notificationPrompts"] == ["OPENED", "CLOSED"]
        (repeat,) = strategy["notificationChannelStrategies"]
        assert repeat["renotifyInterval"] == f"{rule.repeat_every * 60}s"
        assert 30 * 60 <= int(repeat["renotifyInterval"][:-1]) <= 24 * 3600
        assert (
            alert_policy.runbook_link("docs/runbook.md", rule) in inputs["documentation"]["content"]
        )
        assert len(inputs["documentation"]["content"].encode()) <= 8192
        assert len(inputs["documentation"]["subject"]) <= 255
        assert all(re.fullmatch(r"[a-z0-9_-]{1,63}", v) for v in inputs["userLabels"].values())
        assert inputs["enabled"] is True


def test_policies_over_the_new_metric_wait_for_it_once(monkeypatch):
    """Google answers 404 to a policy over a metric that Monitoring does not know yet."""
    asked, waited = [], []

    def when_known(metric, metric_type, settings):
        asked.append(metric_type)
        known = pulumi.Output.from_input(metric_type)
        return known.apply(lambda name: waited.append(name) or name)

    monkeypatch.setattr(metric_gate, "when_known", when_known)
    stack = parse(VALUES, "f")
    declared = record(lambda: System("eros", stack).exports)
    assert asked == waited == ["logging.googleapis.com/user/eros/alert_value"]
    filters = [
        condition["conditionThreshold"]["filter"]
        for resource in declared
        if resource.type == POLICY
        for condition in resource.inputs["conditions"]
        if "conditionThreshold" in condition
    ]
    assert all(text.startswith('metric.type="') for text in filters)
    assert len([text for text in filters if asked[0] in text]) >= 20


def test_conditions_are_as_cloud_monitoring_takes_them(policies):
    for name, resource in policies.items():
        conditions = resource.inputs["conditions"]
        assert 1 <= len(conditions) <= 6
        assert len({c["displayName"] for c in conditions}) == len(conditions)
        for condition in conditions:
            threshold = condition["conditionThreshold"]
            duration = int(threshold["duration"].removesuffix("s"))
            assert duration % 60 == 0
            # Missing data can be judged from one minute on only.
            assert duration >= 60
            (aggregation,) = threshold["aggregations"]
            period = int(aggregation["alignmentPeriod"].removesuffix("s"))
            assert period >= 60
            assert period + duration <= 23.5 * 3600, name
            assert "resource.type=" in threshold["filter"]
            assert len(threshold["filter"]) <= 2048
            assert threshold["comparison"] in ("COMPARISON_GT", "COMPARISON_LT")


def test_failed_runs_name_their_transfer_configs(policies):
    (condition,) = policies["a05"].inputs["conditions"]
    assert condition["conditionThreshold"]["filter"].endswith(
        'AND resource.labels.config_id=one_of("run_daily_automation_1005_utc-id",'
        ' "run_daily_automation_1105_utc-id")'
    )
    assert any("run_daily_automation_1005_utc" in d for d in policies["a05"].dependencies)


def test_the_signal_metric_counts_the_labelled_queries(declared):
    (metric,) = [d for d in declared if d.type == METRIC and d.name == "alert-firing"]
    assert metric.inputs["name"] == "eros/alert_firing"
    assert metric.inputs["metricDescriptor"]["metricKind"] == "DELTA"
    assert metric.inputs["metricDescriptor"]["valueType"] == "INT64"
    assert set(metric.inputs["labelExtractors"]) == {"rule", "stage"}
    assert 'labels.component="alert"' in metric.inputs["filter"]


def test_the_value_metric_takes_the_value_out_of_the_labels(declared):
    (metric,) = [d for d in declared if d.type == METRIC and d.name == "alert-value"]
    assert metric.inputs["metricDescriptor"]["valueType"] == "DISTRIBUTION"
    assert metric.inputs["valueExtractor"].endswith("labels.alert_value)")
    assert set(metric.inputs["labelExtractors"]) == {"rule", "stage"}


def test_policies_come_after_the_metric(policies):
    for resource in policies.values():
        assert any(d.endswith("::alert-value") for d in resource.dependencies)


def test_every_runbook_link_leads_to_a_heading(rules):
    text = (PROJECT_ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w\s-]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for rule in rules.values():
        file, _, anchor = alert_policy.runbook_link("docs/runbook.md", rule).partition("#")
        assert file == "docs/runbook.md"
        assert anchor in anchors, rule.id


def test_the_list_of_rules_in_the_docs_is_complete(rules):
    text = (PROJECT_ROOT / "docs/alerts.md").read_text(encoding="utf-8")
    for rule in rules.values():
        row = f"| {rule.title} | {rule.severity} | {rule.priority} |"
        assert row in text, rule.id


def test_no_rule_is_written_twice_into_the_file():
    # YAML lets the last of two equal keys win without a word.
    text = (PROJECT_ROOT / alerts.FILE).read_text(encoding="utf-8")
    ids = re.findall(r"^  (A\d+):$", text, re.MULTILINE)
    assert len(ids) == len(set(ids))
