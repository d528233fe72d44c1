"""Reading time series: filters, aligners, reducers, and log-based metrics as their source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from localgcp.apis.api_errors import ApiError
from localgcp.apis.monitoring import filters
from localgcp.apis.monitoring.distribution import Distribution, bounds_of
from localgcp.apis.monitoring.log_metrics import extractor
from localgcp.apis.monitoring.samples import Stream
from packages.localgcp.tests.rest_support import PROJECT, Server, server_fixture

__all__ = ["server_fixture"]

MONITORING = f"/monitoring/v3/projects/{PROJECT}"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TYPE = "logging.googleapis.com/user/eros/figure"
STREAM = Stream(1, TYPE, {"rule": "A01"}, "bigquery_project", {"project_id": PROJECT})


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "matches"),
    [
        (f'metric.type="{TYPE}"', True),
        (f'metric.type = "{TYPE}" AND resource.type="bigquery_project"', True),
        (f'metric.type="{TYPE}" resource.type="global"', False),
        (f'metric.type="{TYPE}" metric.labels.rule="A01"', True),
        (f'metric.type="{TYPE}" metric.label.rule != "A01"', False),
        (f'metric.type="{TYPE}" AND NOT metric.labels."rule"="A02"', True),
        (f'metric.type="{TYPE}" -metric.labels.rule="A01"', False),
        (f'metric.type="{TYPE}" AND (metric.labels.rule="x" OR metric.labels.rule="A01")', True),
        (f'metric.type="{TYPE}" metric.labels.rule=starts_with("A0")', True),
        (f'metric.type="{TYPE}" metric.labels.rule=ends_with("2")', False),
        (f'metric.type="{TYPE}" metric.labels.rule=has_substring("0")', True),
        (f'metric.type="{TYPE}" metric.labels.rule:"A0"', True),
        (f'metric.type="{TYPE}" metric.labels.rule=one_of("A01","A02")', True),
        (f'metric.type="{TYPE}" metric.labels.rule=monitoring.regex.full_match("A.")', False),
        (f'metric.type="{TYPE}" metric.labels.missing=""', True),
        (f'project="{PROJECT}" AND metric.type="{TYPE}"', True),
    ],
)
def test_filters_choose_series_as_google_does(text: str, matches: bool) -> None:
    assert filters.parse(text).matches(STREAM) is matches


@pytest.mark.unit
@pytest.mark.parametrize(
    "text",
    [
        "",
        'resource.type="global"',
        f'metric.type="{TYPE}" AND',
        f'metric.type="{TYPE}" AND group.id="1"',
        f'metric.type="{TYPE}" AND metric.labels.rule > "1"',
        f'metric.type="{TYPE}" AND metric.labels.rule=soundex("x")',
        f'metric.type="{TYPE}" AND metric.labels.rule="a" OR metric.labels.rule="b"',
        f'(metric.type="{TYPE}"',
        f'metric.type="{TYPE}" ???',
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as error:
        filters.parse(text)
    assert error.value.http_status == 400


@pytest.mark.unit
def test_a_distribution_keeps_its_mean_and_estimates_percentiles() -> None:
    bounds = bounds_of({"linearBuckets": {"numFiniteBuckets": 10, "width": 10, "offset": 0}})
    values = [float(value) for value in range(1, 100)]
    whole = Distribution.of(values, bounds)
    assert (whole.count, whole.mean) == (99, 50)
    assert whole.percentile(0.95) == pytest.approx(95, abs=1)
    merged = Distribution.merged(
        [Distribution.of(values[:30], bounds), Distribution.of(values[30:], bounds)]
    )
    assert merged.counts == whole.counts
    assert merged.deviation == pytest.approx(whole.deviation)
    assert Distribution.of([-5.0], bounds).percentile(0.5) == 0, "the open bucket: its bound"
    assert Distribution.of([500.0], bounds).percentile(0.5) == 100


@pytest.mark.unit
@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("EXTRACT(protoPayload.labels.rule)", "A01"),
        ('EXTRACT(protoPayload."@type")', "audit"),
        ("EXTRACT(protoPayload.missing)", None),
        ('REGEXP_EXTRACT(textPayload, "took (\\\\d+) ms")', "17"),
        ('REGEXP_EXTRACT(textPayload, "nothing (.)")', None),
    ],
)
def test_extractors_read_fields_and_patterns(source: str, found: str | None) -> None:
    entry = {
        "protoPayload": {"@type": "audit", "labels": {"rule": "A01"}},
        "textPayload": "it took 17 ms",
    }
    assert extractor(source).read(entry) == found


@pytest.mark.unit
@pytest.mark.parametrize(
    "source", ["", "EXTRACT()", "FOO(x)", 'REGEXP_EXTRACT(a, "no group")', 'REGEXP_EXTRACT(a, "(")']
)
def test_what_is_no_extractor_is_refused(source: str) -> None:
    with pytest.raises(ApiError):
        extractor(source)


def log_metric(server: Server, name: str = "eros/figure", **changes: Any) -> None:
    server.ok(
        "POST",
        f"/logging/v2/projects/{PROJECT}/metrics",
        {"name": name, "filter": 'jsonPayload.kind="figure"', **changes},
    )


DISTRIBUTION = {
    "metricDescriptor": {
        "metricKind": "DELTA",
        "valueType": "DISTRIBUTION",
        "unit": "s",
        "labels": [{"key": "page"}],
    },
    "valueExtractor": "EXTRACT(jsonPayload.value)",
    "labelExtractors": {"page": "EXTRACT(jsonPayload.page)"},
}


def write(server: Server, *payloads: dict[str, Any], at: datetime = NOON) -> None:
    """Entries that are received at a moment."""
    server.clock.move_to(at)
    server.ok(
        "POST",
        "/logging/v2/entries:write",
        {
            "logName": f"projects/{PROJECT}/logs/figures",
            "resource": {"type": "global", "labels": {"project_id": PROJECT}},
            "entries": [{"jsonPayload": {"kind": "figure", **payload}} for payload in payloads],
        },
    )


def read(server: Server, **question: Any) -> list[dict[str, Any]]:
    """Series of the test's metric until five past noon, aggregated as asked."""
    question = {
        "filter": f'metric.type="{TYPE}"',
        "interval.startTime": (NOON - timedelta(minutes=5)).isoformat(),
        "interval.endTime": (NOON + timedelta(minutes=5)).isoformat(),
        **{key.replace("__", "."): value for key, value in question.items()},
    }
    query = urlencode(question, doseq=True)
    return server.ok("GET", f"{MONITORING}/timeSeries?{query}").get("timeSeries", [])


def values(series: dict[str, Any]) -> list[float]:
    return [float(next(iter(point["value"].values()))) for point in series["points"]]


def test_a_counter_counts_entries_from_its_creation_on(server: Server) -> None:
    write(server, {"value": 1})
    log_metric(server)
    write(server, {"value": 1}, {"value": 2}, {"kind": "other"}, at=NOON + timedelta(seconds=20))
    write(server, {"value": 3}, at=NOON + timedelta(seconds=70))
    [series] = read(server)
    assert series["metric"]["type"] == TYPE
    assert (series["metricKind"], series["valueType"]) == ("DELTA", "INT64")
    assert series["resource"]["type"] == "global"
    assert values(series) == [1, 2], "newest first, one point a minute"
    assert series["points"][1]["interval"] == {
        "startTime": "2026-03-01T12:00:00Z",
        "endTime": "2026-03-01T12:01:00Z",
    }
    [total] = read(
        server, aggregation__perSeriesAligner="ALIGN_SUM", aggregation__alignmentPeriod="600s"
    )
    assert values(total) == [3]
    [rate] = read(
        server, aggregation__perSeriesAligner="ALIGN_RATE", aggregation__alignmentPeriod="300s"
    )
    assert values(rate) == [pytest.approx(3 / 300)], "periods without data have no point"
    assert rate["unit"] == "1/s"
    server.ok("DELETE", f"/logging/v2/projects/{PROJECT}/metrics/eros%2Ffigure")
    log_metric(server)
    assert read(server) == [], "a new metric of the same name begins empty"


def test_a_distribution_takes_numbers_and_labels_from_entries(server: Server) -> None:
    log_metric(server, **DISTRIBUTION)
    write(
        server,
        {"value": 4, "page": "a"},
        {"value": "8.5", "page": "a"},
        {"value": 100, "page": "b"},
        {"value": "none", "page": "b"},
        {"page": "b"},
    )
    first, second = read(server)
    assert (first["metric"]["labels"], second["metric"]["labels"]) == ({"page": "a"}, {"page": "b"})
    whole = first["points"][0]["value"]["distributionValue"]
    assert (whole["count"], whole["mean"]) == ("2", 6.25)
    assert sum(int(count) for count in whole["bucketCounts"]) == 2
    period = {"aggregation__alignmentPeriod": "600s"}
    mean = read(server, aggregation__perSeriesAligner="ALIGN_MEAN", **period)
    assert [values(one) for one in mean] == [[6.25], [100]]
    [highest] = read(
        server,
        aggregation__perSeriesAligner="ALIGN_MEAN",
        aggregation__crossSeriesReducer="REDUCE_MAX",
        **period,
    )
    assert values(highest) == [100]
    assert highest["metric"]["labels"] == {}
    by_page = read(
        server,
        aggregation__perSeriesAligner="ALIGN_DELTA",
        aggregation__crossSeriesReducer="REDUCE_PERCENTILE_50",
        aggregation__groupByFields="metric.labels.page",
        **period,
    )
    assert [one["metric"]["labels"] for one in by_page] == [{"page": "a"}, {"page": "b"}]
    [summed] = read(
        server,
        aggregation__perSeriesAligner="ALIGN_DELTA",
        aggregation__crossSeriesReducer="REDUCE_SUM",
        secondaryAggregation__perSeriesAligner="ALIGN_MEAN",
        secondaryAggregation__alignmentPeriod="600s",
        **period,
    )
    assert values(summed) == [37.5]
    assert read(server, filter=f'metric.type="{TYPE}" metric.labels.page="c"') == []
    [headers, _] = read(server, view="HEADERS")
    assert "points" not in headers


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"filter": ""}, "Could not parse"),
        ({"filter": 'resource.type="global"'}, "metric type"),
        ({"filter": 'metric.type="x.com/y"'}, "Cannot find metric"),
        ({"aggregation__perSeriesAligner": "ALIGN_SUM"}, "alignmentPeriod"),
        (
            {
                "aggregation__perSeriesAligner": "ALIGN_PERCENTILE_95",
                "aggregation__alignmentPeriod": "60s",
            },
            "cannot be applied",
        ),
        (
            {
                "aggregation__perSeriesAligner": "ALIGN_NEXT_OLDER",
                "aggregation__alignmentPeriod": "60s",
            },
            "cannot be applied",
        ),
        (
            {
                "aggregation__perSeriesAligner": "ALIGN_FRACTION_TRUE",
                "aggregation__alignmentPeriod": "60s",
            },
            "does not know",
        ),
        ({"aggregation__crossSeriesReducer": "REDUCE_SUM"}, "perSeriesAligner"),
        ({"aggregation__perSeriesAligner": "ALIGN_MODE"}, "ALIGN_MODE"),
        ({"aggregation__groupByFields": "metric.labels.x"}, "crossSeriesReducer"),
        (
            {
                "aggregation__perSeriesAligner": "ALIGN_SUM",
                "aggregation__alignmentPeriod": "60s",
                "aggregation__crossSeriesReducer": "REDUCE_SUM",
                "aggregation__groupByFields": "nonsense",
            },
            "nonsense",
        ),
        ({"interval.startTime": "2030-01-01T00:00:00Z"}, "start time"),
        ({"interval.endTime": "yesterday"}, "interval.end_time"),
    ],
)
def test_a_question_that_google_refuses_is_refused(
    server: Server, question: dict[str, Any], words: str
) -> None:
    log_metric(server)
    base = {
        "filter": f'metric.type="{TYPE}"',
        "interval.startTime": "2026-03-01T00:00:00Z",
        "interval.endTime": "2026-03-02T00:00:00Z",
    }
    asked = {**base, **{key.replace("__", "."): value for key, value in question.items()}}
    code, error = server.error("GET", f"{MONITORING}/timeSeries?{urlencode(asked)}")
    assert code in (400, 404)
    assert words in str(error)


def test_built_in_metrics_have_descriptors(server: Server) -> None:
    metric = "bigquery.googleapis.com/query/execution_times"
    found = server.ok("GET", f"{MONITORING}/metricDescriptors/{metric}")
    assert (found["metricKind"], found["valueType"], found["unit"]) == (
        "GAUGE",
        "DISTRIBUTION",
        "s",
    )
    assert read(server, filter=f'metric.type="{metric}"') == []
