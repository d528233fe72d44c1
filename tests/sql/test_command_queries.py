"""The statements of `eros monitor` and `eros deploy` through Google's analyser."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bqstack.analysis import finding_report, validate
from eros.operations.deploy import before_after, validation
from eros.project.settings import PROJECT_ROOT, Settings, load_stack_file
from eros.watch import monitor
from eros.watch.monitor import Query

QUERIES = [
    *monitor.QUERIES,
    *monitor.SECTIONS,
    before_after.JOBS,
    before_after.SYSTEM,
    before_after.ROWS,
    validation.SMOKE,
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
        dataset=dataset, jobs=settings.jobs_view, error_reason=settings.error_reason
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
    report = validate(settings, root=tmp_path, only=files)
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

    def told(hours: int) -> dict[str, tuple]:
        deployed_at = now - timedelta(hours=hours)
        _, performance, cost, *_ = monitor.SECTIONS
        rows = monitor.ask(google, performance, deployed_at=deployed_at, days=7).records()
        rows += monitor.ask(
            google, cost, deployed_at=deployed_at, days=7, usd_per_tib=6.25
        ).records()
        return {row["item"]: (row["value_before"], row["value"]) for row in rows}

    report = told(60)
    assert report["queries a day"] == (24, 24)
    assert report["US dollars a day, SELECT"] == (150, 300)
    assert report["US dollars a day, total"] == (150, 300)
    assert report["US dollars since"] == (None, 60 * 2 * 6.25)
    report = told(1)
    assert report["queries a day"] == (24, None)
    assert report["US dollars a day, total"][1] is None, "no day is over"
    assert report["US dollars since"] == (None, 12.5)
