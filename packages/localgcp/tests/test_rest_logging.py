"""Log entries, log buckets and sinks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from localgcp.apis import log_routing
from localgcp.apis.store import Store
from packages.localgcp.tests.rest_support import PROJECT, Server, server_fixture

__all__ = ["server_fixture"]

ROOT = f"/logging/v2/projects/{PROJECT}"
BUCKETS = f"{ROOT}/locations/global/buckets"
LOG = f"projects/{PROJECT}/logs/eros%2Fhealth"


def write(server: Server, *entries: dict[str, Any]) -> None:
    server.ok(
        "POST",
        "/logging/v2/entries:write",
        {"logName": LOG, "resource": {"type": "global"}, "labels": {"app": "eros"},
         "entries": list(entries)},
    )  # fmt: skip


def read(server: Server, text: str = "", **more: Any) -> dict[str, Any]:
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": text, **more}
    return server.ok("POST", "/logging/v2/entries:list", body)


def test_written_entries_are_listed_by_filter_and_time(server: Server) -> None:
    write(
        server,
        {"textPayload": "second", "timestamp": "2025-01-01T00:00:00.5Z", "severity": "ERROR"},
        {"jsonPayload": {"message": "first"}, "timestamp": "2025-01-01T00:00:00Z"},
    )
    found = read(server)["entries"]
    assert [item["timestamp"] for item in found] == [
        "2025-01-01T00:00:00Z",
        "2025-01-01T00:00:00.5Z",
    ]
    assert found[0]["labels"] == {"app": "eros"}
    assert found[0]["resource"] == {"type": "global"}
    assert all(item["insertId"] and item["receiveTimestamp"] for item in found)
    assert [x["textPayload"] for x in read(server, "severity>=ERROR")["entries"]] == ["second"]
    newest = read(server, orderBy="timestamp desc", pageSize=1)
    assert newest["entries"][0]["textPayload"] == "second"
    rest = read(server, orderBy="timestamp desc", pageSize=1, pageToken=newest["nextPageToken"])
    assert rest["entries"][0]["jsonPayload"] == {"message": "first"}
    assert "nextPageToken" not in rest


def test_an_entry_with_the_same_id_and_time_is_written_once(server: Server) -> None:
    entry = {"textPayload": "x", "insertId": "1", "timestamp": "2025-01-01T00:00:00Z"}
    write(server, entry)
    write(server, entry)
    assert len(read(server)["entries"]) == 1


def test_logs_are_listed_and_deleted_by_name(server: Server) -> None:
    write(server, {"textPayload": "x"})
    assert server.ok("GET", f"{ROOT}/logs")["logNames"] == [LOG]
    server.ok("DELETE", f"{ROOT}/logs/eros%2Fhealth")
    assert read(server) == {}
    assert server.error("DELETE", f"{ROOT}/logs/eros%2Fhealth")[0] == 404


@pytest.mark.parametrize(
    "entry",
    [
        {"textPayload": "x", "logName": f"projects/{PROJECT}/logs/with/slash"},
        {"textPayload": "x", "jsonPayload": {}},
        {"textPayload": "x", "severity": "LOUD"},
    ],
)
def test_entries_that_make_no_sense_are_refused(server: Server, entry: dict[str, Any]) -> None:
    body = {"logName": LOG, "resource": {"type": "global"}, "entries": [entry]}
    if entry.get("jsonPayload") == {}:
        entry["jsonPayload"] = {"a": 1}
    assert server.error("POST", "/logging/v2/entries:write", body)[0] == 400
    assert read(server) == {}


def test_the_built_in_bucket_is_there_and_can_be_changed(server: Server) -> None:
    names = [item["name"].rsplit("/", 1)[-1] for item in server.ok("GET", BUCKETS)["buckets"]]
    assert names == ["_Default", "_Required"]
    changed = server.ok(
        "PATCH", f"{BUCKETS}/_Default?updateMask=retentionDays", {"retentionDays": 90}
    )
    assert changed["retentionDays"] == 90
    assert server.ok("GET", f"{BUCKETS}/_Default") == changed
    assert server.error("DELETE", f"{BUCKETS}/_Default")[0] == 400


def test_a_log_bucket_is_marked_deleted_and_can_come_back(server: Server) -> None:
    made = server.ok("POST", f"{BUCKETS}?bucketId=audit", {"retentionDays": 90})
    assert (made["lifecycleState"], made["retentionDays"]) == ("ACTIVE", 90)
    path = f"{BUCKETS}/audit"
    server.ok("DELETE", path)
    assert server.ok("GET", path)["lifecycleState"] == "DELETE_REQUESTED"
    assert server.error("POST", f"{BUCKETS}?bucketId=audit", {})[0] == 409
    server.ok("POST", f"{path}:undelete", {})
    assert server.ok("GET", path)["lifecycleState"] == "ACTIVE"


def test_a_log_bucket_is_made_and_changed_by_operations(server: Server) -> None:
    """What the real plugin calls."""
    made = server.ok("POST", f"{BUCKETS}:createAsync?bucketId=audit", {"retentionDays": 90})
    assert (made["done"], made["metadata"]["state"]) == (True, "OPERATION_STATE_SUCCEEDED")
    assert made["metadata"]["createBucketRequest"]["bucketId"] == "audit"
    assert server.ok("GET", f"/logging/v2/{made['name']}") == made
    assert made["response"]["retentionDays"] == 90
    assert server.error("POST", f"{BUCKETS}:createAsync?bucketId=audit", {})[0] == 409

    path = f"{BUCKETS}/audit"
    changed = server.ok(
        "POST", f"{path}:updateAsync?updateMask=analyticsEnabled", {"analyticsEnabled": True}
    )
    assert changed["metadata"]["updateBucketRequest"]["updateMask"] == "analyticsEnabled"
    assert changed["name"] != made["name"]
    assert server.ok("GET", path)["analyticsEnabled"] is True
    assert server.error("GET", f"/logging/v2/{made['name']}0")[0] == 404


@pytest.mark.parametrize("change", [{"retentionDays": 1}, {"locked": False}])
def test_a_locked_bucket_stays_as_it_is(server: Server, change: dict[str, Any]) -> None:
    server.ok("POST", f"{BUCKETS}?bucketId=audit", {"retentionDays": 90, "locked": True})
    mask = f"updateMask={next(iter(change))}"
    assert server.error("PATCH", f"{BUCKETS}/audit?{mask}", change)[0] == 400


def test_a_sink_gets_a_writer_and_keeps_what_the_mask_leaves_out(server: Server) -> None:
    made = server.ok(
        "POST",
        f"{ROOT}/sinks?uniqueWriterIdentity=true",
        {
            "name": "audit",
            "destination": "storage.googleapis.com/eros-logs",
            "filter": 'log_id("cloudaudit.googleapis.com/activity")',
            "description": "Audit",
        },
    )
    assert made["writerIdentity"].startswith("serviceAccount:service-")
    patched = server.ok(
        "PATCH",
        f"{ROOT}/sinks/audit?uniqueWriterIdentity=true&updateMask=filter",
        {"filter": "severity>=ERROR", "destination": "ignored"},
    )
    assert patched["filter"] == "severity>=ERROR"
    assert (patched["destination"], patched["description"]) == (made["destination"], "Audit")
    inside = f"logging.googleapis.com/projects/{PROJECT}/locations/global/buckets/audit"
    own = server.ok("POST", f"{ROOT}/sinks", {"name": "own", "destination": inside})
    assert "writerIdentity" not in own
    bad = {"name": "bad", "destination": "ftp://x"}
    assert server.error("POST", f"{ROOT}/sinks", bad)[0] == 400


@pytest.mark.parametrize(
    "metric",
    [
        {"name": "m", "filter": "severity>="},
        {"name": "m"},
        {"name": "m", "filter": "a", "labelExtractors": {"page": "EXTRACT(jsonPayload.page)"}},
        {"name": "m", "filter": "a", "metricDescriptor": {"valueType": "DISTRIBUTION"}},
        {"name": "m", "filter": "a", "valueExtractor": "EXTRACT(jsonPayload.x)"},
    ],
)
def test_log_metrics_with_a_mistake_are_refused(server: Server, metric: dict[str, Any]) -> None:
    assert server.error("POST", f"{ROOT}/metrics", metric)[0] == 400


AUDIT_LOG = f"projects/{PROJECT}/logs/eros%2Faudit"
AUDIT = f"projects/{PROJECT}/locations/global/buckets/audit"


def audit_sink(server: Server, *, locked: bool = False, **more: Any) -> None:
    server.ok("POST", f"{BUCKETS}?bucketId=audit", {"retentionDays": 90, "locked": locked})
    sink = {"name": "audit", "destination": f"logging.googleapis.com/{AUDIT}", **more}
    server.ok("POST", f"{ROOT}/sinks", {"filter": f'logName="{AUDIT_LOG}"', **sink})


def prune(server: Server) -> None:
    """What the server does once a day of its clock."""
    store = Store(server.data_dir / "google.sqlite")
    with store.transaction() as tx:
        log_routing.prune(tx, server.clock.now())
    store.close()


def texts(server: Server, place: str) -> list[str]:
    found = server.ok("POST", "/logging/v2/entries:list", {"resourceNames": [place]})
    return [entry["textPayload"] for entry in found.get("entries", [])]


def test_a_sink_routes_what_matches_into_its_bucket_from_then_on(server: Server) -> None:
    write(server, {"textPayload": "before", "logName": AUDIT_LOG})
    audit_sink(server)
    write(server, {"textPayload": "audit", "logName": AUDIT_LOG}, {"textPayload": "health"})
    assert texts(server, f"{AUDIT}/views/_AllLogs") == ["audit"]
    assert texts(server, f"projects/{PROJECT}") == ["before", "audit", "health"], "each once"
    assert server.error(
        "POST", "/logging/v2/entries:list", {"resourceNames": [f"{AUDIT}/views/mine"]}
    )[0] == 404  # fmt: skip


@pytest.mark.parametrize(
    "sink",
    [{"disabled": True}, {"exclusions": [{"name": "x", "filter": f'logName="{AUDIT_LOG}"'}]}],
)
def test_a_sink_leaves_out_what_it_is_said_to(server: Server, sink: dict[str, Any]) -> None:
    audit_sink(server, **sink)
    write(server, {"textPayload": "audit", "logName": AUDIT_LOG})
    assert texts(server, f"{AUDIT}/views/_AllLogs") == []


def test_each_bucket_keeps_entries_for_its_own_days(server: Server) -> None:
    audit_sink(server)
    write(server, {"textPayload": "audit", "logName": AUDIT_LOG}, {"textPayload": "health"})
    write_time = server.clock.now()
    for days, kept in ((31, ["audit"]), (91, [])):
        server.clock.move_to(write_time + timedelta(days=days))
        prune(server)
        assert texts(server, f"projects/{PROJECT}") == kept, f"after {days} days"
        assert texts(server, f"{AUDIT}/views/_AllLogs") == kept


def test_a_shorter_retention_ends_older_entries(server: Server) -> None:
    audit_sink(server)
    write(server, {"textPayload": "audit", "logName": AUDIT_LOG})
    server.clock.move_to(server.clock.now() + timedelta(days=40))
    server.ok("PATCH", f"{BUCKETS}/audit?updateMask=retentionDays", {"retentionDays": 30})
    assert texts(server, f"{AUDIT}/views/_AllLogs") == []


def test_a_locked_bucket_goes_when_it_is_empty(server: Server) -> None:
    audit_sink(server, locked=True)
    server.ok("DELETE", f"{BUCKETS}/audit")
    server.ok("POST", f"{BUCKETS}/audit:undelete", {})
    write(server, {"textPayload": "audit", "logName": AUDIT_LOG})
    status, error = server.error("DELETE", f"{BUCKETS}/audit")
    assert (status, error["status"]) == (400, "FAILED_PRECONDITION")
