"""Alert policies at work: incidents, and each notification exactly once."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localgcp.apis.clock import Clock
from packages.localgcp.tests.rest_support import DTS, PROJECT, Queries, Server, running

MONITORING = f"/monitoring/v3/projects/{PROJECT}"
TOPIC = f"projects/{PROJECT}/topics/alerts"
METRIC = "logging.googleapis.com/user/firing"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class World:
    """A server at noon of a day long ago, with a metric to break conditions with."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.at = NOON

    def channel(self, kind: str = "email", **labels: str) -> str:
        labels = labels or {"email_address": "on-call@example.com"}
        body = {"type": kind, "displayName": f"by {kind}", "labels": labels}
        return self.server.ok("POST", f"{MONITORING}/notificationChannels", body)["name"]

    def policy(self, *channels: str, **changes: Any) -> dict[str, Any]:
        body = {
            "displayName": "Rule",
            "combiner": "OR",
            "severity": "CRITICAL",
            "userLabels": {"rule": "a01"},
            "conditions": [threshold()],
            "notificationChannels": list(channels),
            "documentation": {
                "content": "See ${policy.display_name}: ${metric.label.rule}${nothing}.",
                "mimeType": "text/markdown",
                "subject": "${condition.display_name}",
                "links": [{"displayName": "Runbook", "url": "https://example.com/#a01"}],
            },
            **changes,
        }
        return self.server.ok("POST", f"{MONITORING}/alertPolicies", body)

    def patch(self, policy: dict[str, Any], **changes: Any) -> None:
        path = f"/monitoring/v3/{policy['name']}?updateMask={','.join(changes)}"
        self.server.ok("PATCH", path, changes)

    def after(self, **span: float) -> None:
        """Let time pass and judge it."""
        self.at += timedelta(**span)
        self.server.clock.move_to(self.at)
        self.server.ok("POST", "/localcloud/settle")

    def fire(self, rule: str = "A01", **payload: Any) -> None:
        """An entry that counts in the metric."""
        self.server.ok(
            "POST",
            "/logging/v2/entries:write",
            {
                "logName": f"projects/{PROJECT}/logs/rules",
                "resource": {"type": "global", "labels": {"project_id": PROJECT}},
                "entries": [{"jsonPayload": {"rule": rule, **payload}}],
            },
        )
        self.server.ok("POST", "/localcloud/settle")

    def notified(self) -> list[str]:
        """States of the notifications since the last look, `again` for a repetition."""
        found = self.server.ok("GET", "/localcloud/inbox")["notifications"]
        self.server.ok("DELETE", "/localcloud/inbox")
        self.last = [one["payload"]["incident"] for one in found]
        self.channels = [one["channel"]["type"] for one in found]
        return ["again" if one["renotify"] else one["state"] for one in self.last]


def threshold(**changes: Any) -> dict[str, Any]:
    return {
        "displayName": "it fires",
        "conditionThreshold": {
            "filter": f'metric.type="{METRIC}" AND resource.type="global"',
            "aggregations": [{"alignmentPeriod": "600s", "perSeriesAligner": "ALIGN_SUM"}],
            "comparison": "COMPARISON_GT",
            "thresholdValue": 0,
            "duration": "0s",
            **changes,
        },
    }


def inactive(**changes: Any) -> dict[str, Any]:
    return threshold(
        duration="60s", evaluationMissingData="EVALUATION_MISSING_DATA_INACTIVE", **changes
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cloud"


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    clock = Clock()
    clock.move_to(NOON)
    with running(folder, clock=clock, queries=Queries(clock)) as server:
        server.ok(
            "POST",
            f"/logging/v2/projects/{PROJECT}/metrics",
            {
                "name": "firing",
                "filter": "jsonPayload.rule:*",
                "metricDescriptor": {"labels": [{"key": "rule"}]},
                "labelExtractors": {"rule": "EXTRACT(jsonPayload.rule)"},
            },
        )
        yield World(server)


def test_an_incident_is_opened_and_closed_with_one_notification_each(world: World) -> None:
    world.policy(world.channel(), conditions=[inactive()])
    world.after(minutes=1)
    assert world.notified() == []
    world.fire()
    world.after(minutes=3)
    world.fire()
    assert world.notified() == ["open"]
    [incident] = world.last
    assert (incident["severity"], incident["policy_name"]) == ("CRITICAL", "Rule")
    assert incident["documentation"]["content"] == "See Rule: A01."
    assert incident["documentation"]["subject"] == "it fires"
    assert incident["documentation"]["links"][0]["url"] == "https://example.com/#a01"
    assert incident["policy_user_labels"] == {"rule": "a01"}
    assert incident["metric"]["labels"] == {"rule": "A01"}
    assert (incident["threshold_value"], incident["ended_at"]) == ("0", None)
    assert "above the threshold of 0" in incident["summary"]
    world.after(minutes=9)
    assert world.notified() == []
    world.after(minutes=30)
    assert world.notified() == ["closed"]
    assert world.last[0]["incident_id"] == incident["incident_id"]
    assert world.last[0]["ended_at"] > incident["started_at"]
    world.after(days=2)
    assert world.notified() == []


def test_each_series_has_its_own_incident(world: World) -> None:
    world.policy(world.channel())
    world.fire("A01")
    world.fire("A02")
    world.fire("A01")
    assert world.notified() == ["open", "open"]
    assert {one["metric"]["labels"]["rule"] for one in world.last} == {"A01", "A02"}
    alerts = world.server.ok("GET", f"{MONITORING}/alerts")["alerts"]
    assert [one["state"] for one in alerts] == ["OPEN", "OPEN"]
    assert alerts[0]["policy"]["severity"] == "CRITICAL"
    assert world.server.ok("GET", f"/monitoring/v3/{alerts[0]['name']}") == alerts[0]


def test_a_condition_must_last_as_long_as_it_says(world: World) -> None:
    short = [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_SUM"}]
    lasting = threshold(duration="180s", aggregations=short)
    world.policy(world.channel(), conditions=[lasting])
    world.fire()
    for _ in range(2):
        world.after(seconds=55)
        world.fire()
    assert world.notified() == []
    for _ in range(2):
        world.after(seconds=55)
        world.fire()
    assert world.notified() == ["open"]


def test_silence_leaves_an_incident_open_until_auto_close(world: World) -> None:
    world.policy(world.channel(), alertStrategy={"autoClose": "3600s"})
    world.fire()
    world.after(minutes=50)
    assert world.notified() == ["open"]
    world.after(minutes=30)
    assert world.notified() == ["closed"]
    assert "no data" in world.last[0]["summary"]


def test_reminders_reach_the_channels_that_want_them(world: World) -> None:
    email, other = world.channel(), world.channel("pubsub", topic=TOPIC)
    strategy = {
        "autoClose": "7200s",
        "notificationChannelStrategy": [
            {"notificationChannelNames": [email], "renotifyInterval": "1800s"}
        ],
    }
    world.policy(email, other, alertStrategy=strategy)
    world.fire()
    assert world.notified() == ["open", "open"]
    world.after(minutes=29)
    assert world.notified() == []
    world.after(minutes=36)
    assert world.notified() == ["again", "again"]
    assert world.channels == ["email", "email"]


def test_prompts_say_when_to_notify(world: World) -> None:
    world.policy(
        world.channel(),
        conditions=[inactive()],
        alertStrategy={"notificationPrompts": ["OPENED"]},
    )
    world.fire()
    world.after(minutes=2)
    world.after(hours=1)
    assert world.notified() == ["open"]


def test_a_disabled_policy_or_channel_tells_nothing(world: World) -> None:
    off = world.channel()
    world.server.ok("PATCH", f"/monitoring/v3/{off}?updateMask=enabled", {"enabled": False})
    world.policy(off)
    disabled = world.policy(world.channel(), enabled=False)
    world.fire()
    assert world.notified() == []
    world.patch(disabled, enabled=True)
    world.after(minutes=1)
    assert world.notified() == ["open"]


def test_a_change_of_name_keeps_the_incident_and_a_threshold_counts_at_once(world: World) -> None:
    policy = world.policy(world.channel())
    world.fire()
    assert world.notified() == ["open"]
    world.patch(policy, displayName="Renamed")
    world.after(minutes=1)
    assert world.notified() == []
    condition = policy["conditions"][0]
    condition["conditionThreshold"]["thresholdValue"] = 5
    world.patch(policy, conditions=[condition])
    world.after(minutes=1)
    assert world.notified() == ["closed"]
    assert world.last[0]["policy_name"] == "Renamed"


def test_incidents_of_a_deleted_policy_end_in_silence(world: World) -> None:
    policy = world.policy(world.channel())
    world.fire()
    assert world.notified() == ["open"]
    world.server.ok("DELETE", f"/monitoring/v3/{policy['name']}")
    world.after(minutes=1)
    assert world.notified() == []
    [alert] = world.server.ok("GET", f"{MONITORING}/alerts")["alerts"]
    assert alert["state"] == "CLOSED"


def test_all_conditions_or_one(world: World) -> None:
    both = [
        threshold(),
        threshold(filter=f'metric.type="{METRIC}" AND metric.labels.rule="A02"'),
    ]
    world.policy(world.channel(), conditions=both, combiner="AND")
    world.fire("A01")
    assert world.notified() == []
    world.fire("A02")
    assert world.notified() == ["open"], "one incident for all"
    world.after(minutes=11)
    assert world.notified() == ["closed"]


def test_a_trigger_counts_series(world: World) -> None:
    world.policy(world.channel(), conditions=[threshold(trigger={"count": 2})])
    world.fire("A01")
    assert world.notified() == []
    world.fire("A02")
    assert world.notified() == ["open", "open"]


def test_absence_of_what_was_there(world: World) -> None:
    absent = {
        "displayName": "silent",
        "conditionAbsent": {
            "filter": f'metric.type="{METRIC}" AND resource.type="global"',
            "duration": "1800s",
        },
    }
    world.policy(world.channel(), conditions=[absent])
    world.after(hours=1)
    assert world.notified() == [], "what never was is not missed"
    world.fire()
    world.after(minutes=29)
    assert world.notified() == []
    world.after(minutes=2)
    assert world.notified() == ["open"]
    world.fire()
    assert world.notified() == ["closed"]


def test_silence_can_count_as_broken(world: World) -> None:
    silent = threshold(
        comparison="COMPARISON_LT",
        thresholdValue=1,
        duration="300s",
        evaluationMissingData="EVALUATION_MISSING_DATA_ACTIVE",
    )
    world.policy(world.channel(), conditions=[silent])
    world.after(hours=1)
    assert world.notified() == [], "what never was is not missed"
    world.fire()
    world.after(minutes=14)
    assert world.notified() == []
    world.after(minutes=3)
    assert world.notified() == ["open"]
    assert world.last[0]["observed_value"] == ""
    world.fire()
    assert world.notified() == ["closed"]


def test_a_ratio_of_two_series(world: World) -> None:
    group = [
        {
            "alignmentPeriod": "600s",
            "perSeriesAligner": "ALIGN_SUM",
            "crossSeriesReducer": "REDUCE_SUM",
        }
    ]
    ratio = threshold(
        filter=f'metric.type="{METRIC}" AND metric.labels.rule="bad"',
        aggregations=group,
        denominatorFilter=f'metric.type="{METRIC}"',
        denominatorAggregations=group,
        thresholdValue=0.5,
    )
    world.policy(world.channel(), conditions=[ratio])
    for rule in ("good", "bad", "good"):
        world.fire(rule)
    assert world.notified() == []
    world.fire("bad")
    world.fire("bad")
    assert world.notified() == ["open"]
    assert world.last[0]["observed_value"] == "0.6"


def test_a_log_entry_opens_an_incident_and_the_rate_is_limited(world: World) -> None:
    matched = {
        "displayName": "entry",
        "conditionMatchedLog": {
            "filter": 'jsonPayload.kind="boom"',
            "labelExtractors": {"rule": "EXTRACT(jsonPayload.rule)"},
        },
    }
    strategy = {"notificationRateLimit": {"period": "300s"}, "autoClose": "1800s"}
    world.policy(world.channel(), conditions=[matched], alertStrategy=strategy)
    world.fire(kind="quiet")
    world.fire(kind="boom")
    world.fire(kind="boom")
    assert world.notified() == ["open"]
    assert world.last[0]["extracted_labels"] == {"rule": "A01"}
    world.fire("A02", kind="boom")
    assert world.notified() == ["open"], "other labels, another incident"
    world.after(minutes=6)
    world.fire(kind="boom")
    assert world.notified() == ["again"]
    world.after(hours=1)
    assert world.notified() == [], "such policies notify of openings only"
    world.fire(kind="boom")
    assert world.notified() == ["open"], "the first one was closed meanwhile"


def test_a_pubsub_channel_publishes_the_payload(world: World) -> None:
    subscription = f"projects/{PROJECT}/subscriptions/watch"
    world.server.ok("PUT", f"/pubsub/v1/{TOPIC}", {})
    world.server.ok("PUT", f"/pubsub/v1/{subscription}", {"topic": TOPIC})
    world.policy(world.channel("pubsub", topic=TOPIC))
    world.fire()
    answer = world.server.ok("POST", f"/pubsub/v1/{subscription}:pull", {"maxMessages": 10})
    [message] = answer["receivedMessages"]
    payload = json.loads(base64.b64decode(message["message"]["data"]))
    assert (payload["version"], payload["incident"]["state"]) == ("1.2", "open")


def test_a_restart_doubles_and_loses_nothing(world: World, folder: Path) -> None:
    world.policy(world.channel(), conditions=[inactive()])
    world.fire()
    world.after(minutes=2)
    assert world.notified() == ["open"]
    clock = Clock()
    clock.move_to(world.at)
    with running(folder, clock=clock) as again:
        other = World(again)
        other.at = world.at
        other.after(minutes=2)
        assert other.notified() == []
        other.after(minutes=20)
        assert other.notified() == ["closed"]


def test_time_without_the_cloud_is_not_judged(world: World, folder: Path) -> None:
    absent = {
        "displayName": "silent",
        "conditionAbsent": {"filter": f'metric.type="{METRIC}"', "duration": "1800s"},
    }
    world.policy(world.channel(), conditions=[absent])
    world.fire()
    clock = Clock()
    clock.move_to(NOON + timedelta(hours=10))
    with running(folder, clock=clock) as again:
        other = World(again)
        other.at = NOON + timedelta(hours=10)
        other.after(minutes=5)
        assert other.notified() == []
        other.after(minutes=30)
        assert other.notified() == ["open"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"conditions": [threshold(comparison="COMPARISON_GE")]}, "COMPARISON_GT"),
        ({"conditions": [threshold(duration="90s")]}, "multiple of a minute"),
        ({"conditions": [threshold(filter="metric.type=")]}, "Could not parse"),
        (
            {"conditions": [threshold(evaluationMissingData="EVALUATION_MISSING_DATA_ACTIVE")]},
            "at least 60 seconds",
        ),
        (
            {
                "conditions": [
                    threshold(
                        aggregations=[
                            {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_PERCENTILE_95"}
                        ]
                    )
                ]
            },
            "cannot be applied",
        ),
        (
            {
                "conditions": [
                    {
                        "displayName": "absent",
                        "conditionAbsent": {
                            "filter": f'metric.type="{METRIC}"',
                            "duration": "90000s",
                        },
                    }
                ]
            },
            "84600s",
        ),
        ({"alertStrategy": {"autoClose": "60s"}}, "30 minutes"),
        (
            {"alertStrategy": {"notificationChannelStrategy": [{"renotifyInterval": "60s"}]}},
            "30 minutes and 24 hours",
        ),
    ],
)
def test_a_policy_that_google_refuses_is_refused(
    world: World, changes: dict[str, Any], words: str
) -> None:
    body = {"displayName": "p", "combiner": "OR", "conditions": [threshold()], **changes}
    code, error = world.server.error("POST", f"{MONITORING}/alertPolicies", body)
    assert code == 400
    assert words in error["message"]


def test_what_cannot_be_evaluated_here_says_so(world: World) -> None:
    condition = {"displayName": "c", "conditionPrometheusQueryLanguage": {"query": "up"}}
    body = {"displayName": "p", "combiner": "OR", "conditions": [condition]}
    code, error = world.server.error("POST", f"{MONITORING}/alertPolicies", body)
    assert (code, "not evaluated" in error["message"]) == (501, True)


def test_a_walk_that_leaves_runs_out_neither_forgets_nor_revives(world: World) -> None:
    """Without every run a measurement counts an hour longer, as in a walk of the clock."""
    often = {"schedule": "every 5 minutes", "displayName": "often", "params": {"query": "SELECT 1"}}
    config = often | {"dataSourceId": "scheduled_query"}
    world.server.ok("POST", f"{DTS}/transferConfigs", config)
    world.policy(world.channel(), conditions=[inactive()])
    world.fire("A01")
    world.after(minutes=2)
    world.after(minutes=20)
    world.fire("A02")
    world.after(minutes=2)
    assert world.notified() == ["open", "closed", "open"]
    to = (world.at + timedelta(minutes=50)).isoformat()
    assert world.server.call("POST", "/localcloud/clock/advance", {"to": to}).status == 200
    assert world.notified() == []
    world.at += timedelta(minutes=50)
    world.after(minutes=2)
    assert world.notified() == ["closed"], "the last measurement is long past"
