"""Use of the project's quotas, from Monitoring's own quota metrics.

https://cloud.google.com/monitoring/alerts/using-quota-metrics: `quota/limit` and
`quota/allocation/usage` are gauges that are sampled once a day, `quota/rate/net_usage` counts
what was used. Only limits per day are compared with rates: shorter ones fix themselves.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from eros.cloud.google import Google

# Share of a limit from which a deployment is worth a warning.
TIGHT = 0.9
_PREFIX = "serviceruntime.googleapis.com/quota"
# The gauges are written once a day.
_BACK = timedelta(hours=25)
_SERVICES = ("bigquery", "bigquerydatatransfer", "monitoring", "pubsub", "logging", "storage")


@dataclass(frozen=True)
class Use:
    """One quota: name of its metric, what is used and what is allowed."""

    name: str
    used: float
    limit: float

    @property
    def share(self) -> float:
        """Used share of the limit; a limit of 0 is always reached."""
        return self.used / self.limit if self.limit else float(self.used > 0)


def uses(google: Google, now: datetime) -> list[Use]:
    """Quotas of our services that have both a limit and a use."""
    limits = _read(google, "limit", now, newest=True)
    held = _read(google, "allocation/usage", now, newest=True)
    rates = _read(google, "rate/net_usage", now, newest=False)
    found = []
    for (metric, name), limit in sorted(limits.items()):
        used = held.get((metric, ""))
        if used is None and "PerDay" in name:
            used = rates.get((metric, ""))
        if used is not None and limit >= 0:  # -1 stands for no limit.
            found.append(Use(metric, used, limit))
    return found


def _read(
    google: Google, metric: str, now: datetime, *, newest: bool
) -> dict[tuple[str, str], float]:
    """Quota metric and limit name to the newest value, or to the sum of all."""
    series = google.api("monitoring").projects().timeSeries()
    request = series.list(
        name=f"projects/{google.settings.project}",
        filter=f'metric.type = "{_PREFIX}/{metric}" AND resource.type = "consumer_quota"',
        interval_startTime=_text(now - _BACK),
        interval_endTime=_text(now),
    )
    found: dict[tuple[str, str], float] = defaultdict(float)
    while request is not None:
        answer = request.execute()
        for one in answer.get("timeSeries", []):
            service = one["resource"]["labels"].get("service", "").partition(".")[0]
            if service not in _SERVICES:
                continue
            labels = one["metric"]["labels"]
            key = (
                labels["quota_metric"],
                labels.get("limit_name", "") if metric == "limit" else "",
            )
            values = [_number(point["value"]) for point in one.get("points", [])]
            if values:
                # Points come newest first. Locations of a metric are added up.
                found[key] += values[0] if newest else sum(values)
        request = series.list_next(request, answer)
    return dict(found)


def _number(value: dict[str, Any]) -> float:
    return float(value.get("int64Value", value.get("doubleValue", 0)))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
