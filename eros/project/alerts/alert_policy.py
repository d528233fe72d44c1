"""What the alert policy of a rule holds.

Two kinds of rule end in the same kind of policy, one that watches a time series. A rule
with a value is judged by `evaluate_alerts`, out of whose labelled queries the log-based metric
`eros/alert_value` takes the value; a rule with a metric is judged by Cloud Monitoring alone.
docs/decisions/008-alert-chain.md tells how one leads to the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bqstack import amounts
from eros.project.alerts import rule_values
from eros.project.alerts.loaded_rules import Rule
from eros.project.alerts.rules_file import LONGEST_LOOKBACK, SHORTEST_HOLD
from eros.project.figures import TYPE_PREFIX, VALUE_METRIC
from eros.project.resource_names import ResourceNames
from eros.project.schedules import TransferConfig

SIGNAL_LABELS = {
    name: f"EXTRACT(protoPayload.metadata.jobChange.job.jobConfig.labels.alert_{name})"
    for name in ("rule", "stage")
}
_SOURCE = ResourceNames()
SIGNAL_VALUE = "EXTRACT(protoPayload.metadata.jobChange.job.jobConfig.labels.alert_value)"
"""The value of the rule, which a notification says beside the limit."""
# Three evaluations: one that comes late or fails does not close the incident.
SIGNAL_WINDOW = 45
# A failed run is forgotten when the next one should have ended.
RUN_SLACK = 10
_MISSING = {
    "healthy": "EVALUATION_MISSING_DATA_INACTIVE",
    "fires": "EVALUATION_MISSING_DATA_ACTIVE",
}


@dataclass(frozen=True)
class Condition:
    """One threshold condition; times in minutes.

    `configs` are the transfer configs whose ids the filter must name, none for all.
    """

    title: str
    filter: str
    configs: tuple[str, ...]
    window: int
    hold: int
    aligner: str
    reducer: str | None
    limit: float
    is_below: bool
    missing_data: str


def conditions(
    rule: Rule,
    configs: Iterable[TransferConfig],
    escalated: bool = False,
    least_hold: int = 0,
    names: ResourceNames = _SOURCE,
) -> list[Condition]:
    """Conditions of a rule's policy, any of which opens an incident.

    With `escalated` those of its second policy: met once the rule has fired for
    `escalate_after`, and, for a rule with a value, while nobody has acknowledged it.
    A rule with a metric holds for `least_hold` minutes at least. `names` are those of the stack.
    """
    if rule.metric is None:
        return [_signal(rule, escalated, names)]
    later = (rule.escalate_after or 0) if escalated else 0
    hold = max(rule.hold, SHORTEST_HOLD, least_hold) + later
    return [
        Condition(
            title=title,
            filter=_filter(rule.metric.type, rule.metric.resource, rule.metric.labels),
            configs=keys,
            window=window,
            hold=hold,
            aligner=rule.metric.aligner,
            reducer=rule.metric.reducer,
            limit=rule.limit,
            is_below=rule.is_below,
            missing_data=_MISSING[rule.metric.missing_data],
        )
        for title, keys, window in _windows(rule, configs)
    ]


def signal_filter(names: ResourceNames) -> str:
    """Log entries of the queries that `evaluate_alerts` of a stack runs for rules that fire."""
    component = names.component("alert")
    return "\n".join(
        (
            'log_id("cloudaudit.googleapis.com/data_access")',
            'resource.type="bigquery_project"',
            'protoPayload.metadata.jobChange.after="DONE"',
            f'protoPayload.metadata.jobChange.job.jobConfig.labels.component="{component}"',
        )
    )


def watches_pause(rule: Rule, hours: int) -> bool:
    """Whether the rule notifies of schedules that the stack pauses for longer than `hours`.

    It misses what does not come; no rule can where Cloud Monitoring does not look back so far.
    """
    if rule.metric is None or rule.metric.missing_data != "fires":
        return False
    lookback = (rule.metric.window or 1) + hours * 60 + (rule.escalate_after or 0)
    return lookback <= LONGEST_LOOKBACK


def of_configs(text: str, names: list[str]) -> str:
    """The filter `text` for transfer configs by their names, of which it takes the ids."""
    ids = ", ".join(f'"{name.rpartition("/")[2]}"' for name in names)
    return f"{text} AND resource.labels.config_id=one_of({ids})"


def runbook_link(runbook: str, rule: Rule) -> str:
    """Address of the rule's section: the anchor that a heading `<id> <title>` gets."""
    words = re.sub(r"[^\w\s-]", "", f"{rule.id} {rule.title}".lower())
    return f"{runbook}#{re.sub(r'\s', '-', words)}"


def subject(rule: Rule, environment: str, escalated: bool = False) -> str:
    """First line of a notification."""
    escalation = " still open:" if escalated else ""
    return f"[{rule.severity}]{escalation} {rule.id} {rule.title} ({environment})"


def documentation(rule: Rule, runbook: str, environment: str) -> str:
    """Body of a notification, in Markdown; its commands are for this stack."""
    resolves = rule_values.amount(rule.resolves, rule.unit)
    healthy = "" if rule.resolves == rule.limit else f", healthy again at {resolves}"
    lasting = f", for {duration(rule.hold)}" if rule.hold else ""
    lines = [
        f"**{rule.id} {rule.title}**: {rule.severity}, {rule.priority},"
        f" act within {duration(rule.respond_within)}.",
        rule.means,
        f"Fires {fires(rule)}{lasting}{healthy}.",
    ]
    if rule.first_steps:
        commands = [_for_stack(step, environment) for step in rule.first_steps]
        steps = [f"{place}. `{command}`" for place, command in enumerate(commands, 1)]
        lines += ["First steps:", "\n".join(steps)]
    lines.append(f"Runbook: {runbook_link(runbook, rule)}")
    if rule.value is not None:
        listed, taken = (
            _for_stack(command, environment)
            for command in ("eros alerts list", f"eros alerts ack {rule.id}")
        )
        # Documentation has no variable for the value; the sentence that Monitoring writes has it.
        lines.append(f"Value: in the summary; now: `{listed}`. Take it: `{taken}`.")
    else:
        # A metric's incident is Monitoring's own, and no API takes it.
        lines.append("Value: in the summary. Take it: on its page in Cloud Monitoring.")
    return "\n\n".join(lines) + "\n"


def fires(rule: Rule) -> str:
    """Where the rule fires: above 3.2 TiB billed in 20 hours."""
    side = "below" if rule.is_below else "above"
    return f"{side} {rule_values.words(rule.limit, rule.unit, rule.one)}"


def _title(rule: Rule) -> str:
    """A condition's name, with the unit that Cloud Monitoring's bare value behind it lacks.

    Monitoring writes "is above the threshold of 4 with a value of 6.2" behind it. For a rule that
    is healthy again elsewhere than it opens, that threshold is where it closes.
    """
    side = "below" if rule.is_below else "above"
    opens = f"{side} {rule_values.amount(rule.limit, rule.unit)}"
    if rule.resolves == rule.limit:
        return f"{rule.unit}, {opens}"
    return f"{rule.unit} (opens {opens}, closes at {rule_values.amount(rule.resolves, rule.unit)})"


def _for_stack(command: str, environment: str) -> str:
    return f"{command} --stack {environment}" if command.startswith("eros ") else command


def duration(minutes: int) -> str:
    """Minutes as a person writes them: 90 is 1 h 30 min."""
    return amounts.span(timedelta(minutes=minutes), largest="h")


def _signal(rule: Rule, escalated: bool, names: ResourceNames) -> Condition:
    labels = {"rule": rule.label} | ({"stage": "escalated"} if escalated else {})
    # SQL decides, and signals until the value is healthy again: what it signals is beyond that.
    return Condition(
        title=f"signal of {rule.id}: {_title(rule)}",
        filter=_filter(TYPE_PREFIX + names.metric(VALUE_METRIC), "bigquery_project", labels),
        configs=(),
        window=SIGNAL_WINDOW,
        hold=SHORTEST_HOLD,
        aligner="ALIGN_DELTA",
        reducer="REDUCE_MEAN",
        limit=rule.resolves,
        is_below=rule.is_below,
        missing_data=_MISSING["healthy"],
    )


def _windows(
    rule: Rule, configs: Iterable[TransferConfig]
) -> list[tuple[str, tuple[str, ...], int]]:
    """Title, transfer configs and window of each condition of a rule with a metric."""
    assert rule.metric is not None
    title = _title(rule)
    metric = rule.metric
    if metric.schedules is None and metric.except_schedules is None:
        assert metric.window is not None
        return [(title, (), metric.window)]
    longest = LONGEST_LOOKBACK - max(rule.hold, SHORTEST_HOLD) - (rule.escalate_after or 0)
    groups: dict[int, list[str]] = {}
    for config in configs:
        name = config.schedule_name
        if name in (metric.except_schedules or ()):
            continue
        if metric.schedules is not None and name not in metric.schedules:
            continue
        gap = round(config.gap.total_seconds() / 60)
        window = metric.window or min(gap + RUN_SLACK, longest)
        groups.setdefault(window, []).append(config.key)
    return [
        # A window that the rule sets is part of its unit.
        (title if metric.window else f"{title} in {duration(window)}", tuple(keys), window)
        for window, keys in sorted(groups.items())
    ]


def _filter(metric: str, resource: str, labels: Mapping[str, str | list[str]]) -> str:
    """Series of the metric; a label with several values is one of them."""
    parts = [f'metric.type="{metric}"', f'resource.type="{resource}"']
    for key, value in labels.items():
        several = ", ".join(f'"{one}"' for one in value)
        parts.append(
            f'metric.labels.{key}="{value}"'
            if isinstance(value, str)
            else f"metric.labels.{key}=one_of({several})"
        )
    return " AND ".join(parts)
