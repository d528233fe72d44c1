"""What the rules of a stack must agree with: channels, schedules, limits of policies."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from bqstack.errors import UserError
from eros.project.alerts import alert_policy
from eros.project.alerts.loaded_rules import FILE, Alerts, Rule
from eros.project.schedules import TransferConfig

# https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
MAX_CONDITIONS = 6
MAX_CHANNELS = 16
MAX_DOCUMENTATION_BYTES = 8192


def check(
    alerts: Alerts, runbook: str, configs: list[TransferConfig], channels: Collection[str]
) -> None:
    """Refuse what the program or Cloud Monitoring would refuse later; raises UserError."""
    schedules = {config.schedule_name for config in configs}
    for rule in alerts.rules:
        _names(rule, "channels", rule.channels, channels)
        _names(rule, "escalateTo", rule.escalate_to, channels)
        if rule.metric is not None:
            _names(rule, "metric.schedules", rule.metric.schedules or (), schedules)
            _names(rule, "metric.exceptSchedules", rule.metric.except_schedules or (), schedules)
    for rule in alerts.paging:
        _fits_a_policy(rule, runbook, configs)


def _names(rule: Rule, key: str, used: Iterable[str], known: Collection[str]) -> None:
    for name in used:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            raise UserError(
                "there is nothing with this name",
                file=FILE,
                key=f"rules.{rule.id}.{key}, or the route of {rule.severity}"
                if key in ("channels", "escalateTo")
                else f"rules.{rule.id}.{key}",
                value=name,
                fix=f"did you mean {close[0]!r}?"
                if close
                else f"use one of: {', '.join(sorted(known))}",
            )


def _fits_a_policy(rule: Rule, runbook: str, configs: list[TransferConfig]) -> None:
    size = len(alert_policy.documentation(rule, runbook, "staging").encode())
    if size > MAX_DOCUMENTATION_BYTES:
        raise UserError(
            f"means and firstSteps make {size} bytes of documentation;"
            f" Cloud Monitoring takes {MAX_DOCUMENTATION_BYTES}",
            file=FILE,
            key=f"rules.{rule.id}",
        )
    conditions = len(alert_policy.conditions(rule, configs))
    if not 1 <= conditions <= MAX_CONDITIONS:
        raise UserError(
            f"the schedules of this rule need {conditions} conditions;"
            f" a policy has 1 to {MAX_CONDITIONS}",
            file=FILE,
            key=f"rules.{rule.id}.metric",
            fix="give it a window, or divide the schedules among several rules",
        )
    if len(rule.channels) > MAX_CHANNELS:
        raise UserError(
            f"a policy has at most {MAX_CHANNELS} channels", file=FILE, key=f"rules.{rule.id}"
        )
