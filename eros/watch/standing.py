"""How every alert rule stands: those that SQL judges and those of Cloud Monitoring alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bqstack.failures import FAILURES, explained
from eros.cloud.google import Google
from eros.cloud.local_control import present
from eros.project.alerts import Alerts, alert_policy, rule_values
from eros.project.alerts.loaded_rules import Rule
from eros.project.settings import Settings
from eros.watch import alert_states, evaluation
from eros.watch.dashboard.cloud_figures import Incident, Monitoring, Window
from eros.watch.evaluation import Evaluation

OK, OPEN, PENDING, UNKNOWN = "OK", "OPEN", "PENDING", "UNKNOWN"
# There is nothing to judge by: no daily run yet, or no health check, which A26 watches.
NO_VALUE = "NO VALUE"
# An INFO rule whose condition holds is news, and nobody must act.
NEWS = "INFO"


@dataclass(frozen=True)
class Standing:
    """One rule at this moment; `rule` is None for one that only the stack knows."""

    id: str
    title: str
    severity: str
    state: str
    """OK, OPEN, ACKNOWLEDGED, PENDING, INFO, NO VALUE or UNKNOWN."""
    value: float | None
    limit: float | None
    is_below: bool
    opened: datetime | None
    taken_by: str | None
    judged_by: str
    """SQL, or Cloud Monitoring."""
    rule: Rule | None = None
    escalated: datetime | None = None
    evaluation: Evaluation | None = None
    """When SQL judged it; None for a rule of Cloud Monitoring."""

    @property
    def is_open(self) -> bool:
        """Whether somebody has to look at it."""
        return self.state not in (OK, NEWS, NO_VALUE)

    @property
    def is_firing(self) -> bool:
        """Whether it is known to be open."""
        return self.is_open and self.state != UNKNOWN

    @property
    def state_words(self) -> str:
        """The state; of a rule that has not been judged lately, when it was."""
        if self.state == UNKNOWN and self.evaluation:
            return self.evaluation.state
        return self.state

    @property
    def unit(self) -> str:
        """What the value counts; empty where only the stack knows the rule."""
        return self.rule.unit if self.rule else ""

    @property
    def one(self) -> str:
        """What a value of 1 counts."""
        return self.rule.one if self.rule else ""

    @property
    def value_words(self) -> str:
        """The value with its unit."""
        if self.value is None:
            return "" if self.judged_by != "SQL" else "unknown"
        return rule_values.words(self.value, self.unit, self.one)

    @property
    def limit_words(self) -> str:
        """Where it fires; with the unit where there is no value to have it."""
        if self.limit is None:
            return ""
        limit = (
            rule_values.words(self.limit, self.unit, self.one)
            if self.value is None
            else rule_values.amount(self.limit, self.unit)
        )
        return f"{'below' if self.is_below else 'above'} {limit}"

    def document(self, runbook: str) -> dict[str, Any]:
        """As JSON: the names of the view alert_status, then what the file says."""
        values = {
            "rule_id": self.id,
            "title": self.title,
            "severity": self.severity,
            "state": self.state,
            "value": self.value,
            "open_limit": self.limit,
            "is_below": self.is_below,
            "opened_at": self.opened,
            "escalated_at": self.escalated,
            "acknowledged_by": self.taken_by,
            "judged_by": self.judged_by,
            "judged_at": self.evaluation.at if self.evaluation else None,
        }
        if self.rule is None:
            return values
        link = alert_policy.runbook_link(runbook, self.rule)
        return values | {"unit": self.unit, "priority": self.rule.priority, "runbook": link}


@dataclass(frozen=True)
class All:
    """Every rule by its id; `warnings` say what nobody knows of them, and why."""

    rules: list[Standing]
    warnings: tuple[str, ...] = ()


def where_taken(google: Google) -> str:
    """Where a person takes an incident of Cloud Monitoring: no API acknowledges one."""
    if google.is_local:
        return "none: the local cloud has no such page, and the incident closes by itself"
    project = google.settings.project
    return (
        f"acknowledge it on https://console.cloud.google.com/monitoring/alerting?project={project}"
    )


def taken_elsewhere(google: Google, rows: Iterable[Standing]) -> str:
    """Which of the rules that fire `eros alerts ack` cannot take; empty without any."""
    names = [one.id for one in rows if one.is_firing and one.judged_by != "SQL"]
    if not names:
        return ""
    page = f" ({where_taken(google)})" if not google.is_local else ""
    return f"{', '.join(names)}: judged by Cloud Monitoring and taken only there{page}"


def read(google: Google, alerts: Alerts) -> All:
    """How the rules of the stack stand."""
    known = {rule.id: rule for rule in alerts.rules}
    judged = evaluation.read(google)
    warnings = [judged.warning] if judged.warning else []
    rows = [
        _judged_by_sql(row, known.get(row["rule_id"]), judged)
        for row in alert_states.status(google)
    ]
    metrics = [rule for rule in alerts.rules if rule.metric is not None]
    try:
        window = Window.until(present(google.settings), 1)
        monitoring = Monitoring(google.api("monitoring"), google.settings.project, window)
        rows += _judged_by_monitoring(metrics, monitoring.incidents, google.settings)
    except FAILURES as error:
        warnings.append(f"the rules that Cloud Monitoring judges are unknown: {explained(error)}")
        rows += [_of_metric(rule, UNKNOWN, None) for rule in metrics]
    return All(sorted(rows, key=lambda one: one.id), tuple(warnings))


def _judged_by_sql(row: dict[str, Any], rule: Rule | None, judged: Evaluation) -> Standing:
    state = row["state"]
    is_info = row["severity"] == NEWS
    if not judged.is_current and (is_info or state in (OK, PENDING)):
        state = UNKNOWN
    elif state == OK and row["value"] is None:
        state = NO_VALUE
    elif is_info and state != OK:
        state = NEWS
    return Standing(
        id=row["rule_id"],
        title=row["title"],
        severity=row["severity"],
        state=state,
        # A value of old figures says nothing of now.
        value=None if state == UNKNOWN else row["value"],
        limit=row["open_limit"],
        is_below=row["is_below"],
        opened=row["opened_at"],
        taken_by=row["acknowledged_by"],
        judged_by="SQL",
        rule=rule,
        escalated=row["escalated_at"],
        evaluation=judged,
    )


def _judged_by_monitoring(
    rules: Iterable[Rule], incidents: Iterable[Incident], settings: Settings
) -> list[Standing]:
    """Rules with a metric; policies have the rule and the stack among their user labels."""
    opened: dict[str, list[datetime | None]] = {}
    for incident in incidents:
        is_of_environment = incident.labels.get("environment") == settings.environment
        if is_of_environment and incident.sandbox == settings.sandbox:
            opened.setdefault(incident.labels.get("rule", ""), []).append(incident.opened)
    found = []
    for rule in rules:
        times = opened.get(rule.label, [])
        first = min((time for time in times if time), default=None)
        found.append(_of_metric(rule, OPEN if times else OK, first))
    return found


def _of_metric(rule: Rule, how: str, opened: datetime | None) -> Standing:
    return Standing(
        id=rule.id,
        title=rule.title,
        severity=rule.severity,
        state=how,
        value=None,
        limit=rule.limit,
        is_below=rule.is_below,
        opened=opened,
        taken_by=None,
        judged_by="Cloud Monitoring",
        rule=rule,
    )
