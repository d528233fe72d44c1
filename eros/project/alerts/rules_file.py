"""Shape of config/alerts.yaml, and what is wrong with it whatever the stack."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from bqstack.documents import Section, one_of

Severity = Literal["CRITICAL", "WARNING", "INFO"]
Priority = Literal["P0", "P1", "P2", "P3"]
# Part of names, of a label's value (in lower case) and of SQL text.
RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{2,3}$")]
# Quotes and backslashes would end a literal in SQL.
Title = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][^'\"\\\n]{2,79}$")]
SourceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Number = float | str
"""A number, or a template that becomes one."""

_DURATION = re.compile(r"(\d+)([mhd])")
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60}
# https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
SHORTEST_REPEAT, LONGEST_REPEAT = 30, 24 * 60
# Window and duration of a condition together: how far back Cloud Monitoring looks.
LONGEST_LOOKBACK = 23 * 60 + 30
# Cloud Monitoring judges missing data from one minute on.
SHORTEST_HOLD = 1


def _minutes(text: object) -> object:
    """Minutes of a duration such as 30m, 4h or 1d."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("a duration is whole minutes, hours or days: 30m, 4h, 1d")
    return int(match[1]) * _MINUTES[match[2]]


_Written = Annotated[str, StringConstraints(pattern=rf"^{_DURATION.pattern}$")]
Duration = Annotated[int, BeforeValidator(_minutes, json_schema_input_type=_Written)]
Repeat = Annotated[Duration, Field(ge=SHORTEST_REPEAT, le=LONGEST_REPEAT)]


class Route(Section):
    """Channels of a severity, by their names in config/channels.yaml."""

    channels: list[str]
    escalate_to: list[str]


class Metric(Section):
    """A time series of Cloud Monitoring.

    Without `window` a metric of transfer runs is judged over the time between two runs of
    each schedule. `missing_data` says what no point at all means.
    """

    type: Text
    resource: Text
    labels: dict[str, str | list[str]] = {}
    schedules: list[str] | None = None
    """Only the transfer configs of these entries of config/schedules.yaml."""
    except_schedules: list[str] | None = None
    """The transfer configs of all other entries."""
    aligner: Annotated[str, StringConstraints(pattern=r"^ALIGN_[A-Z0-9_]+$")]
    reducer: Annotated[str, StringConstraints(pattern=r"^REDUCE_[A-Z0-9_]+$")] | None = None
    window: Annotated[Duration, Field(ge=1)] | None = None
    missing_data: Literal["healthy", "fires"] = "healthy"

    @model_validator(mode="after")
    def _window_is_known(self) -> Metric:
        of_runs = self.schedules is not None or self.except_schedules is not None
        if self.schedules is not None and self.except_schedules is not None:
            raise ValueError("give either schedules or exceptSchedules")
        if self.window is None and not of_runs:
            raise ValueError("a metric needs a window, unless it is one of schedules")
        return self


class RuleEntry(Section):
    """One rule as it is written."""

    model_config = one_of(("value", "metric"), ("above", "below"))

    title: Title
    severity: Severity
    priority: Priority
    unit: Text
    one: str = ""
    value: Text | None = None
    metric: Metric | None = None
    above: Number | None = None
    below: Number | None = None
    resolves: Number | None = None
    hold: Annotated[Duration, Field(alias="for")] = 0
    repeat_every: Repeat | None = None
    escalate_after: Annotated[Duration, Field(ge=1)] | None = None
    channels: list[str] | None = None
    escalate_to: list[str] | None = None
    superseded_by: list[str] = []
    means: Text
    first_steps: list[Text]

    @model_validator(mode="after")
    def _is_complete(self) -> RuleEntry:
        if (self.value is None) == (self.metric is None):
            raise ValueError("give either value or metric")
        if (self.above is None) == (self.below is None):
            raise ValueError("give either above or below")
        if self.severity == "INFO":
            if self.metric or self.repeat_every or self.escalate_after or self.channels:
                raise ValueError(
                    "an INFO rule is only recorded: it has a value, and neither repeatEvery nor"
                    " escalateAfter nor channels"
                )
        elif self.repeat_every is None:
            raise ValueError("repeatEvery is required: 30m to 24h")
        return self

    @model_validator(mode="after")
    def _fits_cloud_monitoring(self) -> RuleEntry:
        if self.metric is None:
            return self
        if self.resolves is not None or self.superseded_by:
            raise ValueError("resolves and supersededBy are for rules with a value")
        held = max(self.hold, SHORTEST_HOLD) + (self.escalate_after or 0)
        # A window that follows from a schedule takes what is left, a minute at least.
        if (self.metric.window or 1) + held > LONGEST_LOOKBACK:
            raise ValueError(
                "window, for and escalateAfter together look back more than the 23h30m that"
                " Cloud Monitoring allows"
            )
        return self


class Document(Section):
    """config/alerts.yaml."""

    response_times: dict[Priority, Duration]
    routes: dict[Severity, Route]
    sources: dict[SourceName, Text]
    rules: dict[RuleId, RuleEntry]
