"""The statements of `eros monitor` and `eros deploy` through Google's analyser."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bqstack.analysis import finding_report, validate
from eros.operations.deploy import before_after, validation
from eros.project.files import beside
from eros.project.schedules import ScheduledScripts
from eros.project.settings import PROJECT_ROOT, Settings
from eros.project.stack_file import load_stack_file
from eros.watch import deployment_sections, monitor, selection_effects
from eros.watch.monitor_query import Query

QUERIES = [
    *monitor.QUERIES,
    *deployment_sections.SECTIONS,
    before_after.JOBS,
    before_after.SYSTEM,
    before_after.ROWS,
    validation.SMOKE,
    selection_effects.QUERY,
]
# A view has no parameters: a constant of the parameter's type stands for each.
PARAMETERS = {
    "deployed_at": "TIMESTAMP '2026-01-01 00:00:00+00'",
    "start": "TIMESTAMP '2026-01-01 00:00:00+00'",
    "stop": "TIMESTAMP '2026-01-02 00:00:00+00'",
    "days": "7",
    "usd_per_tib": "6.25",
}


def as_view(query: Query, name: str, dataset: str, settings: Settings) -> str:
    """The query as a file of sql/views/."""
    text = query.sql.format(
        dataset=dataset,
        jobs=settings.jobs_view,
        error_reason=settings.error_reason,
        own_jobs=settings.own_jobs,
    )
    text = re.sub(r"@(\w+)", lambda match: PARAMETERS[match[1]], text)
    return f"CREATE OR REPLACE VIEW {dataset}.{name}\nOPTIONS (description = 'x')\nAS\n{text};\n"


def test_every_statement_is_right_for_bigquery(tmp_path: Path):
    # Of production, because its job list is Google's own view.
    settings = load_stack_file("prod")
    for folder in ("sql", "config"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    dataset = f"`{settings.project}`.`{settings.dataset}`"
    files = []
    for number, query in enumerate(QUERIES):
        file = Path(f"sql/views/query_{number}.sql")
        text = as_view(query, f"query_{number}", dataset, settings)
        # Names of the stack in a file are a finding of their own: there they are settings.
        text = text.replace(f"`{settings.project}`", "`{{ project }}`")
        text = text.replace(f"`{settings.dataset}`", "`{{ dataset }}`")
        (tmp_path / file).write_text(text, encoding="utf-8")
        files.append(file)
    scripts = ScheduledScripts(settings, tmp_path)
    report = validate(settings, root=tmp_path, only=files, beside=beside(scripts))
    wrong = [f for f in report.findings if f.rule not in ("unfiltered-read",)]
    assert not wrong, finding_report.text(report)
    assert report.objects >= len(files)


@pytest.mark.sql
@pytest.mark.emulator
def test_the_deployment_report_compares_days_with_days(build):
    # A TiB an hour for ten days, two from the deployment 60 hours ago on.
    warehouse = build("report", only=["query_jobs"])
    now = datetime.now(UTC)
    warehouse.run(f"""
        INSERT INTO job_history (
            creation_time, start_time, end_time, job_id, job_type, statement_type, state,
            total_bytes_billed
        )
        SELECT at, at, at, CAST(hour AS STRING), 'QUERY', 'SELECT', 'DONE',
            IF(hour < 60, 2, 1) * 1099511627776
        FROM (
            SELECT
                hour,
                TIMESTAMP_SUB(TIMESTAMP '{now.isoformat()}', INTERVAL 60 * hour + 30 MINUTE) AS at
            FROM UNNEST(GENERATE_ARRAY(0, 239)) AS hour
        )
    """)
    google = SimpleNamespace(settings=warehouse.settings, bigquery=warehouse.client)

    def reported(hours: int) -> dict[str, tuple]:
        deployed_at = now - timedelta(hours=hours)
        _, performance, cost, *_ = deployment_sections.SECTIONS
        rows = monitor.ask(google, performance, deployed_at=deployed_at, days=7).records()
        rows += monitor.ask(
            google, cost, deployed_at=deployed_at, days=7, usd_per_tib=6.25
        ).records()
        return {row["item"]: (row["value_before"], row["value"]) for row in rows}

    report = reported(60)
    assert report["queries a day"] == (24, 24)
    assert report["US dollars a day, SELECT"] == (150, 300)
    assert report["US dollars a day, total"] == (150, 300)
    assert report["US dollars since"] == (None, 60 * 2 * 6.25)
    report = reported(1)
    assert report["queries a day"] == (24, None)
    assert report["US dollars a day, total"][1] is None, "no day is over"
    assert report["US dollars since"] == (None, 12.5)


def service_levels(warehouse) -> dict:
    google = SimpleNamespace(settings=warehouse.settings, bigquery=warehouse.client)
    [query] = [one for one in monitor.QUERIES if one.name == "service_levels"]
    return {row["figure"]: row for row in monitor.ask(google, query).records()}


# Eleven checks of twelve, one of them critical; the newest is `quiet` minutes old.
CHECKS = """
    INSERT INTO health_checks
    (check_timestamp, health_score, status, checks_passed, checks_total, warnings, critical)
    SELECT TIMESTAMP_SUB(
            TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), MINUTE), INTERVAL 5 * n + {quiet} MINUTE),
        100, IF(n = 3, 'CRITICAL', 'HEALTHY'), 7, 7, 0, 0
    FROM UNNEST(GENERATE_ARRAY(0, 11)) AS n
    WHERE n != 7;
"""


@pytest.mark.sql
@pytest.mark.emulator
def test_service_levels_count_missing_checks_and_the_minutes_to_recovery(build):
    warehouse = build("levels", only=["health_checks", "alert_events", "alert_states"])
    warehouse.run(
        CHECKS.format(quiet=3)
        + """
        INSERT INTO alert_events
        (event_id, event_time, rule_id, title, severity, event, incident_id)
        SELECT GENERATE_UUID(), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL ago MINUTE), 'A04', 't',
            severity, event, incident
        FROM UNNEST([
            STRUCT(100 AS ago, 'CRITICAL' AS severity, 'OPENED' AS event, 'one' AS incident),
            STRUCT(90, 'CRITICAL', 'RESOLVED', 'one'),
            STRUCT(80, 'CRITICAL', 'OPENED', 'two'),
            STRUCT(20, 'CRITICAL', 'RESOLVED', 'two'),
            STRUCT(900, 'WARNING', 'OPENED', 'three'),
            STRUCT(1, 'WARNING', 'RESOLVED', 'three'),
            -- Its rule is gone, and nobody can resolve it.
            STRUCT(5000, 'CRITICAL', 'OPENED', 'forgotten')
        ]);
    """
    )
    rows = service_levels(warehouse)
    assert rows["availability"]["value"] == pytest.approx(100 * 10 / 12, abs=0.01)
    assert rows["availability"]["status"] == "FAIL"
    assert rows["time to recovery"]["value"] == 35
    assert rows["time to recovery"]["status"] == "FAIL"
    assert rows["longest recovery"]["value"] == 60
    assert (rows["not recovered yet"]["value"], rows["not recovered yet"]["status"]) == (0, "PASS")


@pytest.mark.sql
@pytest.mark.emulator
def test_service_levels_count_what_has_not_recovered(build):
    warehouse = build("unresolved", only=["health_checks", "alert_events", "alert_states"])
    # The checks stopped an hour ago, and an alert is open for longer than the 30 days.
    warehouse.run(
        CHECKS.format(quiet=63)
        + """
        INSERT INTO alert_events
        (event_id, event_time, rule_id, title, severity, event, incident_id)
        VALUES ('e', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 40 DAY), 'A04', 't', 'CRITICAL',
            'OPENED', 'open');
        INSERT INTO alert_states
        (rule_id, title, severity, state, incident_id, pending_since, evaluated_at)
        VALUES ('A04', 't', 'CRITICAL', 'ACKNOWLEDGED', 'open', CURRENT_TIMESTAMP(),
            CURRENT_TIMESTAMP());
    """
    )
    rows = service_levels(warehouse)
    assert rows["availability"]["value"] == pytest.approx(100 * 10 / 24, abs=0.01)
    assert rows["time to recovery"]["value"] == pytest.approx(40 * 24 * 60, abs=5)
    assert rows["time to recovery"]["status"] == "FAIL"
    assert (rows["not recovered yet"]["value"], rows["not recovered yet"]["status"]) == (1, "FAIL")
