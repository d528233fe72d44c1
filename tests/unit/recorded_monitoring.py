"""Answers of Monitoring v3 in Google's shape, through Google's own client library.

`client` is the real library on a transport that answers from `Recorded`: the addresses and
parameters of the requests are those that Google would see.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httplib2
from googleapiclient.discovery import Resource, build_from_document
from googleapiclient.discovery_cache import get_static_doc

END = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
_USER = "logging.googleapis.com/user/eros/"
_DTS = "bigquerydatatransfer.googleapis.com/transfer_config/completed_runs"
_BILLED = "bigquery.googleapis.com/query/statement_scanned_bytes_billed"


@dataclass
class Recorded:
    """What the transport answers: series by metric type, open alerts."""

    series: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    """Path and parameters of every request."""

    def request(self, uri: str, method: str = "GET", **_: Any) -> tuple[httplib2.Response, bytes]:
        """What httplib2.Http.request does."""
        parts = urlsplit(uri)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.asked.append({"path": parts.path, **query})
        status, body = 200, self._answer(parts.path.rpartition("/")[2], query)
        if body is None:
            status, body = 404, {"error": {"code": 404, "message": "Cannot find metric(s)"}}
        return httplib2.Response({"status": status}), json.dumps(body).encode()

    def _answer(self, collection: str, query: dict[str, str]) -> dict[str, Any] | None:
        if collection == "alerts":
            return {"alerts": self.alerts} if self.alerts else {}
        [metric] = re.findall(r'metric\.type="([^"]+)"', query["filter"])
        if metric not in self.series:
            return None
        return {"timeSeries": self.series[metric], "unit": self.units.get(metric, "1")}

    def close(self) -> None:
        """What httplib2.Http.close does."""


def client(recorded: Recorded) -> Resource:
    """Monitoring v3 on the recorded answers."""
    document = json.loads(get_static_doc("monitoring", "v3"))
    return build_from_document(document, http=recorded)


def points(values: Sequence[float], minutes: float = 10, kind: str = "doubleValue") -> list[dict]:
    """Points that end at END, newest first as the API gives them."""
    return [
        {
            "interval": {
                "startTime": _text(END - timedelta(minutes=minutes * (place + 1))),
                "endTime": _text(END - timedelta(minutes=minutes * place)),
            },
            "value": {kind: value if kind == "doubleValue" else str(int(value))},
        }
        for place, value in enumerate(reversed(values))
    ]


def series(values: Sequence[float], minutes: float = 10, kind: str = "doubleValue", **labels: str):
    """A time series of an aggregated query."""
    return {
        "metric": {"type": "set by the caller", "labels": labels},
        "resource": {"type": "bigquery_project", "labels": {"project_id": "test-project"}},
        "metricKind": "GAUGE",
        "valueType": "DOUBLE" if kind == "doubleValue" else "INT64",
        "points": points(values, minutes, kind),
    }


def busy_day() -> Recorded:
    """A day with a slow morning, one failed run, two open alerts, and one figure missing."""
    steps = range(144)
    recorded = Recorded()

    def figure(name: str, unit: str, values: list[float]) -> None:
        recorded.series[_USER + name] = [series(values)]
        recorded.units[_USER + name] = unit

    slow = [math.exp(-(((n - 90) / 9) ** 2)) for n in steps]
    figure(
        "health_score", "{points}", [100 - 6 * (bump > 0.3) - 20 * (bump > 0.8) for bump in slow]
    )
    recorded.series[_USER + "health_score"][0]["points"][0]["value"]["doubleValue"] = 88
    figure("health_status", "1", [1.0] * 144)
    figure("error_rate_pct", "%", [0.3 + 0.9 * bump for bump in slow])
    figure("cost_today_usd", "{USD}", [((n + 12) % 144) * 0.0471 for n in steps])
    figure(
        "query_p95_seconds",
        "s",
        [0.7 + 10.6 * bump + 0.1 * math.sin(n) for n, bump in enumerate(slow)],
    )
    figure("query_mean_seconds", "s", [0.3 + 2.1 * bump for bump in slow])
    figure("available_captions", "{captions}", [812 - 3 * n + 260 * (n > 70) for n in steps])
    figure("locked_captions", "{captions}", [140 + 3 * n - 260 * (n > 70) for n in steps])
    figure("active_locks", "{locks}", [4100 + 14 * n - 900 * (n > 70) for n in steps])
    figure("expired_locks", "{locks}", [(n * 7) % 23 for n in steps])
    figure("assignments_24h", "{captions}", [900 + 40 * math.sin(n / 20) for n in steps])
    figure("daily_run_seconds", "s", [212.0] * 96 + [247.5] * 48)
    figure("creator_failure_pct", "%", [2.0] * 96 + [4.0] * 48)
    figure("feedback_age_hours", "h", [(n % 36) / 6 for n in steps])
    figure("sweep_age_hours", "h", [(n % 6) / 6 for n in steps])
    figure("daily_run_age_hours", "h", [((n + 60) % 144) / 6 for n in steps])
    figure("queue_depth", "{requests}", [max(0, 42 - abs(n - 100)) for n in steps])
    figure("queue_processing", "{requests}", [(n % 5) * (60 < n < 140) for n in steps])
    # oldest_pending_minutes is left out: a metric that nobody has written yet.
    recorded.series[_DTS] = [
        {**series([12] * 24, 60, "int64Value", completion_state="SUCCEEDED")},
        {**series([0] * 14 + [1] + [0] * 9, 60, "int64Value", completion_state="FAILED")},
    ]
    recorded.series[_BILLED] = [series([2e9 + 9e8 * math.sin(n) for n in range(24)], 60)]
    recorded.units[_BILLED] = "By"
    recorded.series[_USER + "alert_firing"] = [
        series([0] * 13 + [12, 6] + [0] * 9, 60, "int64Value", rule="a17"),
        series([0] * 20 + [12] * 4, 60, "int64Value", rule="a10"),
    ]
    jobs = {
        "run_daily_automation": 212,
        "update_caption_performance": 31,
        "sweep_expired_caption_locks": 4,
    }
    recorded.series[_USER + "job_run_seconds"] = [
        series([seconds * (1 + 0.1 * math.sin(n)) for n in range(24)], 60, job=job)
        for job, seconds in jobs.items()
    ]
    recorded.units[_USER + "job_run_seconds"] = "s"
    parts = {f"component_{n}": 0.5**n for n in range(11)}
    recorded.series[_USER + "component_cost_today_usd"] = [
        series([share * ((n + 2) % 24) * 0.14 for n in range(24)], 60, component=name)
        for name, share in parts.items()
    ]
    recorded.units[_USER + "component_cost_today_usd"] = "{USD}"
    for name, unit, value in (
        ("emv_per_message_usd", "{USD}", 1.84),
        ("emv_change_pct", "%", -3.2),
        ("engagement_rate_pct", "%", 4.7),
        ("assignment_success_pct", "%", 98.2),
    ):
        recorded.series[_USER + name] = [series([value + 0.1 * math.sin(n) for n in range(24)], 60)]
        recorded.units[_USER + name] = unit
    recorded.alerts = [
        _alert(
            "a10", "EROS A10 Lock cleanup high volume", "WARNING", timedelta(hours=3, minutes=40)
        ),
        _alert("a07", "EROS A07 Daily automation not run", "CRITICAL", timedelta(minutes=25)),
    ]
    return recorded


def _alert(rule: str, title: str, severity: str, age: timedelta) -> dict[str, Any]:
    return {
        "name": "projects/test-project/alerts/0.abc",
        "state": "OPEN",
        "openTime": _text(END - age),
        "policy": {
            "name": f"projects/test-project/alertPolicies/{rule}",
            "displayName": title,
            "severity": severity,
            "userLabels": {"system": "eros", "rule": rule},
        },
    }


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
