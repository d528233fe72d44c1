"""The guard in front of a real `pulumi up`: the tests of this file run in order on one program."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.engine.conftest import DATASET, PROJECT

pytestmark = pytest.mark.deployed

_QUALIFIER = "`{{ project }}`.`{{ dataset }}`."
_FILES = {
    "tables/guard_days": (
        "CREATE TABLE IF NOT EXISTS @guard_days (\n"
        "    day DATE,\n    note STRING,\n    amount INT64\n)\n"
        "PARTITION BY day\nOPTIONS (partition_expiration_days = 90);\n"
    ),
    "tables/guard_types": "CREATE TABLE IF NOT EXISTS @guard_types (id STRING, amount INT64);\n",
    "tables/guard_spare": "CREATE TABLE IF NOT EXISTS @guard_spare (id STRING);\n",
    "tables/guard_more": "CREATE TABLE IF NOT EXISTS @guard_more (id STRING);\n",
    "functions/guard_rate": (
        "CREATE OR REPLACE FUNCTION @guard_rate(amount INT64) RETURNS INT64 AS (amount);\n"
    ),
    "views/guard_rates": (
        "CREATE OR REPLACE VIEW @guard_rates AS\nSELECT @guard_rate(1) AS rate;\n"
    ),
}
_ROWS = {"guard_days": 3, "guard_types": 2, "guard_spare": 1, "guard_more": 1}


def rows(cloud) -> dict[str, int]:
    """Number of rows in the tables of this file."""
    counts = ", ".join(
        f"(SELECT COUNT(*) FROM `{PROJECT}`.`{DATASET}`.{name}) AS {name}" for name in _ROWS
    )
    (row,) = cloud.bigquery.query_and_wait(f"SELECT {counts}")
    return dict(row)


def columns(cloud, table: str) -> list[str]:
    """Names of a table's columns."""
    return [c.name for c in cloud.bigquery.get_table(f"{PROJECT}.{DATASET}.{table}").schema]


@pytest.fixture(scope="module")
def deployed(program, cloud):
    """The program with six objects more, and rows in its tables."""
    for path, text in _FILES.items():
        file = program.root / "sql" / f"{path}.sql"
        file.write_text(text.replace("@", _QUALIFIER), encoding="utf-8")
    program.up()
    place = f"`{PROJECT}`.`{DATASET}`."
    cloud.bigquery.query_and_wait(
        f"INSERT INTO {place}guard_days (day, note, amount) VALUES"
        " (CURRENT_DATE(), 'a', 1), (DATE_SUB(CURRENT_DATE(), INTERVAL 40 DAY), NULL, 2),"
        " (DATE_SUB(CURRENT_DATE(), INTERVAL 50 DAY), 'c', 3)"
    )
    cloud.bigquery.query_and_wait(f"INSERT INTO {place}guard_types VALUES ('a', 1), ('b', 2)")
    for table in ("guard_spare", "guard_more"):
        cloud.bigquery.query_and_wait(f"INSERT INTO {place}{table} VALUES ('a')")
    return program


def test_every_loss_is_refused_by_name_and_nothing_changes(deployed, cloud):
    updates = len(deployed.state())
    deployed.edit("sql/tables/guard_days.sql", "    note STRING,\n", "")
    deployed.edit("sql/tables/guard_days.sql", "= 90", "= 30")
    deployed.edit("sql/tables/guard_types.sql", "amount INT64", "amount STRING")
    (deployed.root / "sql/tables/guard_spare.sql").unlink()
    deployed.edit("sql/functions/guard_rate.sql", "(amount INT64)", "(amount INT64, factor INT64)")
    deployed.edit("sql/tables/guard_more.sql", "(id STRING)", "(id STRING, size INT64)")
    output = deployed.up(fails=True)
    assert "sql/views/guard_rates.sql" in output, "a call that no longer fits is a mistake first"
    deployed.set("allowMistakes[0]", "sql/views/guard_rates.sql")
    output = deployed.up(fails=True)
    for reported in (
        "guard_days: column note STRING is dropped",
        "rows at stake: 2 of 3 with a value",
        "guard_days: partitions expire after 30 days instead of after 90 days",
        "rows at stake: 2 of 3\n",
        "guard_types: column amount: INT64 becomes STRING",
        "guard_types: deleted and recreated",
        "guard_spare: deleted; all its rows are deleted; rows at stake: 1",
        "guard_rate: still called as before by guard_rates",
        "pulumi config set --path 'eros:allowLoss[0]'",
    ):
        assert reported in output, reported
    assert "Traceback" not in output
    assert "guard_more" not in output
    assert rows(cloud) == _ROWS
    assert columns(cloud, "guard_days") == ["day", "note", "amount"]
    assert len(deployed.state()) == updates


def test_a_plan_tells_the_same_and_refuses_when_asked(deployed):
    command = [sys.executable, "-m", "eros.cli.app", "plan", "--stack", "local", "--offline"]
    result = subprocess.run(
        [*command, "--refuse", "lossy", "--format", "json"],
        cwd=deployed.root,
        env=deployed.environment | {"PYTHONPATH": str(deployed.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1, result.stderr
    assert result.stdout, result.stderr
    plan = json.loads(result.stdout)
    assert plan["refused"] == [
        "guard_rate: change signature",
        "guard_days: drop column note",
        "guard_days: shorten expiration",
        "guard_spare: delete",
        "guard_types: replace",
        "guard_types: replace",
    ]
    assert "the plan loses something" in result.stderr


def test_an_allowance_covers_what_it_names_and_no_more(deployed):
    for number, entry in enumerate(
        (
            "guard_days: drop column note",
            "guard_days: shorten expiration",
            "guard_types: replace",
            "guard_spare: delete",
        )
    ):
        deployed.set(f"allowLoss[{number}]", entry)
    output = deployed.pulumi("preview", "--stack", "local", fails=True)
    assert "guard_rate: still called as before" in output
    assert "guard_days" not in output


def test_what_is_allowed_goes_on_and_what_is_safe_needs_no_allowance(deployed, cloud):
    # The signature is taken back, the rest stays allowed.
    deployed.edit("sql/functions/guard_rate.sql", "(amount INT64, factor INT64)", "(amount INT64)")
    deployed.up()
    assert columns(cloud, "guard_days") == ["day", "amount"]
    assert columns(cloud, "guard_more") == ["id", "size"]
    names = {t.table_id for t in cloud.bigquery.list_tables(f"{PROJECT}.{DATASET}")}
    assert "guard_spare" not in names


def test_an_allowance_that_is_used_up_is_reported(deployed):
    output = deployed.pulumi("preview", "--stack", "local", "--expect-no-changes")
    assert "'guard_spare: delete' is no longer needed" in output
