"""Objects of Cloud Storage as files, and Pub/Sub messages."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from packages.localgcp.tests.rest_support import PROJECT, Server, server_fixture

__all__ = ["server_fixture"]

BUCKET = "/storage/storage/v1/b/eros-exports"
UPLOAD = "/storage/upload/storage/v1/b/eros-exports/o"
PUBSUB = f"/pubsub/v1/projects/{PROJECT}"


def bucket(server: Server) -> Path:
    server.ok("POST", f"/storage/storage/v1/b?project={PROJECT}", {"name": "eros-exports"})
    return server.data_dir / "gcs" / "eros-exports"


def test_an_object_goes_up_and_comes_down(server: Server) -> None:
    folder = bucket(server)
    up = server.call(
        "POST",
        UPLOAD + "?uploadType=media&name=a/b.csv",
        raw=b"x,y\n1,2\n",
        headers={"Content-Type": "text/csv"},
    )
    assert (up.json["name"], up.json["size"], up.json["contentType"]) == (
        "a/b.csv",
        "8",
        "text/csv",
    )
    assert (folder / "a" / "b.csv").read_bytes() == b"x,y\n1,2\n"
    assert server.ok("GET", f"{BUCKET}/o/a%2Fb.csv") == up.json
    down = server.call("GET", f"{BUCKET}/o/a%2Fb.csv?alt=media")
    assert (down.body, down.headers["content-type"][:8]) == (b"x,y\n1,2\n", "text/csv")
    assert server.call("GET", up.json["mediaLink"]).body == down.body
    assert server.error("DELETE", BUCKET)[0] == 409, "a bucket with objects stays"
    assert server.call("DELETE", f"{BUCKET}/o/a%2Fb.csv").status == 204
    assert server.error("GET", f"{BUCKET}/o/a%2Fb.csv")[0] == 404


def test_multipart_and_resumable_uploads(server: Server) -> None:
    bucket(server)
    parts = (
        b'--x\r\nContent-Type: application/json\r\n\r\n{"name": "m.json", "metadata": {"k": "v"}}'
        b"\r\n--x\r\nContent-Type: application/json\r\n\r\n[1]\r\n--x--\r\n"
    )
    made = server.call(
        "POST",
        UPLOAD + "?uploadType=multipart",
        raw=parts,
        headers={"Content-Type": 'multipart/related; boundary="x"'},
    )
    assert (made.json["name"], made.json["metadata"], made.json["size"]) == (
        "m.json",
        {"k": "v"},
        "3",
    )
    begun = server.call("POST", UPLOAD + "?uploadType=resumable", {"name": "r.txt"})
    done = server.call("PUT", begun.headers["location"], raw=b"hello")
    assert (done.json["name"], done.json["size"]) == ("r.txt", "5")
    stale = server.call(
        "POST", UPLOAD + "?uploadType=media&name=r.txt&ifGenerationMatch=0", raw=b"again"
    )
    assert stale.status == 412


def test_a_file_that_bigquery_exported_is_listed(server: Server) -> None:
    folder = bucket(server)
    (folder / "out").mkdir(parents=True)
    (folder / "out" / "part-0.csv").write_text("1\n")
    (folder / "top.csv").write_text("2\n")
    names = [item["name"] for item in server.ok("GET", f"{BUCKET}/o")["items"]]
    assert names == ["out/part-0.csv", "top.csv"]
    page = server.ok("GET", f"{BUCKET}/o?delimiter=/")
    assert (page["prefixes"], len(page["items"])) == (["out/"], 1)
    assert len(server.ok("GET", f"{BUCKET}/o?prefix=out/&versions=true")["items"]) == 1
    (folder / "top.csv").unlink()
    assert server.error("GET", f"{BUCKET}/o/top.csv")[0] == 404
    first = server.ok("GET", f"{BUCKET}/o?maxResults=1")
    assert "nextPageToken" not in first


def test_an_object_name_cannot_leave_its_bucket(server: Server) -> None:
    bucket(server)
    answer = server.call(
        "POST", UPLOAD + "?uploadType=media&name=..%2F..%2Fgoogle.sqlite", raw=b"x"
    )
    assert answer.status == 400
    assert server.error("GET", f"{BUCKET}/o/..%2F..%2Fgoogle.sqlite?alt=media")[0] == 400


def test_storage_is_also_found_without_the_prefix(server: Server) -> None:
    bucket(server)
    assert server.ok("GET", "/storage/v1/b/eros-exports")["name"] == "eros-exports"


def test_a_message_is_pulled_until_it_is_acknowledged(server: Server) -> None:
    server.ok("PUT", f"{PUBSUB}/topics/runs", {})
    topic = f"projects/{PROJECT}/topics/runs"
    made = server.ok("PUT", f"{PUBSUB}/subscriptions/ops", {"topic": topic})
    assert made["ackDeadlineSeconds"] == 10
    data = base64.b64encode(json.dumps({"a": 1}).encode()).decode()
    sent = server.ok(
        "POST",
        f"{PUBSUB}/topics/runs:publish",
        {"messages": [{"data": data, "attributes": {"k": "v"}}]},
    )
    pull = f"{PUBSUB}/subscriptions/ops:pull"
    [received] = server.ok("POST", pull, {"maxMessages": 5})["receivedMessages"]
    assert received["message"]["messageId"] == sent["messageIds"][0]
    assert received["message"]["attributes"] == {"k": "v"}
    assert server.ok("POST", pull, {"maxMessages": 5}) == {}, "leased to the first reader"
    expired = {"ackIds": [received["ackId"]], "ackDeadlineSeconds": 0}
    server.ok("POST", f"{PUBSUB}/subscriptions/ops:modifyAckDeadline", expired)
    [again] = server.ok("POST", pull, {"maxMessages": 5})["receivedMessages"]
    server.ok("POST", f"{PUBSUB}/subscriptions/ops:acknowledge", {"ackIds": [again["ackId"]]})
    server.ok("DELETE", f"{PUBSUB}/topics/runs")
    assert server.ok("GET", f"{PUBSUB}/subscriptions/ops")["topic"] == "_deleted-topic_"
    gone = {"topic": topic}
    assert server.error("PUT", f"{PUBSUB}/subscriptions/late", gone)[0] == 404


@pytest.mark.parametrize(
    "more",
    [
        {"pushConfig": {"pushEndpoint": "https://example.com"}},
        {"bigqueryConfig": {"table": "p.d.t"}},
        {"cloudStorageConfig": {"bucket": "b"}},
        {"deadLetterPolicy": {"deadLetterTopic": "projects/p/topics/dead"}},
        {"enableMessageOrdering": True},
        {"filter": 'attributes.a = "b"'},
    ],
)
def test_a_subscription_that_nothing_here_serves_is_refused(server: Server, more: dict) -> None:
    topic = f"projects/{PROJECT}/topics/refusing"
    server.call("PUT", f"{PUBSUB}/topics/refusing", {})
    status, text = server.error("PUT", f"{PUBSUB}/subscriptions/refused", {"topic": topic, **more})
    assert status == 400
    assert "is not served by the local cloud" in str(text)
