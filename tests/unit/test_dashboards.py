"""config/dashboards/: what is refused before Cloud Monitoring sees it, and what the page shows."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from types import SimpleNamespace

import plotly.graph_objects as go
import pytest
import yaml
from googleapiclient.errors import HttpError

from bqstack.errors import UserError
from eros.cli import dashboard as command
from eros.project import dashboards, figures
from eros.project.dashboards import dashboard_rules, google_schema
from eros.project.settings import PROJECT_ROOT
from eros.watch import pauses
from eros.watch.dashboard import charts, numbers, page
from eros.watch.dashboard.cloud_figures import Monitoring, Window
from tests.unit.recorded_monitoring import END, Recorded, busy_day, client, series

SCORE = "logging.googleapis.com/user/eros/health_score"
CHART = f"""
displayName: Board
mosaicLayout:
  columns: 12
  tiles:
    - width: 6
      height: 4
      widget:
        title: Health
        xyChart:
          dataSets:
            - plotType: LINE
              timeSeriesQuery:
                timeSeriesFilter:
                  filter: metric.type="{SCORE}" resource.type="bigquery_project"
                  aggregation:
                    alignmentPeriod: 300s
                    perSeriesAligner: ALIGN_DELTA
          thresholds:
            - value: {{{{ thresholds.health_score_warning }}}}
"""


SMALL = {"board": {"displayName": "Board", "mosaicLayout": {"columns": 1, "tiles": []}}}


@pytest.fixture(scope="module")
def sources():
    return figures.load(PROJECT_ROOT)


@pytest.fixture
def load(tmp_path, settings):
    """Function that loads a project whose only dashboard has this text."""
    (tmp_path / dashboards.FOLDER).mkdir(parents=True)
    (tmp_path / figures.FILE).write_bytes((PROJECT_ROOT / figures.FILE).read_bytes())

    def loaded(text: str):
        (tmp_path / dashboards.FOLDER / "board.yaml").write_text(text, encoding="utf-8")
        return dashboards.load(settings, tmp_path)

    return loaded


@pytest.fixture
def render(settings, sources):
    """Function that renders the declared dashboards with recorded figures."""

    def rendered(recorded: Recorded, hours: float = 24, declared=None) -> str:
        monitoring = Monitoring(client(recorded), "test-project", Window.until(END, hours))
        board = page.Page(settings, "staging", monitoring, sources)
        return page.render(board, declared or dashboards.load(settings))

    return rendered


# What may be declared


def test_the_declared_dashboards_are_valid_and_hold_what_the_owner_named(settings):
    declared = dashboards.load(settings)
    assert next(iter(declared)) == "system", "the main one comes first"
    widgets = {
        widget["title"]: widget
        for dashboard in declared.values()
        for _, widget in dashboard_rules.widgets(dashboard)
    }
    limits = [
        (item["value"], item["color"])
        for item in widgets["System Health Score"]["scorecard"]["thresholds"]
    ]
    assert limits == [(90, "YELLOW"), (80, "RED")]
    assert _lines(widgets["Query Performance"]) == [1, 10]
    assert _lines(widgets["Daily Costs"]) == [10]
    assert _lines(widgets["Caption Pool Status"]) == [200]


def _lines(widget):
    return [item["value"] for item in widget["xyChart"]["thresholds"]]


def test_thresholds_come_from_the_settings(settings, load):
    tile = load(CHART)["board"]["mosaicLayout"]["tiles"][0]
    assert _lines(tile["widget"]) == [settings.thresholds.health_score_warning]


def test_what_is_declared_is_what_the_api_gives_back(settings):
    for dashboard in dashboards.load(settings).values():
        assert json.loads(json.dumps(dashboard)) == dashboard, "JSON changes nothing"
        assert google_schema.check(dashboard) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("plotType", "plottType", ["tiles.0.widget.xyChart.dataSets.0.plottType", "'plotType'"]),
        ("LINE", "LINES", ["plotType", "'LINES'", "did you mean 'LINE'"]),
        ("ALIGN_DELTA", "ALIGN_NONE", ["perSeriesAligner", "drops", "remove the key"]),
        ("300s", "5m", ["alignmentPeriod", "'5m'", "300s"]),
        ("300s", "300", ["alignmentPeriod", "put the value in quotes"]),
        ("width: 6", "width: 6.5", ["tiles.0.width", "must be an integer", "6.5"]),
        ("width: 6", "width: '6'", ["tiles.0.width", "without quotes"]),
        ("width: 6", "xPos: 0\n      width: 6", ["xPos", "drops 0", "remove the key"]),
        ("title: Health", "title: ''", ["title", "drops"]),
        ("title: Health", "id: health", ["widget.title", "required"]),
        ("title: Health", "title: Health\n        blank:", ["blank", "drops null"]),
        ("title: Health", "title: Health\n        blank: {}", ["widget", "blank, xyChart"]),
        ("columns: 12", "columns: 60", ["columns", "1 to 48", "60"]),
        ("width: 6", "width: 13", ["tiles.0.width", "last column", "13"]),
        ("width: 6", "xPos: -2\n      width: 6", ["xPos", "above 0", "-2"]),
        ("displayName: Board", "name: Board", ["name", "remove the key"]),
        ("displayName: Board", "labels: {a: b}", ["displayName", "required"]),
        ("mosaicLayout", "gridLayout", ["gridLayout.columns", "must be a string"]),
        ("health_score", "helth_score", ["filter", "helth_score", "did you mean", SCORE]),
        ("logging.googleapis.com/user/eros/", "custom.googleapis.com/", ["neither one of Google"]),
        (' resource.type="bigquery_project"', "", ["filter", "resource.type"]),
        ("- value:", "- color: RED\n              value:", ["color", "not allowed in xyChart"]),
        ("health_score_warning", "health_score_waning", ["health_score_waning", "not defined"]),
        ("columns: 12", "columns: [", ["board.yaml", "not valid YAML"]),
        (CHART, "- a list", ["board.yaml", "must be a mapping"]),
        (CHART, "", ["board.yaml"]),
    ],
)
def test_a_mistake_is_reported_with_file_key_value_and_fix(load, old, new, words):
    text = CHART.replace(old, new, 1)
    assert text != CHART
    with pytest.raises(UserError) as raised:
        load(text)
    for word in ["config/dashboards/board.yaml", *words]:
        assert word in str(raised.value)


def test_every_mistake_of_a_dashboard_is_named(load):
    text = CHART.replace("LINE", "LINES", 1).replace("width: 6", "width: 6.5", 1)
    with pytest.raises(UserError) as raised:
        load(text)
    keys = [one.key.rpartition(".")[2] for one in (raised.value, *raised.value.others)]
    assert sorted(keys) == ["plotType", "width"]
    assert str(raised.value).count("config/dashboards/board.yaml:") == 2


def test_many_mistakes_of_one_dashboard_hide_none_of_another(tmp_path, load):
    many = yaml.safe_load(CHART.replace("{{ thresholds.health_score_warning }}", "90"))
    [tile] = many["mosaicLayout"]["tiles"]
    many["mosaicLayout"]["tiles"] = [{**tile, "width": n + 0.5} for n in range(15)]
    (tmp_path / dashboards.FOLDER / "a.yaml").write_text(yaml.safe_dump(many), encoding="utf-8")
    with pytest.raises(UserError) as raised:
        load(CHART.replace("LINE", "LINES", 1))
    lines = str(raised.value).splitlines()
    assert "config/dashboards/a.yaml: 5 more mistakes: fix those above to see them" in lines
    assert any("config/dashboards/board.yaml" in line and "LINES" in line for line in lines)


def test_tiles_that_overlap_are_refused(load):
    tiles = yaml.safe_load(CHART.replace("{{ thresholds.health_score_warning }}", "90"))
    first = tiles["mosaicLayout"]["tiles"][0]
    tiles["mosaicLayout"]["tiles"].append({**first, "xPos": 5})
    with pytest.raises(UserError, match=r"tiles\.1: the tile overlaps tile 0"):
        load(yaml.safe_dump(tiles))
    tiles["mosaicLayout"]["tiles"][1]["xPos"] = 6
    assert len(load(yaml.safe_dump(tiles))["board"]["mosaicLayout"]["tiles"]) == 2


def test_an_empty_message_that_is_a_choice_is_kept():
    assert google_schema.check({"displayName": "a", "mosaicLayout": {"tiles": [{"widget": {
        "scorecard": {"blankView": {}}}}]}}) == []  # fmt: skip


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(UserError, match="the folder does not exist") as raised:
        command.dashboard(out=tmp_path / "missing" / "page.html")
    assert raised.value.fix == f"mkdir -p {tmp_path / 'missing'}"
    with pytest.raises(UserError, match="it is a folder"):
        command.dashboard(out=tmp_path)


# Reading


def test_the_query_of_a_widget_reaches_google_as_it_stands():
    recorded = Recorded({SCORE: [series([94.0, 100.0])]}, units={SCORE: "{points}"})
    monitoring = Monitoring(client(recorded), "test-project", Window.until(END, 24))
    query = {
        "timeSeriesFilter": {
            "filter": f'metric.type="{SCORE}" resource.type="bigquery_project"',
            "aggregation": {
                "alignmentPeriod": "600s",
                "perSeriesAligner": "ALIGN_DELTA",
                "crossSeriesReducer": "REDUCE_MEAN",
                "groupByFields": ["metric.label.a"],
            },
        }
    }
    [found] = monitoring.series(query)
    assert monitoring.series(query) == [found]
    assert found.latest == 100.0
    assert found.unit == "{points}"
    assert [value for _, value in found.points] == [94.0, 100.0], "the oldest comes first"
    [asked] = recorded.asked
    assert asked == {
        "path": "/v3/projects/test-project/timeSeries",
        "filter": query["timeSeriesFilter"]["filter"],
        "interval.startTime": "2026-11-20T18:30:00Z",
        "interval.endTime": "2026-11-21T18:30:00Z",
        "aggregation.alignmentPeriod": "600s",
        "aggregation.perSeriesAligner": "ALIGN_DELTA",
        "aggregation.crossSeriesReducer": "REDUCE_MEAN",
        "aggregation.groupByFields": "metric.label.a",
        "alt": "json",
    }, "each question is asked once"


def test_a_long_window_is_read_in_larger_steps():
    recorded = Recorded({SCORE: [series([94.0])]})
    monitoring = Monitoring(client(recorded), "p", Window.until(END, 30 * 24))
    monitoring.series(_question(SCORE, "600s"))
    period = float(recorded.asked[0]["aggregation.alignmentPeriod"].removesuffix("s"))
    assert period % 600 == 0
    assert 400 < 30 * 24 * 3600 / period <= 480


def _question(metric: str, period: str):
    return {
        "timeSeriesFilter": {
            "filter": f'metric.type="{metric}"',
            "aggregation": {"alignmentPeriod": period},
        }
    }


def test_pages_are_followed_and_distributions_stand_for_their_mean():
    class Paged(Recorded):
        def _answer(self, collection, query):
            if "pageToken" not in query:
                return {"timeSeries": [_distribution(3, 7.5)], "nextPageToken": "more"}
            assert query["pageToken"] == "more"
            return {"timeSeries": [_distribution(0, 0.0), series([1.0], rule="b")]}

    monitoring = Monitoring(client(Paged()), "p", Window.until(END, 1))
    found = monitoring.series({"timeSeriesFilter": {"filter": "x"}})
    assert [item.latest for item in found] == [7.5, 1.0], "an empty distribution is no figure"


def _distribution(count: int, mean: float):
    item = series([0.0])
    item["points"][0]["value"] = {"distributionValue": {"count": str(count), "mean": mean}}
    return item


def test_an_unknown_metric_is_no_data_and_a_refusal_is_an_error():
    monitoring = Monitoring(client(Recorded()), "p", Window.until(END, 1))
    query = {"timeSeriesFilter": {"filter": f'metric.type="{SCORE}"'}}
    assert monitoring.series(query) == []

    class Refusing(Recorded):
        def request(self, uri, method="GET", **more):
            response, _ = super().request(uri, method, **more)
            response["status"] = 403
            response.status = 403
            return response, b'{"error": {"code": 403, "message": "no permission"}}'

    with pytest.raises(HttpError, match="no permission"):
        Monitoring(client(Refusing()), "p", Window.until(END, 1)).series(query)


def test_a_query_that_only_google_evaluates_is_left_to_it():
    monitoring = Monitoring(client(Recorded()), "p", Window.until(END, 1))
    assert monitoring.series({"prometheusQuery": "up"}) is None


# The page


def test_plots_are_figures_that_plotly_takes(render):
    plots = _plots(render(busy_day()))
    assert len(plots) == 23
    for plot in plots.values():
        go.Figure(_coloured(plot))


def _plots(text: str):
    found = re.search(r'<script type="application/json" id="plots">(.*?)</script>', text)
    return json.loads(found[1])


def _coloured(node):
    if isinstance(node, str) and node.startswith("--"):
        return "sans-serif" if node == "--font" else "#123456"
    if isinstance(node, list):
        return [_coloured(item) for item in node]
    if isinstance(node, dict):
        return {key: _coloured(item) for key, item in node.items()}
    return node


def test_colours_are_those_of_the_style_sheet(render):
    text = render(busy_day())
    used = {colour for plot in _plots(text).values() for colour in _names(plot)}
    used |= set(re.findall(r"var\((--[a-z0-9-]+)", text[: text.index("<script")]))
    style = text[text.index("<style>") : text.index("</style>")]
    layout = {"--columns", "--x", "--y", "--w", "--h"}
    assert used - layout <= set(re.findall(r"(--[a-z0-9-]+):", style))


def _names(node):
    if isinstance(node, str):
        return [node] if node.startswith("--") else []
    items = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return [name for item in items for name in _names(item)]


def test_nothing_in_the_page_is_loaded_from_elsewhere(render):
    text = render(busy_day())
    assert not re.search(r"""(src|srcset)\s*=\s*["']?(https?:)?//""", text[: text.index("<script")])
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert text.count("<script") - text.count("</script>") == 0
    assert "<link" not in text[: text.index("<script")]


def test_head_of_the_page_tells_stack_health_and_alerts(render):
    text = render(busy_day())
    assert "<title>EROS staging: Warning, 21 Nov 2026 10:30</title>" in text
    assert 'class="score" aria-label="health score">88<' in text
    assert text.index("A07 Daily automation not run") < text.index("A10 Lock cleanup high volume")
    assert "P1, act within 1 h" in text
    assert "UTC-8" in text


def test_an_alert_of_ours_leads_to_the_runbook(settings, sources):
    anchor = "#a07-daily-automation-not-run"
    for runbook, shown in (
        ("docs/runbook.md", f"<code>docs/runbook.md{anchor}</code>"),
        ("https://example.com/book", f'<a href="https://example.com/book{anchor}"'),
    ):
        own = settings.model_copy(update={"runbook": runbook})
        monitoring = Monitoring(client(busy_day()), "p", Window.until(END, 24))
        assert shown in page.render(page.Page(own, "staging", monitoring, sources), {})


def test_a_pause_stands_above_everything_else(settings, sources):
    monitoring = Monitoring(client(busy_day()), "p", Window.until(END, 24))
    board = page.Page(settings, "staging", monitoring, sources, "all 10 paused <b>since</b> noon")
    text = page.render(board, {})
    notice = text.index('<p class="notice" role="alert">all 10 paused &lt;b&gt;since')
    assert notice < text.index('<nav aria-label="Dashboards">')
    quiet = page.render(page.Page(settings, "staging", monitoring, sources), {})
    assert 'class="notice"' not in quiet


@pytest.mark.parametrize(
    ("paused", "trouble", "fault", "said"),
    [
        (False, None, None, ""),
        (True, None, None, "Scheduled queries: all 2 paused"),
        (False, "stopped", None, "Clock: stopped"),
        (True, "stopped", None, "Scheduled queries: all 2 paused. Clock: stopped"),
        (False, None, ConnectionError("gone"), "Whether scheduled queries run is not known: gone"),
    ],
)
def test_the_command_says_why_figures_may_stand_still(monkeypatch, paused, trouble, fault, said):
    found = SimpleNamespace(paused=paused, words=lambda now: "all 2 paused")

    def read(google, timeout):
        if fault:
            raise fault
        return found

    monkeypatch.setattr(pauses, "read", read)
    monkeypatch.setattr(pauses, "clock_trouble", lambda google: trouble)
    monkeypatch.setattr(command, "present", lambda settings: END)
    assert command.notice_of(SimpleNamespace(settings=None, is_local=True)) == said


def test_an_alert_of_somebody_else_is_listed_without_a_runbook(render):
    recorded = busy_day()
    recorded.alerts = [{"policy": {"displayName": "Disk full", "severity": "ERROR"}}]
    text = render(recorded, declared=SMALL)
    assert "Disk full" in text
    assert "runbook" not in text[: text.index("<script")]


@pytest.mark.parametrize(
    ("status", "age", "words"),
    [
        (0.0, 0, "Healthy"),
        (2.0, 0, "Critical"),
        (0.0, 2, "Last health check 20 min ago"),
    ],
)
def test_an_old_health_check_says_nothing_of_now(render, status, age, words):
    recorded = busy_day()
    for name, value in (("health_score", 97.0), ("health_status", status)):
        item = series([value])
        for point in item["points"]:
            end = END - timedelta(minutes=10 * age)
            point["interval"]["endTime"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
        recorded.series[f"logging.googleapis.com/user/eros/{name}"] = [item]
    assert words in render(recorded)


def test_an_empty_stack_says_where_figures_come_from(render):
    text = render(Recorded())
    assert "No health check in this period" in text
    assert "The schedule record_health_check publishes it." in text
    assert "No open alerts." in text
    assert _plots(text) == {}


def test_what_comes_from_data_is_escaped(render):
    recorded = busy_day()
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    recorded.alerts[0]["policy"]["displayName"] = evil
    rule = recorded.series["logging.googleapis.com/user/eros/alert_firing"][0]
    rule["metric"]["labels"]["rule"] = evil
    text = render(recorded)
    assert "<script>alert" not in text
    assert "<img src" not in text[: text.index("<script")]
    assert any(
        trace["name"].startswith("&lt;/script")
        for plot in _plots(text).values()
        for trace in plot["data"]
    ), "plotly.js reads tags in names"


def test_many_series_become_one_that_is_called_others():
    recorded = busy_day()
    monitoring = Monitoring(client(recorded), "p", Window.until(END, 24))
    cost = "logging.googleapis.com/user/eros/component_cost_today_usd"
    found = monitoring.series(_question(cost, "3600s"))
    assert len(found) == 11
    drawn, left_out = charts.traces([({"plotType": "STACKED_BAR"}, found)])
    assert [trace.name for trace in drawn][-1] == "4 others"
    assert left_out == 0
    total = sum(item.latest for item in found)
    assert sum(trace.series.latest for trace in drawn) == pytest.approx(total)
    assert len({trace.colour for trace in drawn}) == len(drawn) == 8
    drawn, left_out = charts.traces([({"plotType": "LINE"}, found)])
    assert (len(drawn), left_out) == (7, 4)


def test_a_line_is_interrupted_where_figures_are_missing():
    item = series([1.0, 2.0, 3.0, 4.0])
    item["points"][-1]["interval"]["endTime"] = "2026-11-21T10:00:00Z"
    plot = _plot(item)
    assert plot["data"][0]["y"] == [1.0, None, 2.0, 3.0, 4.0]
    assert plot["data"][0]["x"][0] == "2026-11-21T02:00:00", "eight hours behind UTC"


def test_a_figure_that_comes_seldom_is_still_a_line():
    assert _plot(series([1.0, 2.0, 3.0, 4.0], minutes=60))["data"][0]["y"] == [1.0, 2.0, 3.0, 4.0]


def test_a_single_figure_is_a_point():
    assert _plot(series([1.0]))["data"][0]["mode"] == "lines+markers"


def _plot(item):
    monitoring = Monitoring(client(Recorded({SCORE: [item]})), "p", Window.until(END, 24))
    drawn, _ = charts.traces([({}, monitoring.series(_question(SCORE, "600s")))])
    return charts.chart({}, drawn, charts.Clock(monitoring.window, timedelta(hours=-8)))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.4234, "s", "0.423 s"),
        (247.5, "s", "248 s"),
        (9.83, "h", "9.83 h"),
        (1234567, "{captions}", "1,234,567"),
        (0, "{captions}", "0"),
        (3.10, "%", "3.1%"),
        (-3.28, "%", "-3.28%"),
        (10, "{USD}", "$10.00"),
        (0.0042, "{USD}", "$0.0042"),
        (-1.5, "{USD}", "-$1.50"),
        (1.5 * 2**30, "By", "1.5 GiB"),
        (5, "1", "5"),
    ],
)
def test_numbers_carry_their_unit(value, unit, text):
    assert numbers.shown(value, unit) == text


def test_offsets_have_names():
    assert numbers.offset_name(timedelta()) == "UTC"
    assert numbers.offset_name(timedelta(hours=-8)) == "UTC-8"
    assert numbers.offset_name(timedelta(hours=5, minutes=30)) == "UTC+5:30"
