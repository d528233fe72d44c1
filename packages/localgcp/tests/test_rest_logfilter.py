"""The Logging query language over a handful of entries."""

from __future__ import annotations

from typing import Any

import pytest

from localgcp.apis.api_errors import ApiError
from localgcp.apis.logfilter import parse

ENTRY: dict[str, Any] = {
    "logName": "projects/p/logs/bigquerydatatransfer.googleapis.com%2Ftransfer_config",
    "insertId": "abc",
    "severity": "ERROR",
    "timestamp": "2025-03-01T10:00:00Z",
    "resource": {"type": "bigquery_dts_config", "labels": {"config_id": "c-1"}},
    "labels": {"run_id": "r-1", "example.com/team": "Blue"},
    "jsonPayload": {
        "message": "EROS_ALERT A05 caption pool is low",
        "count": 12,
        "ok": False,
        "tags": ["one", "two"],
    },
}


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ('resource.type="bigquery_dts_config"', True),
        ("resource.type=BIGQUERY_DTS_CONFIG", True),
        ('resource.type="x"', False),
        ("severity>=ERROR", True),
        ("severity>=critical", False),
        ("severity=(WARNING OR ERROR)", True),
        ("severity=(WARNING OR INFO)", False),
        ('jsonPayload.message:"a05"', True),
        ('jsonPayload.message=~"A\\d+ caption"', True),
        ('jsonPayload.message!~"A05"', False),
        ("jsonPayload.count>=12 jsonPayload.count<12.5", True),
        ("jsonPayload.count>100", False),
        ("jsonPayload.ok=false", True),
        ("jsonPayload.tags=two", True),
        ("jsonPayload.missing=1", False),
        ("jsonPayload.missing!=1", False),
        ("NOT jsonPayload.missing=1", True),
        ("-jsonPayload.message:low", False),
        ("jsonPayload.message:*", True),
        ("jsonPayload.missing:*", False),
        ('labels."example.com/team"=blue', True),
        ('timestamp>="2025-03-01" AND timestamp<"2025-03-01T10:00:01Z"', True),
        ('timestamp>"2025-03-01T10:00:00Z"', False),
        ("caption", True),
        ('"pool is low"', True),
        ('"pool is full"', False),
        ('log_id("bigquerydatatransfer.googleapis.com/transfer_config")', True),
        ('SEARCH(jsonPayload.message, "low POOL")', True),
        ('SEARCH("r-2")', False),
        # OR binds tighter than AND.
        ("severity=ERROR OR severity=INFO AND severity=INFO", False),
        ("(severity=INFO AND severity=ERROR) OR severity=ERROR", True),
        ('-- only errors\nseverity=ERROR\n-- of one config\nresource.labels.config_id="c-1"', True),
    ],
)
def test_a_filter_decides_about_an_entry(text: str, expected: bool) -> None:
    assert parse(text)(ENTRY) is expected


@pytest.mark.unit
@pytest.mark.parametrize(
    "text",
    ['resource.type="x', "severity>=", "(a", "a)", "AND a", "severity=LOUD", 'a=~"("',
     'ip_in_net(a, "10.0.0.0/8")', 'timestamp>"yesterday"'],
)  # fmt: skip
def test_a_filter_with_a_mistake_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse(text)
    assert caught.value.status == "INVALID_ARGUMENT"
