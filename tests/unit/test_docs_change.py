"""The examples of docs/change.md are what the program takes."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest
import yaml

from bqstack import analysis
from eros.project import alerts, channels, dashboards, schedules
from eros.project import figures as metrics
from eros.project.alerts import checks
from eros.project.files import beside
from eros.project.project import Project
from eros.project.schedules import ScheduledScripts
from eros.project.settings import PROJECT_ROOT, Settings
from eros.project.settings_sections import Automation
from eros.project.stack_file import parse
from tests.sql.test_cases import parse as parse_case
from tests.unit.change_page import examples
from tests.unit.conftest import VALUES


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """The project's SQL and catalogues with all examples put in."""
    root = tmp_path_factory.mktemp("project")
    for folder in ("sql", "config"):
        shutil.copytree(PROJECT_ROOT / folder, root / folder)
    for path, text in examples().items():
        file = root / path
        if path.startswith(("sql/", "tests/")) or (
            path.startswith("config/") and not file.exists()
        ):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        elif path.startswith("config/"):
            document = yaml.safe_load(file.read_text(encoding="utf-8"))
            merge(document, yaml.safe_load(text))
            file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """Settings of a stack that has the new setting and contact."""
    program = tmp_path_factory.mktemp("settings") / "example.py"
    field = examples()["eros/project/settings_sections.py"]
    program.write_text(
        f"from eros.project.settings_sections import *\n\n\nclass Example(Automation):\n{field}",
        encoding="utf-8",
    )
    section = runpy.run_path(str(program))["Example"]
    stack = yaml.safe_load(examples()["Pulumi.staging.yaml"])["config"]
    changed = section.model_validate(stack["eros:automation"])
    assert changed.goal_growth_pct == 8
    values = VALUES | {"contacts": {"growthEmail": "growth@example.com"}}
    return parse(values, "Pulumi.staging.yaml").model_copy(update={"automation": section()})


def merge(document: dict, added: dict) -> None:
    """Put the entries of an example beside those that are there."""
    for key, value in added.items():
        if isinstance(document.get(key), dict) and isinstance(value, dict):
            merge(document[key], value)
        else:
            # Somebody has followed the page: then it has to be what the page says.
            assert document.get(key, value) == value, f"another {key} is there already"
            document[key] = value


def test_every_kind_of_file_has_an_example():
    assert list(examples()) == [
        "sql/tables/page_goals.sql",
        "sql/views/goal_progress.sql",
        "sql/materialized_views/page_goal_totals.sql",
        "sql/procedures/set_page_goals.sql",
        "tests/sql/cases/set_page_goals/first_goal.sql",
        "config/schedules.yaml",
        "policy/idempotent.py",
        "config/alerts.yaml",
        "docs/runbook.md",
        "tests/sql/cases/alert_readings/a40_pages_behind.sql",
        "config/channels.yaml",
        "config/metrics.yaml",
        "config/dashboards/goals.yaml",
        "eros/project/settings_sections.py",
        "Pulumi.staging.yaml",
    ]


def test_the_catalogue_takes_the_sql(root, settings):
    loaded = Project(settings, root).sql
    assert loaded.objects["goal_progress"].depends_on == ("page_goals", "page_day_totals")
    assert loaded.objects["set_page_goals"].depends_on == ("page_goals", "page_day_totals")


def test_googles_analyser_takes_the_sql(root, settings):
    files = [Path(path) for path in examples() if path.startswith("sql/")]
    # The new rule and figure are part of the SQL of these two.
    files += [
        Path("sql/table_functions/alert_readings.sql"),
        Path("sql/procedures/publish_figures.sql"),
    ]
    report = analysis.validate(
        settings, root, only=files, beside=beside(ScheduledScripts(settings, root))
    )
    assert (report.findings, report.notes) == ([], [])


def test_the_catalogues_take_the_entries(root, settings):
    sql = Project(settings, root).sql
    configs = schedules.transfer_configs(settings, root)
    schedules.check_calls(configs, sql, settings)
    figures = metrics.load(root)
    metrics.check_sources(figures, sql)
    rules = alerts.of(settings, root)
    checks.check(rules, settings.runbook, configs, channels.names(root))
    assert "set_page_goals" in [config.key for config in configs]
    assert "A40" in [rule.id for rule in rules.rules]
    assert "growth_email" in channels.load(settings, root)
    assert "pages_behind_goal" in figures["goal_progress"].figures
    assert "goals" in dashboards.load(settings, root)


def test_the_test_case_has_the_form_of_one(root):
    goal, rule = [path for path in examples() if path.startswith("tests/")]
    case = parse_case(root / goal)
    assert [name for name, _ in case.sections] == ["given", "when", "then"]
    assert [name for name, _ in parse_case(root / rule).sections] == ["when", "then"]


def test_the_setting_is_new_or_that_of_the_page():
    known = Automation.model_fields.get("goal_growth_pct")
    assert known is None or known.default == 5.0
