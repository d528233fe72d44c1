"""config/alerts.yaml with the settings of a stack filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from bqstack import templates
from bqstack.documents import load_document
from bqstack.errors import UserError
from eros.project.alerts.rules_file import Document, Metric, RuleEntry

FILE = Path("config/alerts.yaml")


@dataclass(frozen=True)
class Rule:
    """One rule of a stack. Times are in minutes.

    It fires when the value is beyond `limit`, above or below it, and stays open until the
    value is at `resolves` or on its healthy side. Exactly one of `value` and `metric` is set.
    """

    id: str
    title: str
    severity: str
    priority: str
    respond_within: int
    unit: str
    one: str
    """The unit of a single thing; empty where the unit is a measure."""
    value: str | None
    metric: Metric | None
    limit: float
    is_below: bool
    resolves: float
    hold: int
    repeat_every: int | None
    escalate_after: int | None
    channels: tuple[str, ...]
    escalate_to: tuple[str, ...]
    superseded_by: tuple[str, ...]
    means: str
    first_steps: tuple[str, ...]

    @property
    def label(self) -> str:
        """The rule as the value of a label."""
        return self.id.lower()


@dataclass(frozen=True)
class Alerts:
    """All rules of a stack, in the order of the file."""

    sources: dict[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    notice_channels: tuple[str, ...] = ()
    """Channels that notices of `eros` go through: those of a WARNING, which wakes nobody."""

    @property
    def evaluated(self) -> list[Rule]:
        """Rules that `evaluate_alerts` judges."""
        return [rule for rule in self.rules if rule.value is not None]

    @property
    def paging(self) -> list[Rule]:
        """Rules that tell a person: they have an alert policy."""
        return [rule for rule in self.rules if rule.severity != "INFO"]


class Values(Protocol):
    """Settings of a stack, as far as the rules take any."""

    def template_values(self) -> Mapping[str, Any]:
        """Names that a template may use."""
        ...


def of(settings: Values, root: Path) -> Alerts:
    """The rules below `root` for a stack; raises UserError."""
    return load(settings.template_values(), root)


def load(context: Mapping[str, Any], root: Path) -> Alerts:
    """The rules below `root` with `context` filled in; raises UserError."""
    document = read_document(root)
    sources = {
        name: templates.fill(text, context, FILE, f"sources.{name}")
        for name, text in document.sources.items()
    }
    rules = tuple(_rule(key, entry, document, context) for key, entry in document.rules.items())
    return Alerts(sources, rules, tuple(document.routes["WARNING"].channels))


@lru_cache
def read_document(root: Path) -> Document:
    """config/alerts.yaml, checked as far as no stack is needed; kept. Raises UserError."""
    document = load_document(Document, root / FILE, root)
    for rule_id, rule in document.rules.items():
        if rule.severity not in document.routes:
            raise _wrong(rule_id, "severity", f"routes has no {rule.severity}")
        if rule.priority not in document.response_times:
            raise _wrong(rule_id, "priority", f"responseTimes has no {rule.priority}")
        _check_superseding(rule_id, document.rules)
    return document


def _check_superseding(rule_id: str, rules: Mapping[str, RuleEntry]) -> None:
    seen: set[str] = set()
    waiting = list(rules[rule_id].superseded_by)
    while waiting:
        other = waiting.pop()
        if other == rule_id:
            raise _wrong(rule_id, "supersededBy", "the rule supersedes itself")
        if other not in rules or rules[other].value is None:
            raise _wrong(rule_id, "supersededBy", f"{other!r} is not a rule with a value")
        if other not in seen:
            seen.add(other)
            waiting += rules[other].superseded_by


def _wrong(rule_id: str, name: str, message: str) -> UserError:
    return UserError(message, file=FILE, key=f"rules.{rule_id}.{name}")


def _rule(key: str, entry: RuleEntry, document: Document, context: Mapping[str, Any]) -> Rule:
    def text(name: str, value: str) -> str:
        return templates.fill(value, context, FILE, f"rules.{key}.{name}")

    def number(name: str, value: float | str) -> float:
        if isinstance(value, float):
            return value
        try:
            return float(text(name, value))
        except ValueError:
            raise _wrong(key, name, f"{value!r} is not a number") from None

    if entry.below is not None:
        is_below, limit = True, number("below", entry.below)
    elif entry.above is not None:
        is_below, limit = False, number("above", entry.above)
    else:
        raise _wrong(key, "above", "give either above or below")
    resolves = limit if entry.resolves is None else number("resolves", entry.resolves)
    if (resolves < limit) if is_below else (resolves > limit):
        side = "below" if is_below else "above"
        raise _wrong(
            key, "resolves", f"a rule that opens {side} {limit:g} cannot resolve {side} it"
        )
    route = document.routes[entry.severity]
    return Rule(
        id=key,
        title=entry.title,
        severity=entry.severity,
        priority=entry.priority,
        respond_within=document.response_times[entry.priority],
        unit=text("unit", entry.unit),
        one=text("one", entry.one),
        value=text("value", entry.value) if entry.value is not None else None,
        metric=entry.metric,
        limit=limit,
        is_below=is_below,
        resolves=resolves,
        hold=entry.hold,
        repeat_every=entry.repeat_every,
        escalate_after=entry.escalate_after,
        channels=tuple(route.channels if entry.channels is None else entry.channels),
        escalate_to=tuple(route.escalate_to if entry.escalate_to is None else entry.escalate_to),
        superseded_by=tuple(entry.superseded_by),
        means=text("means", entry.means),
        first_steps=tuple(
            text(f"firstSteps.{place}", step) for place, step in enumerate(entry.first_steps)
        ),
    )
