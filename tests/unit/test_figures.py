"""config/metrics.yaml, its way into SQL, and the log-based metrics that read it out again."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pulumi_gcp as gcp
import pytest

from bqstack.errors import UserError
from components.metrics import Metrics
from eros.project import figures
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file
from tests.unit.fake_engine import record

LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
# A job takes so many labels, three of which every job has.
LABELS_OF_A_JOB = 64

FIGURE = """
sources:
  latest_health:
    publishedBy: record_health_check
    figures:
      depth: {title: Depth, unit: "{requests}", description: How deep}
"""


@pytest.fixture(scope="module")
def sources():
    return figures.load(PROJECT_ROOT)


@pytest.fixture(scope="module")
def procedure() -> str:
    known = Project(load_stack_file("local"), PROJECT_ROOT).sql.objects
    return known["publish_figures"].sql + known["publish_health_figures"].sql


def load(root, text: str):
    (root / "config").mkdir(exist_ok=True)
    (root / figures.FILE).write_text(text, encoding="utf-8")
    figures.load.cache_clear()
    return figures.load(root)


@pytest.fixture(autouse=True)
def _forget():
    yield
    figures.load.cache_clear()


def test_every_figure_is_published_under_a_label_that_bigquery_takes(sources, procedure):
    names = [name for source in sources.values() for name in source.figures]
    assert len(names) > 25
    for name in names:
        assert procedure.count(f"'metric_{name}:'") == 1, f"{name} is published once"
        assert LABEL_KEY.fullmatch(f"metric_{name}")


def test_every_source_is_read_and_is_published_by_a_scheduled_procedure(sources, procedure):
    sql = Project(load_stack_file("local"), PROJECT_ROOT).sql
    figures.check_sources(sources, sql)
    for view, source in sources.items():
        read = f"{view}({source.arguments})" if source.arguments else view
        assert f".{read}\n" in procedure
        caller = sql.objects[source.published_by].sql
        called = (
            "publish_health_figures(figures)"
            if source.published_by == "record_health_check"
            else f"publish_figures('{source.published_by}')"
        )
        assert called in caller


def test_no_statement_takes_more_labels_than_a_job_has(procedure):
    for part in procedure.split("FOR reading IN")[1:]:
        labels = part.count("'metric_") + 4
        assert labels <= LABELS_OF_A_JOB
        # Names, values of up to 22 digits and the stack's own labels.
        assert sum(len(name) + 24 for name in re.findall(r"'(metric_\w+):", part)) < 900


def test_a_new_figure_needs_no_python(tmp_path, settings):
    sources = load(tmp_path, FIGURE)
    declared = {d.name: d for d in declare(settings, sources)}
    assert declared["depth"].inputs["name"] == "eros/depth"
    assert declared["depth"].inputs["metricDescriptor"]["unit"] == "{requests}"
    assert figures.metric_types(sources) == {
        "logging.googleapis.com/user/eros/depth",
        "logging.googleapis.com/user/eros/alert_firing",
        "logging.googleapis.com/user/eros/alert_value",
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("unit:", "units:", ["figures.depth.units", "unknown key", "did you mean 'unit'"]),
        ('"{requests}"', "seconds", ["figures.depth.unit", "'seconds'"]),
        ("depth:", "Depth:", ["Depth"]),
        ("record_health_check", "record_health", ["publishedBy", "'record_health'"]),
        ("figures:", "by: depth\n    figures:", ["grouped by 'depth'"]),
        ("How deep}", "How deep, value: ''}", ["figures.depth.value"]),
    ],
)
def test_a_mistake_names_file_key_value_and_fix(tmp_path, old, new, words):
    text = FIGURE.replace(old, new, 1)
    with pytest.raises(UserError) as raised:
        load(tmp_path, text)
    assert "config/metrics.yaml" in str(raised.value)
    for word in words:
        assert word in str(raised.value)


def test_a_name_in_two_sources_is_refused(tmp_path):
    second = FIGURE.replace("sources:\n", "").replace("latest_health", "automation_figures")
    with pytest.raises(UserError, match="'depth' is in both latest_health and automation"):
        load(tmp_path, FIGURE + second)


def test_a_source_that_no_file_creates_is_refused(tmp_path):
    sources = load(tmp_path, FIGURE.replace("latest_health", "latest_helth"))
    with pytest.raises(UserError, match=r"sources\.latest_helth") as raised:
        figures.check_sources(sources, Project(load_stack_file("local"), PROJECT_ROOT).sql)
    assert "latest_health" in raised.value.fix


def test_metrics_are_distributions_read_from_finished_jobs(settings, sources):
    declared = {d.name: d for d in declare(settings, sources)}
    score = declared["health_score"].inputs
    assert score["filter"].splitlines() == [
        'log_id("cloudaudit.googleapis.com/data_access")',
        'resource.type="bigquery_project"',
        'protoPayload.metadata.jobChange.after="DONE"',
        'protoPayload.metadata.jobChange.job.jobConfig.labels.component="metric"',
        "protoPayload.metadata.jobChange.job.jobConfig.labels.metric_health_score:*",
    ]
    assert score["valueExtractor"] == (
        "EXTRACT(protoPayload.metadata.jobChange.job.jobConfig.labels.metric_health_score)"
    )
    descriptor = score["metricDescriptor"]
    assert (descriptor["metricKind"], descriptor["valueType"]) == ("DELTA", "DISTRIBUTION")
    assert score["bucketOptions"]["exponentialBuckets"]["numFiniteBuckets"] > 0
    by_component = declared["component_cost_today_usd"].inputs
    assert by_component["metricDescriptor"]["labels"] == [
        {"key": "component", "valueType": "STRING"}
    ]
    assert set(by_component["labelExtractors"]) == {"component"}
    assert all(len(d.inputs["filter"]) < 20_000 for d in declared.values())


def declare(settings, sources):
    def program() -> None:
        service = gcp.projects.Service("logging", service="logging.googleapis.com")
        identity = SimpleNamespace(services={"logging.googleapis.com": service})
        Metrics("metrics", settings, sources, identity)

    return [d for d in record(program) if d.type == "gcp:logging/metric:Metric"]
