"""Widgets of a dashboard as plots of plotly.js.

A colour is the name of a custom property of the page's style sheet (`--series-1`); the page
puts in the values of the theme that is on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from itertools import pairwise
from statistics import median
from typing import Any

from eros.watch.dashboard import numbers
from eros.watch.dashboard.cloud_figures import Series, Window

_COLOURS = 8
# States of a run have colours that everybody expects.
_MEANING = {"SUCCEEDED": "--good", "FAILED": "--bad", "CANCELLED": "--muted"}
# A line is interrupted where a figure comes so many times later than they usually do.
_GAP = 3.5
_FEW = 3
# Seconds up to which the time axis names hours.
_SHORT = 3 * 24 * 3600


@dataclass(frozen=True)
class Trace:
    """One series of a chart: its name and colour, the way it is drawn, its points."""

    name: str
    colour: str
    plot_type: str
    series: Series

    @property
    def latest(self) -> str:
        """The newest value with its unit."""
        return numbers.shown(self.series.latest, self.series.unit)


@dataclass(frozen=True)
class Clock:
    """How times are written: one offset from UTC for the whole page."""

    window: Window
    offset: timedelta

    def shown(self, moment: datetime) -> str:
        """`moment` as plotly.js reads it."""
        return numbers.at_offset(moment, self.offset).isoformat(timespec="seconds")


def traces(found: list[tuple[dict[str, Any], list[Series]]]) -> tuple[list[Trace], int]:
    """What to draw of the data sets of a chart, and how many series are left out.

    Beyond what colours can tell apart, stacked series become one that is called "others"; of
    lines the smaller are left out.
    """
    named = [
        (_name(data_set, series), data_set.get("plotType", "LINE"), series)
        for data_set, all_series in found
        for series in all_series
    ]
    left_out = 0
    if len(named) > _COLOURS:
        named.sort(key=lambda item: max(value for _, value in item[2].points), reverse=True)
        rest = named[_COLOURS - 1 :]
        named = named[: _COLOURS - 1]
        if rest[0][1] == "LINE":
            left_out = len(rest)
        else:
            named.append((f"{len(rest)} others", rest[0][1], _sum([item[2] for item in rest])))
    return [
        Trace(name, _MEANING.get(name, f"--series-{place % _COLOURS + 1}"), plot_type, series)
        for place, (name, plot_type, series) in enumerate(named)
    ], left_out


def chart(widget: dict[str, Any], drawn: list[Trace], clock: Clock) -> dict[str, Any]:
    """Data and layout of an xyChart."""
    thresholds = widget.get("thresholds", [])
    unit = drawn[0].series.unit
    layout = _layout(clock)
    layout["yaxis"] |= _scale(drawn, thresholds, unit, widget.get("yAxis", {}))
    layout["shapes"] = [_line(threshold) for threshold in thresholds]
    layout["annotations"] = [_label(threshold, unit) for threshold in thresholds]
    if any(trace.plot_type == "STACKED_BAR" for trace in drawn):
        layout |= {"barmode": "stack", "bargap": 0.15}
    return {"data": [_trace(trace, clock) for trace in drawn], "layout": layout}


def spark(series: Series, colour: str, clock: Clock) -> dict[str, Any]:
    """Data and layout of the small chart of a scorecard: no axes, no hover."""
    layout = _layout(clock) | {"margin": {"l": 0, "r": 0, "t": 2, "b": 2}, "hovermode": False}
    layout["xaxis"] |= {"visible": False}
    low, high = _bounds([value for _, value in series.points])
    layout["yaxis"] |= {"visible": False, "range": [low, high]}
    trace = _trace(Trace("", colour, "LINE", series), clock) | {"hoverinfo": "skip"}
    return {"data": [trace], "layout": layout}


def _name(data_set: dict[str, Any], series: Series) -> str:
    template = data_set.get("legendTemplate", "")
    return template or " ".join(series.labels) or "value"


def _sum(many: list[Series]) -> Series:
    totals: dict[datetime, float] = {}
    for series in many:
        for moment, value in series.points:
            totals[moment] = totals.get(moment, 0.0) + value
    return Series((), many[0].unit, many[0].period, tuple(sorted(totals.items())))


def _trace(trace: Trace, clock: Clock) -> dict[str, Any]:
    series = trace.series
    # plotly.js reads tags in texts.
    name = escape(trace.name)
    common = {"name": name, "hovertemplate": "%{fullData.name}: %{y}<extra></extra>"}
    if trace.plot_type == "STACKED_BAR":
        middle = timedelta(seconds=series.period / 2)
        return common | {
            "type": "bar",
            "x": [clock.shown(moment - middle) for moment, _ in series.points],
            "y": [value for _, value in series.points],
            "width": series.period * 1000 * 0.85,
            "marker": {"color": trace.colour},
        }
    times, values = _with_gaps(series, clock)
    line = common | {
        "type": "scatter",
        "mode": "lines+markers" if len(series.points) < _FEW else "lines",
        "x": times,
        "y": values,
        "line": {"color": trace.colour, "width": 2},
        "marker": {"color": trace.colour, "size": 6},
        "cliponaxis": False,
    }
    if trace.plot_type == "STACKED_AREA":
        line["stackgroup"] = "one"
    return line


def _with_gaps(series: Series, clock: Clock) -> tuple[list[str], list[float | None]]:
    times: list[str] = []
    values: list[float | None] = []
    moments = [moment for moment, _ in series.points]
    usual = median((b - a).total_seconds() for a, b in pairwise(moments)) if moments[1:] else 0
    last: datetime | None = None
    for moment, value in series.points:
        if last is not None and (moment - last).total_seconds() > _GAP * usual:
            times.append(clock.shown(last + timedelta(seconds=series.period)))
            values.append(None)
        times.append(clock.shown(moment))
        values.append(value)
        last = moment
    return times, values


def _layout(clock: Clock) -> dict[str, Any]:
    axis = {
        "fixedrange": True,
        "zeroline": False,
        "gridcolor": "--grid",
        "linecolor": "--grid",
        "tickfont": {"color": "--muted", "size": 11},
        "automargin": True,
    }
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "--font", "color": "--text", "size": 12},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "showlegend": False,
        "dragmode": False,
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": "--card",
            "bordercolor": "--border",
            "font": {"color": "--text", "size": 12},
        },
        "xaxis": axis
        | {
            "type": "date",
            "range": [clock.shown(clock.window.start), clock.shown(clock.window.end)],
            "showgrid": False,
            "nticks": 6,
            "tickformat": "%H:%M\n%d %b" if clock.window.seconds <= _SHORT else "%d %b",
            "hoverformat": "%a %d %b, %H:%M",
            "spikecolor": "--muted",
            "spikethickness": 1,
        },
        "yaxis": axis | {"nticks": 5, "hoverformat": ",.4~r"},
    }


def _scale(
    drawn: list[Trace], thresholds: list[dict[str, Any]], unit: str, axis: dict[str, Any]
) -> dict[str, Any]:
    if axis.get("scale") == "LOG10":
        return {"type": "log"} | _ticks(unit)
    stacked = [trace.series for trace in drawn if trace.plot_type.startswith("STACKED")]
    tops = [value for series in [_sum(stacked)] for _, value in series.points] if stacked else []
    values = [value for trace in drawn for _, value in trace.series.points]
    low, high = _bounds([0.0, *tops, *values, *(float(item["value"]) for item in thresholds)])
    return {"range": [low, high]} | _ticks(unit)


def _bounds(values: list[float]) -> tuple[float, float]:
    """Range that holds the values with some air, never empty."""
    low, high = min(values), max(values)
    air = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return (low - air if low < 0 or low == high else low), high + air


def _ticks(unit: str) -> dict[str, Any]:
    if unit == "{USD}":
        return {"tickprefix": "$", "tickformat": ",~r"}
    if unit == "By":
        return {"tickformat": "~s", "ticksuffix": "B"}
    suffix = "%" if unit == "%" else f" {unit}" if unit.isalpha() else ""
    return {"tickformat": ",~r", "ticksuffix": suffix}


def _line(threshold: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": threshold["value"],
        "y1": threshold["value"],
        "line": {"color": _severity(threshold), "width": 1.5, "dash": "dash"},
    }


def _label(threshold: dict[str, Any], unit: str) -> dict[str, Any]:
    limit = numbers.shown(threshold["value"], unit)
    return {
        "text": escape(f"{threshold.get('label', 'limit')} {limit}"),
        "xref": "paper",
        "x": 1,
        "xanchor": "right",
        "y": threshold["value"],
        "yanchor": "bottom",
        "showarrow": False,
        "bgcolor": "--card",
        "borderpad": 1,
        "yshift": 2,
        "font": {"color": _severity(threshold), "size": 11},
    }


def _severity(threshold: dict[str, Any]) -> str:
    return "--bad" if "critical" in threshold.get("label", "") else "--warn"
