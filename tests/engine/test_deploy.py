"""`eros deploy` on a stack of its own: a good one, a bad one that goes back, an interrupted one.

The tests of this file run in order on one program.
"""

import json
import signal
import subprocess
import sys

import pytest

from tests.engine.conftest import DATASET, PROJECT, Cloud, Program


class Deploy:
    """`eros deploy` of a copy of the program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def start(self, *options: str) -> subprocess.Popen[str]:
        """The running command; its standard output is the report as JSON."""
        command = [sys.executable, "-m", "eros.cli.app", "deploy", "--format", "json", *options]
        environment = self.program.environment | {
            "EROS_LOCAL_DIR": str(self.program.cloud.folder),
            "EROS_LOG_DIR": str(self.program.root / "logs"),
        }
        return subprocess.Popen(
            command,
            cwd=self.program.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *options: str, code: int = 0) -> dict:
        """Run it to its end; the report. Another exit code fails the test."""
        process = self.start("--yes", *options)
        out, progress = process.communicate()
        assert process.returncode == code, progress + out
        return json.loads(out)

    def records(self, stream: str) -> list[dict]:
        """What the commands have logged."""
        files = sorted((self.program.root / "logs" / stream).glob("*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.fixture(scope="module")
def deploy(program) -> Deploy:
    """The command on a stack that has never been deployed."""
    return Deploy(program)


def value(cloud: Cloud, expression: str):
    """What the local BigQuery makes of one expression."""
    (row,) = cloud.bigquery.query_and_wait(f"SELECT {expression} AS value")
    return row.value


def holders(cloud: Cloud) -> list[str]:
    """Who holds the deployment lock between machines."""
    rows = cloud.bigquery.query_and_wait(
        f"SELECT lock_name FROM `{PROJECT}`.`{DATASET}`.automation_locks "
        "WHERE STARTS_WITH(lock_name, 'deployment/holder/')"
    )
    return [row.lock_name for row in rows]


def test_a_first_deployment_creates_checks_and_scores_everything(deploy, program, cloud):
    report = deploy.run()
    assert (report["result"], report["exitCode"]) == ("SUCCESS", 0)
    assert report["changes"]["counts"]["create"] > 100
    assert report["backup"] is None, "there were no rows"
    assert {f["level"] for f in report["findings"]["validate"]} == {"OK"}
    assert {step["result"] for step in report["steps"]} == {"done"}
    assert report["score"]["criteria"], "each criterion is there, met or not"
    assert holders(cloud) == []

    jobs = [r["extras"] for r in deploy.records("performance") if r["message"] == "job"]
    assert jobs
    assert all(job["result"] == "succeeded" and job["job_id"] for job in jobs)
    audit = [r for r in deploy.records("audit") if r["message"] == "deployment"]
    assert audit[-1]["extras"]["result"] == "SUCCESS"
    assert audit[-1]["correlation"] == report["correlation"]


def test_a_deployment_that_fails_its_validation_goes_back_by_itself(deploy, program, cloud):
    path = "sql/functions/caption_key.sql"
    right = ".caption_key_v2(message)"
    program.edit(path, right, ".caption_key_v2(CONCAT(message, 'x'))")
    report = deploy.run(code=4)
    assert report["result"] == "VALIDATION"
    assert "keys agree" in report["message"]
    assert report["changes"]["touched"] == ["update caption_key"]
    assert report["backup"], "a backup was taken before"
    assert report["rolledBackTo"] == 1
    dataset = f"`{PROJECT}`.`{DATASET}`"
    assert value(cloud, f"{dataset}.caption_key('a') = {dataset}.caption_key_v2('a')")
    assert holders(cloud) == []
    program.edit(path, ".caption_key_v2(CONCAT(message, 'x'))", right)


def test_a_deployment_that_was_killed_goes_on_where_it_was(deploy, program, cloud):
    program.edit("sql/views/open_alerts.sql", "description = '", "description = 'New. ")
    killed = deploy.start("--yes")
    for line in killed.stderr:
        if line.strip() == "preview":
            break
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert len(holders(cloud)) == 1, "nobody gave the lock back"

    refused = deploy.start("--yes")
    _, reported = refused.communicate()
    assert refused.returncode == 1
    assert "eros deploy --resume" in reported

    report = deploy.run("--resume")
    made = [step["step"] for step in report["steps"] if step["result"] == "done"]
    assert (made.count("baseline"), made.count("backup")) == (1, 1)
    assert report["changes"]["touched"] == ["update open_alerts"]
    assert holders(cloud) == []
    table = cloud.bigquery.get_table(f"{PROJECT}.{DATASET}.open_alerts")
    assert table.description.startswith("New. ")


def test_an_update_that_fails_is_reported_with_the_resource_and_the_reason(deploy, program, cloud):
    dataset = f"`{PROJECT}`.`{DATASET}`"
    cloud.bigquery.query_and_wait(f"CREATE TABLE {dataset}.in_the_way (n INT64)")
    source = program.root / "sql/views/open_alerts.sql"
    view = source.read_text().replace("open_alerts", "in_the_way")
    (source.parent / "in_the_way.sql").write_text(view)
    report = deploy.run(code=3)
    assert report["result"] == "DEPLOYMENT"
    assert "in_the_way: " in report["message"]
    assert "Already Exists" in report["message"]
    assert cloud.bigquery.get_table(f"{PROJECT}.{DATASET}.in_the_way").table_type == "TABLE"
