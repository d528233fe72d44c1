"""The seven health checks (docs/requirements.md): what they find, and how it is scored.

The figures and their judgement come from the view `health_findings`, which the scheduled
health check records too, the night's work among them: daily run, feedback, lock sweep.
Connectivity, the existence of the tables and whether schedules run at all can only be judged
from outside. The score is the same everywhere: 100 - 6 per warning - 20 per critical
finding, at least 0. A check that cannot be made is a critical finding of its own, as it is in
`record_health_check`: what nobody can see is not healthy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from google.api_core.exceptions import NotFound
from requests.exceptions import Timeout

from bqstack.amounts import counted, usd
from bqstack.errors import UserError
from bqstack.failures import FAILURES, explained
from eros.cloud.google import NO_RETRY, Google
from eros.cloud.local_control import present
from eros.project.settings import Settings
from eros.watch import pauses
from eros.watch.health_report import CHECKS, Finding, Report, Severity

# The tables without which nothing works; upkeep_figures counts the same. The lock store is the
# assignments table; another one is the stack's `captionLocks` (docs/requirements.md C-13).
TABLES = (
    "caption_bank",
    "caption_bandit_stats",
    "active_caption_assignments",
    "automation_locks",
    "schedule_recommendations",
)
_Words = Callable[[float], str]


def _count(one: str, many: str = "") -> _Words:
    return lambda value: counted(round(value), one, many)


# Findings of the view in the words of the report (docs/requirements.md#health-monitoring-alerts).
_LINES: dict[str, tuple[str, _Words]] = {
    "integrity violations": (
        "Table Integrity",
        _count("row that violates a data rule", "rows that violate a data rule"),
    ),
    "slow queries": (
        "Query Performance",
        _count("slow query in 24 hours", "slow queries in 24 hours"),
    ),
    "p95 latency in seconds": ("Query Latency", "95th percentile {:.2f} s".format),
    "error rate in percent": ("Error Rate", "{:.2f}%".format),
    "cost today in US dollars": ("Daily Cost", usd),
    "available captions": (
        "Caption Pool",
        _count("caption available", "captions available"),
    ),
    "active locks": ("Caption Locks", _count("active lock")),
    "expired locks": ("Caption Locks", _count("expired lock")),
    "captions locked twice": (
        "Lock Violations",
        _count("caption locked twice", "captions locked twice"),
    ),
    "failed daily runs": ("Daily Run", "{:.0f} failed since the last success".format),
}
# Findings that are the age of something in hours.
_AGES = {
    "hours since the daily run": "Daily Run",
    "hours since the feedback": "Feedback",
    "hours since the lock sweep": "Lock Sweep",
}
_HINTS = {
    "expired locks": "; eros run sweep_expired_caption_locks",
    "available captions": "; release locks or add captions",
    "integrity violations": "; eros monitor integrity_violations",
    "captions locked twice": "; eros monitor integrity_violations",
    "failed daily runs": "; eros monitor etl_job_runs",
    "hours since the daily run": "; eros run run_daily_automation",
    "hours since the feedback": "; eros run update_caption_performance",
    "hours since the lock sweep": "; eros run sweep_expired_caption_locks",
}
# On which side of its limits a finding is bad, where it is not above them.
_SIDES = {"available captions": "below", "slow queries": "from"}
# What the view says of a figure that no run has counted, whose value it then makes up.
_UNCOUNTED = "not counted in the last day"
# What the view says for "never".
_NEVER_HOURS = 1_000_000
# The checks take seconds; a cloud that does not answer must not take more than this (acceptance
# T05: below 30 s, start of the command included).
BUDGET_SECONDS = 20.0


class _Clock:
    """What is left of the time for all checks."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds, at least a moment: the libraries take 0 for "no limit"."""
        return max(0.1, self._end - time.monotonic())


def check(google: Google, budget: float = BUDGET_SECONDS) -> Report:
    """Make the seven checks in at most about `budget` seconds.

    Whatever prevents one is a critical finding, never an exception.
    """
    settings = google.settings
    clock = _Clock(budget)
    findings = _connectivity(google, clock)
    if all(f.severity is Severity.OK for f in findings):
        findings += _tables(google, clock)
        findings += _figures(google, clock)
    # Schedules add to a check and do not make one: without the figures nothing is known of it.
    made = {finding.check for finding in findings}
    if made >= {0, 1}:
        findings += _schedules(google, clock)
    findings += [
        Finding(place, name, Severity.CRITICAL, "not checked")
        for place, name in enumerate(CHECKS)
        if place not in made
    ]
    findings.sort(key=lambda finding: finding.check)
    return Report(_now(google), settings.project, settings.dataset, tuple(findings))


def _now(google: Google) -> datetime:
    """The time of the cloud that was checked; this machine's when it does not say."""
    try:
        return present(google.settings)
    except UserError:
        return datetime.now(UTC)


def _connectivity(google: Google, clock: _Clock) -> list[Finding]:
    settings = google.settings
    dataset = f"{settings.project}.{settings.dataset}"
    try:
        google.bigquery.get_dataset(dataset, retry=NO_RETRY, timeout=clock.left)
    except NotFound:
        return [Finding(0, "Project Access", Severity.CRITICAL, f"no dataset {dataset}")]
    except UserError as error:
        text = f"{error.message}; {error.fix}"
        return [Finding(0, "Authentication", Severity.CRITICAL, text)]
    except FAILURES as error:
        return [Finding(0, "Authentication", Severity.CRITICAL, _reason(error))]
    who = "local cloud" if google.is_local else "application default credentials"
    return [
        Finding(0, "Authentication", Severity.OK, who),
        Finding(0, "Project Access", Severity.OK, f"can access project {settings.project}"),
    ]


def _tables(google: Google, clock: _Clock) -> list[Finding]:
    settings = google.settings
    dataset = f"{settings.project}.{settings.dataset}"
    try:
        listed = google.bigquery.list_tables(dataset, retry=NO_RETRY, timeout=clock.left)
        present = {table.table_id for table in listed}
    except FAILURES as error:
        text = f"the tables cannot be listed: {_reason(error)}"
        return [Finding(1, "Tables", Severity.CRITICAL, text)]
    needed = [*TABLES, *([settings.caption_locks.table] if settings.caption_locks else [])]
    missing = [name for name in needed if name not in present]
    if missing:
        return [Finding(1, "Tables", Severity.CRITICAL, f"missing: {', '.join(missing)}")]
    return [Finding(1, "Tables", Severity.OK, f"all {len(needed)} tables exist")]


def _figures(google: Google, clock: _Clock) -> list[Finding]:
    settings = google.settings
    query = (
        "SELECT check_number, finding, value, level, warning_limit, critical_limit, detail "
        f"FROM {settings.dataset_reference}.health_findings "
        "WHERE check_number > 2 OR finding = 'integrity violations' "
        "ORDER BY check_number, finding"
    )
    try:
        # A view that cannot be read is no better for being read again: nothing is retried.
        rows = google.bigquery.query_and_wait(
            query,
            wait_timeout=clock.left,
            api_timeout=clock.left,
            retry=NO_RETRY,
            job_retry=NO_RETRY,
        )
        return [_figure(row) for row in rows]
    except FAILURES as error:
        text = f"the figures cannot be read: {_reason(error)}"
        return [Finding(2, "Query Performance", Severity.CRITICAL, text)]


def _figure(row: Any) -> Finding:
    place, severity = row.check_number - 1, Severity(row.level)
    side = _SIDES.get(row.finding, "above")
    limits = ", ".join(
        f"{word} {side} {limit:g}"
        for word, limit in (("warning", row.warning_limit), ("critical", row.critical_limit))
        if limit is not None
    )
    label, text = _said(place, row)
    if row.detail == _UNCOUNTED:
        text = f"{_UNCOUNTED}; eros run record_health_check"
        return Finding(place, label, severity, text, limits)
    hint = _HINTS.get(row.finding, "") if severity is not Severity.OK else ""
    return Finding(place, label, severity, text + hint, limits)


def _said(place: int, row: Any) -> tuple[str, str]:
    """Label and words of a figure."""
    if row.finding == "hours without assignments":
        if row.value >= _NEVER_HOURS:
            return "Recent Activity", "no assignment yet"
        last = "" if row.level == Severity.OK else f", the last one {row.value:.1f} hours ago"
        return "Recent Activity", f"{row.detail}{last}"
    if row.finding in _AGES:
        if row.detail:
            return _AGES[row.finding], f"has not run yet; the system is {row.value:.1f} hours old"
        return _AGES[row.finding], f"{row.value:.1f} hours ago"
    label, words = _LINES.get(row.finding, (CHECKS[place], f"{row.finding}: {{:g}}".format))
    return label, f"{words(row.value)}{f', {row.detail}' if row.detail else ''}"


def _schedules(google: Google, clock: _Clock) -> list[Finding]:
    """Whether anything runs by itself: part of the check of recent activity."""
    place = len(CHECKS) - 1
    settings = google.settings
    findings = []
    try:
        findings += _states(settings, pauses.read(google, clock.left), present(settings))
    except FAILURES as error:
        text = f"the schedules cannot be listed: {_reason(error)}"
        findings.append(Finding(place, "Schedules", Severity.WARNING, text))
    except UserError as error:
        text = f"the schedules cannot be listed: {error.message}"
        findings.append(Finding(place, "Schedules", Severity.WARNING, text))
    if settings.endpoints_file is not None:
        findings += _local_clock(google, place)
    return findings


def _states(settings: Settings, found: pauses.Schedules, now: datetime) -> list[Finding]:
    """What is wrong with the schedules, or that nothing is."""
    place, label = len(CHECKS) - 1, "Schedules"
    findings = [
        Finding(
            place,
            label,
            Severity.CRITICAL,
            f"{title} exists {number} times; eros preflight says which to delete",
        )
        for title, number in found.doubled.items()
    ]
    if found.paused:
        longest = timedelta(hours=settings.thresholds.pause_warning_hours)
        # A pause that the stack file asks for is in order as long as it is short.
        is_meant = settings.schedules_paused and now - found.longest.since <= longest
        severity = Severity.OK if is_meant else Severity.WARNING
        limit = f"warning above {settings.thresholds.pause_warning_hours} h"
        resume = "" if settings.schedules_paused else "; pulumi up --refresh resumes"
        stands = len(found.paused) == found.deployed
        findings.append(Finding(place, label, severity, found.words(now) + resume, limit, stands))
    elif found.deployed < found.declared:
        text = f"{found.deployed} of {found.declared} are deployed; eros plan"
        findings.append(Finding(place, label, Severity.WARNING, text))
    elif not findings:
        findings.append(Finding(place, label, Severity.OK, f"all {found.deployed} are on"))
    return findings


def _local_clock(google: Google, place: int) -> list[Finding]:
    try:
        trouble = pauses.clock_trouble(google)
    except UserError as error:
        trouble = error.message
    return [Finding(place, "Clock", Severity.WARNING, trouble)] if trouble else []


def _reason(error: Exception) -> str:
    # The built-in one: a query that runs on; requests' own: a service that does not answer.
    return "no answer in time" if isinstance(error, TimeoutError | Timeout) else explained(error)
