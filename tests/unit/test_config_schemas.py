"""Schemas of config/*.yaml: up to date, named in the files, and as strict as the loaders."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from bqstack.errors import UserError
from eros import reference
from eros.project import alerts, channels, dashboards, figures, schedules
from eros.project.settings import PROJECT_ROOT, Settings

_MARK = "# yaml-language-server: $schema="
CATALOGUES = ("alerts", "channels", "metrics", "schedules")
BOARDS = [file.stem for file in sorted((PROJECT_ROOT / dashboards.FOLDER).glob("*.yaml"))]
FILES = [f"config/{name}.yaml" for name in CATALOGUES] + [
    f"{dashboards.FOLDER}/{name}.yaml" for name in BOARDS
]
DURATION = "repeatEvery: 4h"


def schema_of(name: str) -> Draft202012Validator:
    """The committed schema."""
    content = json.loads(
        (PROJECT_ROOT / reference.SCHEMAS / f"{name}.json").read_text(encoding="utf-8")
    )
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content)


def load(name: str, settings: Settings, root: Path) -> object:
    """What the program does with a file."""
    if name == "alerts":
        return alerts.of(settings, root)
    if name == "channels":
        return channels.names(root)
    if name == "metrics":
        return figures.load(root)
    if name == "schedules":
        return schedules.load(root)
    return dashboards.load(settings, root)


def test_the_schemas_are_what_the_generator_writes():
    old = reference.differing(reference.schemas(), folder=reference.SCHEMAS)
    assert old == [], f"not what the loaders say: {', '.join(map(str, old))}: run `eros docs`"


@pytest.mark.parametrize("file", FILES)
def test_a_file_names_its_schema(file):
    path = PROJECT_ROOT / file
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(_MARK)
    named = Path(os.path.normpath(path.parent / first.removeprefix(_MARK)))
    expected = "dashboard" if path.parent.name == "dashboards" else path.stem
    assert named == PROJECT_ROOT / reference.SCHEMAS / f"{expected}.json"


@pytest.mark.parametrize("name", CATALOGUES)
def test_the_schema_takes_the_shipped_file(name):
    content = yaml.safe_load((PROJECT_ROOT / f"config/{name}.yaml").read_text(encoding="utf-8"))
    assert [error.message for error in schema_of(name).iter_errors(content)] == []


def test_the_schema_takes_every_shipped_dashboard(settings):
    boards = dashboards.load(settings)
    assert sorted(boards) == BOARDS
    for board in boards.values():
        assert [error.message for error in schema_of("dashboard").iter_errors(board)] == []


def test_a_number_of_a_dashboard_may_be_a_setting():
    threshold = {"thresholds": [{"value": {"{thresholds.some}": None}}]}
    widget = {"title": "T", "scorecard": threshold}
    tile = {"width": 1, "height": 1, "widget": widget}
    board = {"displayName": "B", "mosaicLayout": {"columns": 1, "tiles": [tile]}}
    assert schema_of("dashboard").is_valid(board)


def drop(line: str) -> Callable[[str], str]:
    return lambda text: text.replace(line + "\n", "", 1)


def put(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        pytest.param("alerts", put("responseTimes:", "responsTimes:"), id="misspelt-section"),
        pytest.param("alerts", put("    severity: ", "    severty: "), id="misspelt-key"),
        pytest.param("alerts", put(DURATION, "repeatEvery: 240"), id="duration-as-number"),
        pytest.param("alerts", put(DURATION, "repeatEvery: 4 hours"), id="duration-in-words"),
        pytest.param("alerts", put("severity: CRITICAL", "severity: FATAL"), id="severity"),
        pytest.param("alerts", put("above:", "below: 1\n    above:"), id="both-sides"),
        pytest.param("alerts", put("\n  A01:", "\n  first:"), id="rule-id"),
        pytest.param("channels", put("type: email", "type: mail"), id="channel-type"),
        pytest.param("channels", put("  on_call_email:", "  On-Call:"), id="channel-name"),
        pytest.param("channels", put("auth_token: slackToken", "token: slackToken"), id="label"),
        pytest.param("metrics", put("health_score:", "Health-Score:"), id="figure-name"),
        pytest.param("metrics", put('unit: "{points}"', "unit: points"), id="unit"),
        pytest.param("metrics", drop("    publishedBy: record_health_check"), id="no-publisher"),
        pytest.param("schedules", put("priority: LOW", "priority: low"), id="priority"),
        pytest.param("schedules", drop("    owner: data-engineering"), id="no-owner"),
        pytest.param("schedules", drop("    schedule: every monday 04:25"), id="never"),
        pytest.param(
            "schedules",
            put(
                "schedule: every monday 04:25", 'schedule: every monday 04:25\n    dailyAt: "03:05"'
            ),
            id="two-times",
        ),
        pytest.param("schedules", put("schedules:", "schedules: []\nother:"), id="no-mapping"),
    ],
)
def test_a_mistake_is_refused_by_schema_and_loader(name, mistake, tmp_path, settings):
    text = (PROJECT_ROOT / f"config/{name}.yaml").read_text(encoding="utf-8")
    wrong = mistake(text)
    assert wrong != text, "the shipped file no longer has what is spoilt here"
    (tmp_path / "config").mkdir()
    (tmp_path / f"config/{name}.yaml").write_text(wrong, encoding="utf-8")
    assert not schema_of(name).is_valid(yaml.safe_load(wrong))
    with pytest.raises(UserError):
        load(name, settings, tmp_path)


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(put("displayName:", "display_name:"), id="misspelt-key"),
        pytest.param(put("mosaicLayout:", "gridLayout:"), id="layout"),
        pytest.param(put("plotType: LINE", "plotType: LINES"), id="enum"),
        pytest.param(put("plotType: LINE", "plotType: PLOT_TYPE_UNSPECIFIED"), id="zero-of-enum"),
        pytest.param(put("alignmentPeriod: 21600s", "alignmentPeriod: 1h"), id="duration"),
        pytest.param(put("height: 16", "height: 0"), id="zero"),
        pytest.param(put("columns: 48", "columns: 49"), id="columns"),
        pytest.param(put('displayName: "EROS: Growth"', "displayName: 1"), id="type"),
        pytest.param(drop("      height: 16"), id="no-height"),
    ],
)
def test_a_mistake_in_a_dashboard_is_refused_by_schema_and_loader(mistake, tmp_path, settings):
    text = (PROJECT_ROOT / dashboards.FOLDER / "growth.yaml").read_text(encoding="utf-8")
    assert "{{" not in text, "choose a dashboard that can be read without the settings"
    wrong = mistake(text)
    assert wrong != text, "the shipped file no longer has what is spoilt here"
    (tmp_path / dashboards.FOLDER).mkdir(parents=True)
    (tmp_path / figures.FILE).write_bytes((PROJECT_ROOT / figures.FILE).read_bytes())
    (tmp_path / dashboards.FOLDER / "growth.yaml").write_text(wrong, encoding="utf-8")
    assert not schema_of("dashboard").is_valid(yaml.safe_load(wrong))
    with pytest.raises(UserError):
        load("growth", settings, tmp_path)
