"""The declared dashboards with a stack's figures, as one HTML page that needs no network."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2

from eros.project.alerts import alert_policy
from eros.project.figures import NAME_PREFIX, TYPE_PREFIX, Source
from eros.project.project import Project
from eros.project.settings import Settings
from eros.watch.dashboard import charts, numbers
from eros.watch.dashboard.cloud_figures import Incident, Monitoring, Series

_ASSETS = Path(__file__).parent / "assets"
_STATES = ("Healthy", "Warning", "Critical")
# A check runs every five minutes; two may be missed before its word is old.
_STALE = timedelta(minutes=15)
_KINDS = ("scorecard", "xyChart", "incidentList", "text")
_FIGURE = {
    "aggregation": {
        "alignmentPeriod": "600s",
        "perSeriesAligner": "ALIGN_DELTA",
        "crossSeriesReducer": "REDUCE_MEAN",
    }
}


@dataclass(frozen=True)
class Health:
    """Head of the page."""

    score: str
    state: str
    """healthy, warning, critical or unknown."""
    text: str


@dataclass(frozen=True)
class Alert:
    """An open alert; priority and runbook of its rule, empty where the rule is not ours."""

    incident: Incident
    priority: str
    runbook: str

    @property
    def is_link(self) -> bool:
        """Whether the runbook has an address; a local stack has the path of its file."""
        return self.runbook.startswith(("https://", "http://"))


@dataclass
class Widget:
    """One tile: where it stands, and what of it there is to show."""

    id: str
    title: str
    kind: str
    place: tuple[int, int, int, int]
    """Column and row counted from 1, and how many of each it spans."""
    axis: str = ""
    empty: str = ""
    value: str = ""
    state: str = ""
    limits: str = ""
    summary: str = ""
    note: str = ""
    text: str = ""
    legend: list[charts.Trace] = field(default_factory=list)
    plot: dict[str, Any] | None = None


@dataclass(frozen=True)
class Section:
    """One dashboard."""

    id: str
    title: str
    columns: int
    widgets: list[Widget]


@dataclass
class Page:
    """All that the template shows."""

    settings: Settings
    stack: str
    monitoring: Monitoring
    sources: dict[str, Source]
    notice: str = ""
    """What stands above everything else, such as schedules that are paused."""

    @cached_property
    def offset(self) -> timedelta:
        """Of the stack's time zone at the end of the window."""
        moment = self.monitoring.window.end.astimezone(ZoneInfo(self.settings.time_zone))
        return moment.utcoffset() or timedelta()

    @cached_property
    def clock(self) -> charts.Clock:
        """How times are written on this page."""
        return charts.Clock(self.monitoring.window, self.offset)

    def health(self) -> Health:
        """What the newest health check said."""
        score, status = self._figure("health_score"), self._figure("health_status")
        if score is None or status is None:
            return Health("-", "unknown", "No health check in this period")
        moment = score.points[-1][0]
        age = numbers.ago(moment, self.monitoring.window.end)
        if self.monitoring.window.end - moment > _STALE:
            return Health(f"{score.latest:.0f}", "unknown", f"Last health check {age}")
        state = _STATES[max(0, min(2, round(status.latest)))]
        return Health(f"{score.latest:.0f}", state.lower(), state)

    def alerts(self) -> list[Alert]:
        """What is open, the worst first; nothing of other sandboxes."""
        rules = {rule.label: rule for rule in Project(self.settings).alerts.rules}
        return [
            Alert(
                incident,
                f"{rule.priority}, act within {alert_policy.duration(rule.respond_within)}"
                if rule
                else "",
                alert_policy.runbook_link(self.settings.runbook, rule) if rule else "",
            )
            for incident in self.monitoring.incidents
            if incident.sandbox == self.settings.sandbox
            for rule in [rules.get(incident.labels.get("rule", ""))]
        ]

    def sections(self, dashboards: dict[str, dict[str, Any]]) -> list[Section]:
        """The dashboards with their figures."""
        return [
            Section(
                id=key,
                title=dashboard["displayName"].removeprefix("EROS: "),
                columns=dashboard["mosaicLayout"]["columns"],
                widgets=[
                    self._widget(f"{key}-{place}", tile)
                    for place, tile in enumerate(dashboard["mosaicLayout"]["tiles"])
                ],
            )
            for key, dashboard in dashboards.items()
        ]

    def _figure(self, name: str) -> Series | None:
        own = TYPE_PREFIX + self.settings.names.metric(NAME_PREFIX + name)
        text = f'metric.type="{own}" resource.type="bigquery_project"'
        found = self.monitoring.series({"timeSeriesFilter": {"filter": text, **_FIGURE}})
        return found[0] if found else None

    def _widget(self, key: str, tile: dict[str, Any]) -> Widget:
        declared = tile["widget"]
        kind = next((name for name in _KINDS if name in declared), "other")
        place = (tile.get("xPos", 0) + 1, tile.get("yPos", 0) + 1, tile["width"], tile["height"])
        widget = Widget(key, declared["title"], kind, place)
        if kind == "scorecard":
            self._scorecard(widget, declared[kind])
        elif kind == "xyChart":
            self._chart(widget, declared[kind])
        elif kind == "text":
            widget.text = declared[kind].get("content", "")
        elif kind == "other":
            widget.empty = "Cloud Monitoring shows this widget; this page does not."
        return widget

    def _scorecard(self, widget: Widget, card: dict[str, Any]) -> None:
        found = self.monitoring.series(card["timeSeriesQuery"])
        if not found:
            widget.empty = self._why_empty([card], found is None)
            return
        series = found[0]
        widget.value = numbers.shown(series.latest, series.unit)
        widget.state = _state(series.latest, card.get("thresholds", []))
        widget.limits = ", ".join(_limit(item, series.unit) for item in card.get("thresholds", []))
        widget.summary = f"{widget.title}: {widget.value}, {widget.state}"
        if "sparkChartView" in card:
            colour = {"warning": "--warn", "critical": "--bad"}.get(widget.state, "--series-1")
            widget.plot = charts.spark(series, colour, self.clock)

    def _chart(self, widget: Widget, declared: dict[str, Any]) -> None:
        read = [
            (data_set, self.monitoring.series(data_set["timeSeriesQuery"]))
            for data_set in declared["dataSets"]
        ]
        found = [(data_set, series) for data_set, series in read if series]
        widget.axis = declared.get("yAxis", {}).get("label", "")
        if not found:
            unread = all(series is None for _, series in read)
            widget.empty = self._why_empty(declared["dataSets"], unread)
            return
        widget.legend, left_out = charts.traces(found)
        widget.plot = charts.chart(declared, widget.legend, self.clock)
        newest = "; ".join(f"{trace.name} {trace.latest}" for trace in widget.legend)
        unit = widget.legend[0].series.unit
        lines = "; ".join(
            f"line {item.get('label', 'limit')} at {numbers.shown(item['value'], unit)}"
            for item in declared.get("thresholds", [])
        )
        widget.summary = "; ".join(part for part in (widget.title, newest, lines) if part)
        widget.note = f"{left_out} smaller series are not drawn" if left_out else ""

    def _why_empty(self, data_sets: list[dict[str, Any]], unread: bool) -> str:
        """Why there is no figure, and what would bring one."""
        if unread:
            return "Cloud Monitoring evaluates this query; this page does not."
        text = str(data_sets)
        prefix = self.settings.names.metric(NAME_PREFIX)
        for source in self.sources.values():
            if any(f'{prefix}{name}"' in text for name in source.figures):
                return (
                    f"No figures in this period. The schedule {source.published_by} publishes it."
                )
        return "No figures in this period."


def render(page: Page, dashboards: dict[str, dict[str, Any]]) -> str:
    """The page; nothing in it is loaded from elsewhere."""
    # Reading the library's 5 MB takes longer than importing it.
    from plotly.offline import get_plotlyjs

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_ASSETS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["time"] = lambda moment, form: _time(page, moment, form)
    environment.filters["ago"] = lambda moment: numbers.ago(moment, page.monitoring.window.end)
    sections = page.sections(dashboards)
    scripts = {"plotly": get_plotlyjs(), "script": (_ASSETS / "page.js").read_text("utf-8")}
    plots = {
        widget.id: widget.plot for section in sections for widget in section.widgets if widget.plot
    }
    return environment.get_template("page.html.j2").render(
        stack=page.stack,
        settings=page.settings,
        window=page.monitoring.window,
        zone=numbers.offset_name(page.offset),
        health=page.health(),
        notice=page.notice,
        alerts=page.alerts(),
        sections=sections,
        plots=plots,
        style=(_ASSETS / "page.css").read_text("utf-8"),
        scripts=scripts,
        hashes=[_hash(text) for text in scripts.values()],
    )


def _time(page: Page, moment: datetime, form: str) -> str:
    return numbers.at_offset(moment, page.offset).strftime(form)


def _hash(script: str) -> str:
    """The script in a Content-Security-Policy: no other runs."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _state(value: float, thresholds: list[dict[str, Any]]) -> str:
    """ok, warning or critical, as Cloud Monitoring colours a scorecard."""
    crossed = {
        item.get("color", "YELLOW")
        for item in thresholds
        if (value <= item["value"] if item.get("direction") == "BELOW" else value >= item["value"])
    }
    return "critical" if "RED" in crossed else "warning" if "YELLOW" in crossed else "ok"


def _limit(threshold: dict[str, Any], unit: str) -> str:
    sign = "≤" if threshold.get("direction") == "BELOW" else "≥"
    return f"{threshold.get('label', 'limit')} {sign} {numbers.shown(threshold['value'], unit)}"
