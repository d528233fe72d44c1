"""The 21 verification cases that the sources list, by name.

Cases that SQL proves name the files below `cases/` that do; cases 1 to 3 and 17 are about
declarations and stand here; the others name the folder of the tests that prove them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bqstack.catalogue import Kind
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT, Settings

TESTS = PROJECT_ROOT / "tests"
CASES = Path(__file__).parent / "cases"

PROOFS = {
    "4 hash vectors": ["caption_key_v2/sample_hash", "caption_key/delegates"],
    "5 Wilson table and edges": [
        "wilson_score_bounds/table_of_the_spec",
        "wilson_score_bounds/edges",
    ],
    "6 sample in bounds": ["wilson_sample/inside_the_bounds"],
    "7 twenty holidays, factors 0.6 to 1.0": ["refresh_holiday_calendar/twenty_of_2025"],
    "8 daily run with 0, 1, 49, 100 creators; 79.9 queues, 80 does not": [
        "run_daily_automation/no_creators",
        "run_daily_automation/one_creator",
        "run_daily_automation/forty_nine_creators",
        "run_daily_automation/hundred_creators",
        "run_daily_automation/saturation_limit",
    ],
    "9 breaker opens at the 5th failure": [
        "run_daily_automation/breaker_opens_at_the_fifth_failure",
        "run_daily_automation/four_failures_in_a_row",
    ],
    "10 repeat run changes nothing": ["run_daily_automation/second_run_changes_nothing"],
    "11 sweep: yesterday, today, 7 days, 10,000 and 10,001 locks": [
        "sweep_expired_caption_locks/edges",
        "sweep_expired_caption_locks/at_the_critical_limit",
        "sweep_expired_caption_locks/above_the_critical_limit",
    ],
    "13 alerts rows": [
        "run_daily_automation/failure_rate_alert",
        "sweep_expired_caption_locks/high_volume",
    ],
    "14 a rule fires above its limit, not at it": ["record_health_check/limits"],
    "15 health example gives 94": ["record_health_check/example_of_the_seed"],
    "19 injection strings stay data": [
        "select_captions_for_creator/hostile_page_name",
        "update_caption_performance/hostile_texts",
    ],
}
ELSEWHERE = {
    "12 queue claim race": "sql/test_concurrency.py",
    "16 second up shows no change": "engine",
    "18 no secret in clear text in the state": "engine",
    "20 both UTC schedules fire once per local day": "unit",
    "21 restore brings back rows and expiration": "engine",
}
OWNED_COLUMNS = {"caption_bandit_stats": 19, "holiday_calendar": 5, "schedule_export_log": 9}
# Partition unit and field, clustering, expiration in days.
LAYOUT = {
    "caption_bandit_stats": (
        ("DAY", "last_updated"),
        ("page_name", "caption_id", "last_used"),
        90,
    ),
    "holiday_calendar": (("YEAR", "holiday_date"), (), None),
    "schedule_export_log": (("DAY", "export_timestamp"), ("page_name", "status"), 90),
    "etl_job_runs": (("DAY", "job_start_time"), ("job_name", "status"), 90),
    "creator_processing_errors": (("DAY", "error_time"), ("page_name",), 90),
    "schedule_generation_queue": (("DAY", "execution_date"), ("status", "page_name"), 90),
    "automation_alerts": (("DAY", "alert_time"), ("alert_level", "acknowledged"), 90),
    "lock_sweep_log": (("DAY", "sweep_time"), (), 90),
    "health_checks": (("DAY", "check_timestamp"), (), 90),
    "cost_monitoring": (("DAY", "window_start"), (), 90),
}

pytestmark = pytest.mark.sql


@pytest.fixture(scope="module")
def catalogue():
    return Project(
        Settings.model_validate(
            {
                "environment": "prod",
                "project": "some-project",
                "dataset": "some_dataset",
                "external_tables": "adopt",
                "cost_owner": "tests",
                "alert_email": "tests@example.com",
                "runbook": "https://example.com/docs/runbook.md",
                "backup": {"bucket": "some-bucket"},
            }
        ),
    ).sql


def test_01_every_owned_object_is_declared_once(catalogue):
    routines = {
        *("caption_key_v2", "caption_key", "wilson_score_bounds", "wilson_sample"),
        *("update_caption_performance", "run_daily_automation", "sweep_expired_caption_locks"),
        *("select_captions_for_creator", "analyze_creator_performance"),
    }
    declared = [item.name for item in catalogue.declared]
    for name in {*LAYOUT, *routines, "schedule_recommendations_messages"}:
        assert declared.count(name) == 1, name
    assert catalogue.adopted == {
        *("caption_bank", "mass_messages", "active_caption_assignments"),
        *("schedule_recommendations", "captions"),
    }


@pytest.mark.parametrize("table", LAYOUT)
def test_02_partitioning_clustering_and_expiration(catalogue, table):
    declared = catalogue.objects[table]
    partitioning, clustering, days = LAYOUT[table]
    assert (declared.partitioning["type"], declared.partitioning["field"]) == partitioning
    assert declared.clustering == clustering
    assert declared.partition_expiration_days == days


@pytest.mark.parametrize("table", OWNED_COLUMNS)
def test_03_number_of_columns(catalogue, table):
    assert len(catalogue.objects[table].schema) == OWNED_COLUMNS[table]


def test_every_column_and_object_is_described(catalogue):
    for item in catalogue:
        assert item.description, item.name
    for table in catalogue.tables:
        for column in table.schema:
            assert column.get("description"), f"{table.name}.{column['name']}"


def test_17_every_full_name_comes_from_the_settings(catalogue):
    for item in catalogue:
        source = (PROJECT_ROOT / item.path).read_text()
        for project, dataset in re.findall(r"`([^`]+)`\s*\.\s*`([^`]+)`", source):
            assert (project, dataset) == ("{{ project }}", "{{ dataset }}"), item.path
        assert "of-scheduler-proj" not in source


def test_no_procedure_has_ddl_on_permanent_tables(catalogue):
    for item in catalogue:
        if item.kind is Kind.PROCEDURE:
            body = item.sql.split("BEGIN", 1)[1]
            found = re.findall(
                r"\b(?:CREATE|ALTER|DROP|TRUNCATE)\b(?! OR REPLACE TEMP)[^\n]*", body
            )
            assert not found, f"{item.name}: {found}"


@pytest.mark.parametrize("case", PROOFS)
def test_case_of_the_specification_has_its_sql_case(case):
    for name in PROOFS[case]:
        assert (CASES / f"{name}.sql").is_file(), name


@pytest.mark.parametrize("case", ELSEWHERE)
def test_case_of_the_specification_has_tests_elsewhere(case):
    place = TESTS / ELSEWHERE[case]
    assert place.is_file() or any(place.glob("test_*.py"))


def test_there_are_21_cases():
    numbers = {int(name.split()[0]) for name in {**PROOFS, **ELSEWHERE}}
    assert numbers | {1, 2, 3, 17} == set(range(1, 22))
