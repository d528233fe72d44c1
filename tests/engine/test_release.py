"""A release rehearsed: announced, watched, taken back by its figures, people notified; its records.

The commands are those of the make targets that the release workflow runs (docs/ci.md).
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
import requests
import yaml
from google.api_core.exceptions import BadRequest

from eros.project.settings import PROJECT_ROOT
from tests.engine.conftest import DATASET, PROJECT, Cloud, Program

pytestmark = pytest.mark.deployed

FUNCTION = "sql/functions/price_class.sql"
RIGHT = "LOWER(TRIM(COALESCE(price_tier, '')))"
# Good for every check of a deployment, and wrong for what one of the system's users asks.
WRONG = "LOWER(TRIM(IF(price_tier = 'vip', ERROR('no such tier'), COALESCE(price_tier, ''))))"
QUESTION = f"SELECT `{PROJECT}`.`{DATASET}`.price_class('vip') AS class"


class Release:
    """The targets that the workflow calls, for the local stack of a copy of the program."""

    def __init__(self, program: Program) -> None:
        self.root = program.root
        self.logs = program.root / "logs"
        self.environment = program.environment | {
            "EROS_LOCAL_DIR": str(program.cloud.folder),
            "EROS_LOG_DIR": str(self.logs),
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        """The command of a target, running; `make -n` says which it is."""
        shown = subprocess.run(
            ["make", "-n", *words], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
        )
        command = shlex.split(shown.stdout.strip().splitlines()[-1].rpartition("; ")[2])
        if command[0] == "eros":
            command[:1] = [sys.executable, "-m", "eros.cli.app"]
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def make(self, *words: str) -> str:
        """A target that must succeed; what it says."""
        running = self.start(*words)
        said, _ = running.communicate()
        assert running.returncode == 0, said
        return said


@pytest.fixture(scope="module")
def release(program) -> Release:
    return Release(program)


def steps_of_the_workflow() -> list[list[str]]:
    """The words of each `make` in the job that deploys to production, for the local stack."""
    text = (PROJECT_ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    runs = [step.get("run", "") for step in yaml.safe_load(text)["jobs"]["production"]["steps"]]
    return [
        [word.replace("=prod", "=local") for word in shlex.split(run.partition("|")[0])[1:]]
        for run in runs
        if run.startswith("make ")
    ]


def control(cloud: Cloud, method: str, path: str, **body: object) -> dict:
    """One of the local cloud's own switches."""
    address = cloud.endpoints["monitoringCustomEndpoint"].partition("/monitoring")[0]
    token = (cloud.folder / "control-token").read_text(encoding="utf-8").strip()
    answer = requests.request(
        method,
        f"{address}/localcloud/{path}",
        json=body or None,
        headers={"X-Local-Cloud-Token": token},
        timeout=60,
    )
    answer.raise_for_status()
    return answer.json()


def test_a_bad_release_is_announced_watched_and_taken_back(release, program, cloud):
    deploy, drift, _health = steps_of_the_workflow()
    clock = control(cloud, "GET", "clock")
    tomorrow = datetime.fromisoformat(clock["now"]) + timedelta(days=1, minutes=5)
    release.make("announce", "STACK=local", f"AT={tomorrow:%Y-%m-%dT%H:%M}", "WHAT=w", "WHY=y")

    program.edit(FUNCTION, RIGHT, WRONG)
    running = release.start(*deploy)
    said = []
    for line in running.stdout:
        said.append(line)
        if "watching for another 30 minutes" in line:
            break
    assert running.poll() is None, "".join(said)
    for _ in range(25):
        with pytest.raises(BadRequest, match="no such tier"):
            cloud.bigquery.query_and_wait(QUESTION, retry=None, job_retry=None)
    control(cloud, "POST", "settle")
    later = datetime.fromisoformat(control(cloud, "GET", "clock")["now"]) + timedelta(minutes=30)
    control(cloud, "POST", "clock", now=later.isoformat())
    rest, _ = running.communicate()
    assert running.returncode == 4, "".join(said) + rest
    assert "the system is worse than before" in rest

    (row,) = cloud.bigquery.query_and_wait(QUESTION)
    assert row["class"] == "vip", "the definition of before is back"
    program.edit(FUNCTION, WRONG, RIGHT)
    release.make(*drift)

    control(cloud, "POST", "settle")
    opened = [one["payload"]["incident"] for one in control(cloud, "GET", "inbox")["notifications"]]
    phases = {one["policy_user_labels"].get("notice") for one in opened}
    assert {"announced", "started", "ended"} <= phases, opened


def test_its_records_are_there_when_the_runner_is_gone(release):
    shutil.rmtree(release.logs)
    report = release.make("report", "STACK=local")
    assert ": VALIDATION" in report
    assert "rollback" in report
