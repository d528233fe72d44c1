"""What the server refuses, and in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localgcp.apis.discovery import load_router
from localgcp.apis.services import build_registry
from packages.localgcp.tests.rest_support import DTS, PROJECT, Server, server_fixture

__all__ = ["server_fixture"]

POLICIES = f"/monitoring/v3/projects/{PROJECT}/alertPolicies"
CHANNELS = f"/monitoring/v3/projects/{PROJECT}/notificationChannels"


def condition(kind: str = "conditionThreshold", **detail: Any) -> dict[str, Any]:
    own = {
        "conditionThreshold": {"comparison": "COMPARISON_GT"},
        "conditionAbsent": {"duration": "300s"},
    }.get(kind, {})
    text = 'metric.type="a.googleapis.com/b" resource.type="global"'
    return {"displayName": "c", kind: {"filter": text, **own, **detail}}


def policy(**changes: Any) -> dict[str, Any]:
    return {"displayName": "p", "combiner": "OR", "conditions": [condition()], **changes}


@pytest.mark.unit
def test_every_served_method_is_one_of_googles() -> None:
    router = load_router()
    for method_id in build_registry().ids():
        assert router.method(method_id)


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (
            policy(surprise=1),
            "alert_policy",
            "Unknown name \"surprise\" at 'alert_policy': Cannot find field.",
        ),
        (
            policy(conditions=[condition(wrong=1)]),
            "alert_policy.conditions[0].condition_threshold",
            "Unknown name \"wrong\" at 'alert_policy.conditions[0].condition_threshold'",
        ),
        (policy(enabled="yes"), "alert_policy.enabled", '(TYPE_BOOL), "yes"'),
        (policy(combiner="MAYBE"), "alert_policy.combiner", '(TYPE_ENUM), "MAYBE"'),
        (policy(conditions={}), "alert_policy.conditions", "(list), {}"),
        (
            policy(conditions=[condition(duration="60")]),
            "alert_policy.conditions[0].condition_threshold.duration",
            "google.protobuf.Duration",
        ),
        (
            policy(conditions=[{"displayName": "c", "conditionThreshold": {}}]),
            "alert_policy.conditions[0].condition_threshold.filter",
            "is required",
        ),
    ],
)
def test_a_body_that_does_not_fit_names_its_field(
    server: Server, body: dict[str, Any], field: str, message: str
) -> None:
    code, error = server.error("POST", POLICIES, body)
    assert (code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert message in error["message"]
    [detail] = error["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert field in [item["field"] for item in detail["fieldViolations"]]


def test_snake_case_nulls_enum_numbers_and_output_fields_are_taken_like_google(
    server: Server,
) -> None:
    made = server.ok(
        "POST",
        POLICIES,
        {
            "display_name": "p",
            "combiner": 2,
            "conditions": [condition()],
            "documentation": None,
            "userLabels": {"a": "b"},
        },
    )
    assert (made["displayName"], made["combiner"]) == ("p", "OR")
    assert "documentation" not in made


def test_queries_bodies_and_paths_that_make_no_sense(server: Server) -> None:
    code, error = server.error("GET", POLICIES + "?surprise=1")
    assert (code, "surprise" in error["message"]) == (400, True)
    assert server.error("GET", POLICIES + "?pageSize=many")[0] == 400
    assert server.error("GET", POLICIES + "?pageToken=!!")[0] == 400
    assert server.call("POST", POLICIES, raw=b"{not json").status == 400
    assert server.call("POST", POLICIES, raw=b"[1]").status == 400
    assert server.error("GET", "/monitoring/v3/nonsense")[0] == 404
    assert server.error("GET", "/unknown/v1/x")[0] == 404
    assert server.error("GET", "/monitoring")[0] == 404
    assert server.error("PATCH", f"{POLICIES}/1?updateMask=x", policy())[0] == 404


def test_a_method_of_googles_that_is_not_served_says_so(server: Server) -> None:
    code, error = server.error(
        "POST", f"/monitoring/v3/projects/{PROJECT}/timeSeries:query", {"query": "x"}
    )
    assert code == 501
    assert "monitoring.projects.timeSeries.query" in error["message"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"displayName": ""}, "displayName"),
        ({"combiner": "COMBINE_UNSPECIFIED"}, "combiner"),
        ({"conditions": []}, "conditions"),
        ({"conditions": [{"displayName": "none"}]}, "Exactly one kind"),
        (
            {"notificationChannels": [f"projects/{PROJECT}/notificationChannels/1"]},
            "does not exist",
        ),
        ({"alertStrategy": {"notificationRateLimit": {"period": "300s"}}}, "Only log-based"),
        ({"conditions": [condition("conditionMatchedLog")]}, "rate limit"),
    ],
)
def test_alert_policies_follow_the_rules_beyond_the_schema(
    server: Server, changes: dict[str, Any], words: str
) -> None:
    code, error = server.error("POST", POLICIES, policy(**changes))
    assert code == 400
    assert words in error["message"]


def test_a_policy_cannot_watch_a_log_metric_that_does_not_exist(server: Server) -> None:
    watching = policy(
        conditions=[condition(filter='metric.type="logging.googleapis.com/user/eros/x"')]
    )
    code, error = server.error("POST", POLICIES, watching)
    assert (code, "Cannot find metric" in error["message"]) == (404, True)
    metric = {"name": "eros/x", "filter": "severity>=ERROR"}
    server.ok("POST", f"/logging/v2/projects/{PROJECT}/metrics", metric)
    server.ok("POST", POLICIES, watching)


def test_a_log_match_policy_needs_a_rate_limit(server: Server) -> None:
    made = server.ok(
        "POST",
        POLICIES,
        policy(
            conditions=[{"displayName": "c", "conditionMatchedLog": {"filter": "severity>=ERROR"}}],
            alertStrategy={"notificationRateLimit": {"period": "300s"}, "autoClose": "1800s"},
        ),
    )
    assert made["alertStrategy"]["notificationRateLimit"] == {"period": "300s"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"type": "pigeon", "labels": {}}, "Unrecognized notification channel type"),
        ({"type": "email", "labels": {}}, "email_address"),
        ({"type": "email", "labels": {"email_address": "a@b.c", "x": "y"}}, "unknown to Email"),
    ],
)
def test_channels_need_the_labels_of_their_type(
    server: Server, body: dict[str, Any], words: str
) -> None:
    code, error = server.error("POST", CHANNELS, body)
    assert code == 400
    assert words in error["message"]


def test_a_channel_in_use_is_deleted_only_by_force(server: Server) -> None:
    channel = server.ok(
        "POST", CHANNELS, {"type": "email", "labels": {"email_address": "a@example.com"}}
    )["name"]
    made = server.ok("POST", POLICIES, policy(notificationChannels=[channel]))
    code, error = server.error("DELETE", f"/monitoring/v3/{channel}?force=false")
    assert (code, error["status"]) == (400, "FAILED_PRECONDITION")
    server.ok("DELETE", f"/monitoring/v3/{channel}?force=true")
    assert "notificationChannels" not in server.ok("GET", f"/monitoring/v3/{made['name']}")


def test_a_channel_is_verified_with_the_code_from_the_inbox(server: Server) -> None:
    made = server.ok("POST", CHANNELS, {"type": "sms", "labels": {"number": "+15550100"}})
    assert made["verificationStatus"] == "UNVERIFIED"
    path = f"/monitoring/v3/{made['name']}"
    assert server.error("POST", f"{path}:getVerificationCode", {})[0] == 400
    server.ok("POST", f"{path}:sendVerificationCode", {})
    [message] = (server.data_dir / "inbox").iterdir()
    assert server.error("POST", f"{path}:verify", {"code": "G-000000"})[0] == 400
    code = json.loads(message.read_text())["code"]
    assert server.ok("POST", f"{path}:verify", {"code": code})["verificationStatus"] == "VERIFIED"
    assert server.ok("POST", f"{path}:getVerificationCode", {})["code"].startswith("G-")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schedule": "every 4 minutes"}, "minimum interval"),
        ({"schedule": "now and then"}, "Invalid schedule"),
        ({"dataSourceId": "youtube_channel"}, "scheduled_query"),
        ({"params": {}}, "'query' is required"),
        ({"params": {"query": "SELECT 1", "querry": "x"}}, "querry"),
        ({"params": {"query": 1}}, "must be a string"),
        ({"notificationPubsubTopic": "runs"}, "Invalid Pub/Sub topic"),
        ({"scheduleOptionsV2": {"manualSchedule": {}}}, "cannot be used together"),
        ({"params": {"query": "SELECT 1", "destination_table_name_template": "t"}}, "dataset"),
    ],
)
def test_transfer_configs_are_refused_for_what_the_service_refuses(
    server: Server, changes: dict[str, Any], words: str
) -> None:
    body = {
        "dataSourceId": "scheduled_query",
        "displayName": "x",
        "params": {"query": "SELECT 1"},
        "schedule": "every 6 hours",
        **changes,
    }
    code, error = server.error("POST", f"{DTS}/transferConfigs", body)
    assert code == 400
    assert words in error["message"]


def test_a_transfer_config_needs_an_account_that_exists_and_a_mask(server: Server) -> None:
    body = {
        "dataSourceId": "scheduled_query",
        "displayName": "x",
        "params": {"query": "SELECT 1"},
    }
    ghost = f"ghost@{PROJECT}.iam.gserviceaccount.com"
    assert server.error("POST", f"{DTS}/transferConfigs?serviceAccountName={ghost}", body)[0] == 400
    made = server.ok("POST", f"{DTS}/transferConfigs", body)
    assert made["schedule"] == "every 24 hours", "the default of scheduled queries"
    path = f"/bigquerydatatransfer/v1/{made['name']}"
    assert server.error("PATCH", path, body)[0] == 400
    assert server.error("PATCH", path + "?updateMask=nothing", body)[0] == 400
    assert server.error("PATCH", path + "?updateMask=dataSourceId", body)[0] == 400
