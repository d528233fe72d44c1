"""The statements of `eros monitor` and `eros deploy` through Google's analyser."""

import re
import shutil
from pathlib import Path

from eros import monitor
from eros.deploy import figures, validation
from eros.monitor import Query
from eros.settings import PROJECT_ROOT, load_stack_file
from eros.validate import show, validate

QUERIES = [
    *monitor.QUERIES,
    *monitor.SECTIONS,
    figures._JOBS,
    figures._SYSTEM,
    figures._ROWS,
    validation._SMOKE,
]
# A view has no parameters: a constant of the parameter's type stands for each.
PARAMETERS = {
    "deployed_at": "TIMESTAMP '2026-01-01 00:00:00+00'",
    "start": "TIMESTAMP '2026-01-01 00:00:00+00'",
    "stop": "TIMESTAMP '2026-01-02 00:00:00+00'",
    "days": "7",
    "usd_per_tib": "6.25",
}


def as_view(query: Query, name: str, dataset: str, jobs: str) -> str:
    """The query as a file of sql/views/."""
    text = query.sql.format(dataset=dataset, jobs=jobs)
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
        text = as_view(query, f"query_{number}", dataset, settings.jobs_view)
        # Names of the stack in a file are a finding of their own: there they are settings.
        text = text.replace(f"`{settings.project}`", "`{{ project }}`")
        text = text.replace(f"`{settings.dataset}`", "`{{ dataset }}`")
        (tmp_path / file).write_text(text, encoding="utf-8")
        files.append(file)
    report = validate(settings, root=tmp_path, only=files)
    wrong = [f for f in report.findings if f.rule not in ("unfiltered-read",)]
    assert not wrong, show.text(report)
    assert report.objects >= len(files)
