"""The calls of rest-contract.md: what Google's plugin sends and what must come back."""

from __future__ import annotations

import pytest

from packages.localgcp.tests.rest_support import DTS, NUMBER, PROJECT, Server, server_fixture

__all__ = ["server_fixture"]

CRM = f"/cloudresourcemanager/v1/projects/{PROJECT}"
IAM = f"/iam/v1/projects/{PROJECT}/serviceAccounts"
SERVICES = f"/serviceusage/v1/projects/{PROJECT}/services"
STORAGE = "/storage/storage/v1"
MONITORING = f"/monitoring/v3/projects/{PROJECT}"
EMAIL = f"eros-runner@{PROJECT}.iam.gserviceaccount.com"


def account(server: Server) -> str:
    server.ok(
        "POST", IAM, {"accountId": "eros-runner", "serviceAccount": {"displayName": "Runner"}}
    )
    return EMAIL


def test_a_service_is_enabled_by_a_finished_operation(server: Server) -> None:
    enabled = SERVICES + "?filter=state:ENABLED&pageSize=200"
    before = {item["config"]["name"] for item in server.ok("GET", enabled)["services"]}
    operation = server.ok("POST", f"{SERVICES}/bigquerydatatransfer.googleapis.com:enable", {})
    assert operation["done"] is True
    assert operation["response"]["service"]["state"] == "ENABLED"
    assert server.ok("GET", f"/serviceusage/v1/{operation['name']}") == operation
    after = {item["config"]["name"] for item in server.ok("GET", enabled)["services"]}
    assert after - before == {"bigquerydatatransfer.googleapis.com"}


@pytest.mark.parametrize("version", ["v1beta1", "v1"])
def test_a_services_agent_exists_from_when_it_is_asked_for(server: Server, version: str) -> None:
    """The plugin asks below the version of its endpoint, Google's own address has v1beta1."""
    service = "bigquerydatatransfer.googleapis.com"
    email = f"service-{NUMBER}@gcp-sa-bigquerydatatransfer.iam.gserviceaccount.com"
    policy = {"bindings": [{"role": "roles/viewer", "members": [f"serviceAccount:{email}"]}]}
    code, error = server.error("POST", f"{CRM}:setIamPolicy", {"policy": policy})
    assert (code, "does not exist" in error["message"]) == (400, True)

    ask = f"{SERVICES.replace('v1', version)}/{service}:generateServiceIdentity"
    operation = server.ok("POST", ask)
    assert operation["done"] is True
    assert operation["response"]["email"] == email
    again = server.ok("POST", ask)["response"]
    assert again == operation["response"]
    server.ok("POST", f"{CRM}:setIamPolicy", {"policy": policy})


def test_services_come_in_pages(server: Server) -> None:
    names: list[str] = []
    token = ""
    while token is not None:
        page = server.ok("GET", f"{SERVICES}?filter=state:DISABLED&pageSize=150&pageToken={token}")
        names += [item["name"] for item in page["services"]]
        token = page.get("nextPageToken")
    assert len(names) == len(set(names)) > 300
    assert server.error("GET", SERVICES + "?pageSize=201")[0] == 400
    code, _ = server.error("POST", f"{SERVICES}/unheard-of.googleapis.com:enable", {})
    assert code == 404


def test_the_project_is_read_by_id_and_by_number(server: Server) -> None:
    by_id = server.ok("GET", CRM)
    assert by_id["projectNumber"] == NUMBER
    assert server.ok("GET", CRM.replace(PROJECT, NUMBER)) == by_id
    code, error = server.error("GET", CRM.replace(PROJECT, "somebody-elses"))
    assert (code, error["status"]) == (403, "PERMISSION_DENIED")


def test_a_service_account_gets_its_address_and_number(server: Server) -> None:
    made = server.ok(
        "POST", IAM, {"accountId": "eros-runner", "serviceAccount": {"displayName": "Runner"}}
    )
    assert made["email"] == EMAIL
    assert made["name"] == f"projects/{PROJECT}/serviceAccounts/{EMAIL}"
    assert len(made["uniqueId"]) == 21
    for key in (EMAIL, EMAIL.replace("@", "%40"), made["uniqueId"]):
        assert server.ok("GET", f"{IAM}/{key}") == made
    patched = server.ok(
        "PATCH",
        f"{IAM}/{EMAIL}",
        {
            "serviceAccount": {"displayName": "New", "etag": made["etag"]},
            "updateMask": "displayName",
        },
    )
    assert patched["displayName"] == "New"
    assert server.error("POST", IAM, {"accountId": "eros-runner"})[0] == 409
    assert server.error("POST", IAM, {"accountId": "Eros"})[0] == 400
    server.ok("DELETE", f"{IAM}/{EMAIL}")
    assert server.error("GET", f"{IAM}/{EMAIL}")[0] == 404


@pytest.mark.parametrize("kind", ["project", "account", "topic"])
def test_iam_members_are_set_with_an_etag(server: Server, kind: str) -> None:
    account(server)
    server.ok("PUT", f"/pubsub/v1/projects/{PROJECT}/topics/runs", {})
    read, body, write, extra = {
        "project": (CRM, {"options": {"requestedPolicyVersion": 3}}, CRM,
                    {"updateMask": "bindings,etag,auditConfigs"}),
        "account": (f"{IAM}/{EMAIL}", None, f"{IAM}/{EMAIL}", {}),
        "topic": (f"/pubsub/v1/projects/{PROJECT}/topics/runs", None,
                  f"/pubsub/v1/projects/{PROJECT}/topics/runs", {}),
    }[kind]  # fmt: skip
    verb = "GET" if kind == "topic" else "POST"
    question = "?options.requestedPolicyVersion=3" if kind == "account" else ""
    policy = server.ok(verb, f"{read}:getIamPolicy{question}", body)
    change = {
        "bindings": [{"role": "roles/viewer", "members": [f"serviceAccount:{EMAIL}"]}],
        "etag": policy["etag"],
        "version": 3,
    }
    written = server.ok("POST", f"{write}:setIamPolicy", {"policy": change, **extra})
    assert written["bindings"] == change["bindings"]
    assert written["etag"] != policy["etag"]
    assert server.ok(verb, f"{read}:getIamPolicy{question}", body) == written

    code, error = server.error("POST", f"{write}:setIamPolicy", {"policy": change, **extra})
    assert (code, error["status"]) == (409, "ABORTED"), "a stale etag must not win"
    ghost = {"bindings": [{"role": "roles/viewer", "members": [
        f"serviceAccount:ghost@{PROJECT}.iam.gserviceaccount.com"]}]}  # fmt: skip
    code, error = server.error("POST", f"{write}:setIamPolicy", {"policy": ghost, **extra})
    assert (code, "does not exist" in error["message"]) == (400, True)


def test_the_plugin_asks_who_pays_for_the_project(server: Server) -> None:
    answer = server.ok("GET", f"/cloudbilling/v1/projects/{PROJECT}/billingInfo")
    assert answer["projectId"] == PROJECT
    assert answer["name"] == f"projects/{PROJECT}/billingInfo"
    assert answer["billingEnabled"] is False
    assert server.error("GET", "/cloudbilling/v1/projects/other/billingInfo")[0] == 403


def test_a_topic_is_put_patched_and_deleted(server: Server) -> None:
    path = f"/pubsub/v1/projects/{PROJECT}/topics/runs"
    made = server.ok("PUT", path, {"labels": {"team": "eros"}})
    assert made == {"name": f"projects/{PROJECT}/topics/runs", "labels": {"team": "eros"}}
    change = {"topic": {"name": made["name"], "labels": {"team": "x"}}, "updateMask": "labels"}
    assert server.ok("PATCH", path, change)["labels"] == {"team": "x"}
    plugin = {"topic": {"name": made["name"], "labels": {"team": "y"}}}
    assert server.ok("PATCH", f"{path}?updateMask=labels", plugin)["labels"] == {"team": "y"}
    assert server.error("PATCH", path, plugin)[0] == 400, "a mask there must be"
    assert server.error("PUT", path, {})[0] == 409
    server.ok("DELETE", path)
    assert server.error("GET", path)[0] == 404


def test_a_bucket_lives_through_insert_patch_and_delete(server: Server) -> None:
    made = server.ok(
        "POST",
        f"{STORAGE}/b?project={PROJECT}",
        {
            "name": "eros-exports",
            "location": "us",
            "iamConfiguration": {
                "publicAccessPrevention": "enforced",
                "uniformBucketLevelAccess": {"enabled": True},
            },
            "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 90}}]},
            "versioning": {"enabled": True},
            "labels": {"team": "eros", "old": "1"},
        },
    )
    assert (made["location"], made["locationType"]) == ("US", "multi-region")
    assert made["projectNumber"] == NUMBER
    assert made["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"] is True
    patched = server.ok("PATCH", f"{STORAGE}/b/eros-exports", {"labels": {"old": None, "new": "2"}})
    assert patched["labels"] == {"team": "eros", "new": "2"}
    assert patched["versioning"] == {"enabled": True}
    assert patched["metageneration"] == "2"
    assert server.ok("GET", f"{STORAGE}/b/eros-exports") == patched
    assert server.ok("GET", f"{STORAGE}/b/eros-exports/anywhereCaches/") == {
        "kind": "storage#anywhereCaches"
    }
    assert "items" not in server.ok("GET", f"{STORAGE}/b/eros-exports/o?versions=true")
    assert (
        server.error("POST", f"{STORAGE}/b?project={PROJECT}", {"name": "eros-exports"})[0] == 409
    )
    assert server.call("DELETE", f"{STORAGE}/b/eros-exports").status == 204
    code, error = server.error("GET", f"{STORAGE}/b/eros-exports")
    assert (code, error["errors"][0]["reason"]) == (404, "notFound")


def test_bucket_members_are_put(server: Server) -> None:
    account(server)
    server.ok("POST", f"{STORAGE}/b?project={PROJECT}", {"name": "eros-exports"})
    path = f"{STORAGE}/b/eros-exports/iam"
    policy = server.ok("GET", path + "?optionsRequestedPolicyVersion=3")
    assert policy["kind"] == "storage#policy"
    member = {"role": "roles/storage.objectAdmin", "members": [f"serviceAccount:{EMAIL}"]}
    written = server.ok("PUT", path, {**policy, "bindings": [*policy["bindings"], member]})
    assert member in written["bindings"]
    assert len(written["bindings"]) == 3, "the roles every bucket starts with stay"
    assert server.error("PUT", path, policy)[0] == 412


def test_a_log_metric_with_a_slash_in_its_name(server: Server) -> None:
    metrics = f"/logging/v2/projects/{PROJECT}/metrics"
    made = server.ok("POST", metrics, {"name": "eros/health", "filter": "severity>=ERROR"})
    assert made["metricDescriptor"]["type"] == "logging.googleapis.com/user/eros/health"
    path = metrics + "/eros%2Fhealth"
    assert server.ok("GET", path) == made
    put = server.ok("PUT", path, {"name": "eros/health", "filter": "severity>=CRITICAL"})
    assert put["filter"] == "severity>=CRITICAL"
    assert put["createTime"] == made["createTime"]
    seen = server.ok(
        "GET", f"{MONITORING}/metricDescriptors/logging.googleapis.com/user/eros/health"
    )
    assert seen["metricKind"] == "DELTA"
    server.ok("DELETE", path)
    assert server.error("GET", path)[0] == 404


def test_a_channel_hides_its_secret_and_keeps_it_when_sent_back(server: Server) -> None:
    channels = f"{MONITORING}/notificationChannels"
    labels = {"channel_name": "#eros", "auth_token": "xoxb-secret-1234"}
    made = server.ok(
        "POST", channels, {"type": "slack", "displayName": "S", "labels": labels,
                           "userLabels": {"goog-pulumi-provisioned": "true"}},
    )  # fmt: skip
    assert made["labels"]["auth_token"] == "*" * 12 + "1234"
    assert made["enabled"] is True
    path = f"/monitoring/v3/{made['name']}"
    patched = server.ok("PATCH", path, {**made, "displayName": "T"})
    assert (patched["displayName"], patched["labels"]) == ("T", made["labels"])
    assert len(patched["mutationRecords"]) == 2
    database = b"".join(
        file.read_bytes() for file in server.data_dir.iterdir() if file.name.startswith("google")
    )
    assert b"xoxb-secret-1234" in database, "a masked label sent back must not become the secret"
    server.ok("DELETE", path + "?force=false")
    assert server.error("GET", path)[0] == 404


def test_an_alert_policy_names_its_conditions(server: Server) -> None:
    policies = f"{MONITORING}/alertPolicies"
    condition = {
        "displayName": "slow",
        "conditionThreshold": {
            "filter": 'metric.type="bigquery.googleapis.com/query/execution_times"'
            ' AND resource.type="bigquery_project"',
            "comparison": "COMPARISON_GT",
            "thresholdValue": 60,
            "duration": "0s",
        },
    }
    made = server.ok(
        "POST",
        policies,
        {"displayName": "Slow", "combiner": "OR", "conditions": [condition], "enabled": False},
    )
    assert made["enabled"] is False
    assert made["conditions"][0]["name"].startswith(made["name"] + "/conditions/")
    path = f"/monitoring/v3/{made['name']}"
    patched = server.ok(
        "PATCH",
        path + "?updateMask=displayName,severity",
        {"displayName": "Slower", "severity": "ERROR", "combiner": "AND"},
    )
    assert (patched["displayName"], patched["severity"]) == ("Slower", "ERROR")
    assert patched["combiner"] == "OR", "what the mask leaves out stays"
    assert patched["conditions"] == made["conditions"]
    assert server.ok("GET", policies)["alertPolicies"] == [patched]
    server.ok("DELETE", path)
    assert server.error("GET", path)[0] == 404


def test_a_dashboard_drops_empty_values_and_checks_its_etag(server: Server) -> None:
    sent = {
        "displayName": "EROS",
        "labels": {},
        "dashboardFilters": [],
        "mosaicLayout": {
            "columns": 12,
            "tiles": [
                {
                    "xPos": 0,
                    "yPos": 0,
                    "width": 6,
                    "height": 4,
                    "widget": {
                        "title": "",
                        "scorecard": {
                            "blankView": {},
                            "timeSeriesQuery": {"outputFullDuration": False,
                                                "timeSeriesFilter": {"filter": "x"}},
                        },
                    },
                }
            ],
        },
    }  # fmt: skip
    made = server.ok("POST", f"/monitoring/v1/projects/{PROJECT}/dashboards", sent)
    tile = made["mosaicLayout"]["tiles"][0]
    assert tile == {
        "width": 6,
        "height": 4,
        "widget": {
            "scorecard": {
                "blankView": {},
                "timeSeriesQuery": {"timeSeriesFilter": {"filter": "x"}},
            }
        },
    }
    assert "labels" not in made
    path = f"/monitoring/v1/{made['name']}"
    assert server.ok("GET", path) == made
    assert server.ok("PATCH", path, {**made, "displayName": "New"})["displayName"] == "New"
    code, error = server.error("PATCH", path, {**made, "displayName": "Lost update"})
    assert (code, error["status"]) == (409, "ABORTED")
    server.ok("DELETE", path)


def test_a_metric_descriptor_is_found_at_once_and_posted_again_to_change(server: Server) -> None:
    descriptors = f"{MONITORING}/metricDescriptors"
    body = {
        "type": "custom.googleapis.com/eros/pool_size",
        "metricKind": "GAUGE",
        "valueType": "INT64",
        "labels": [{"key": "page", "valueType": "STRING"}],
    }
    made = server.ok("POST", descriptors, body)
    path = f"{descriptors}/{body['type']}"
    assert server.ok("GET", path) == made
    assert server.ok("GET", path.replace("/eros/", "%2Feros%2F")) == made
    again = server.ok("POST", descriptors, {**body, "description": "Captions left"})
    assert again["description"] == "Captions left"
    assert server.error("POST", descriptors, {**body, "valueType": "DOUBLE"})[0] == 400
    found = server.ok(
        "GET", descriptors + "?filter=metric.type%3Dstarts_with(%22custom.googleapis.com/eros%22)"
    )
    assert found["metricDescriptors"] == [again]
    server.ok("DELETE", path)
    assert server.error("GET", path)[0] == 404


def test_a_transfer_config_is_created_patched_and_deleted(server: Server) -> None:
    email = account(server)
    made = server.ok(
        "POST",
        f"{DTS}/transferConfigs?serviceAccountName={email}",
        {
            "dataSourceId": "scheduled_query",
            "displayName": "Daily",
            "params": {"query": "CALL ds.run(@run_time)"},
            "schedule": "every day 10:05",
            "scheduleOptions": {"disableAutoScheduling": False},
            "emailPreferences": {"enableFailureEmail": True},
            "notificationPubsubTopic": f"projects/{PROJECT}/topics/runs",
        },
    )
    assert made["name"].startswith(f"projects/{NUMBER}/locations/us/transferConfigs/")
    assert made["datasetRegion"] == "us"
    assert made["nextRunTime"].endswith("T10:05:00Z")
    assert "serviceAccountName" not in made
    path = f"/bigquerydatatransfer/v1/{made['name']}"
    assert server.ok("GET", path)["ownerInfo"] == {"email": email}
    by_id = path.replace(NUMBER, PROJECT).replace("locations/us", "locations/US")
    assert server.ok("GET", by_id)["name"] == made["name"]
    patched = server.ok(
        "PATCH",
        f"{path}?serviceAccountName={email}&updateMask=schedule",
        {**made, "schedule": "every mon 11:05", "displayName": "not in the mask"},
    )
    assert (patched["schedule"], patched["displayName"]) == ("every mon 11:05", "Daily")
    assert len(server.ok("GET", f"{DTS}/transferConfigs")["transferConfigs"]) == 1
    server.ok("DELETE", path)
    assert server.error("GET", path)[0] == 404
