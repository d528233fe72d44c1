"""From a fault to a person: schedule, run, log entry, metric, policy, incident, notification."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from tests.engine.conftest import DATASET, PROJECT, Cloud, Program

pytestmark = pytest.mark.deployed

DTS = f"projects/{PROJECT}/locations/US/transferConfigs"
CONTACTS = {
    "contacts.pagerdutyService": "eros",
    "contacts.alertTopic": "eros-alerts",
    "contacts.escalationEmail": "lead@example.com",
}
EMAIL, PAGER, TOPIC, LEAD = (
    "EROS: on-call e-mail",
    "EROS: on-call PagerDuty",
    "EROS: Pub/Sub",
    "EROS: escalation e-mail",
)
WARNING, CRITICAL = ("WARNING", {EMAIL, TOPIC}), ("CRITICAL", {EMAIL, PAGER, TOPIC})
PRICE_PER_TIB = 6.25
# What an update of a procedure must name.
PROCEDURE = ["type_", "language", "arguments", "description", "body"]


@dataclass
class Operator:
    """What a test does to the running system, and what it hears."""

    program: Program
    cloud: Cloud
    heard: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.base = self.cloud.endpoints["bigqueryDataTransferCustomEndpoint"]
        self.control = self.base.replace("bigquerydatatransfer/v1/", "localcloud/")
        token = (self.cloud.folder / "control-token").read_text(encoding="utf-8")
        self.token = {"X-Local-Cloud-Token": token}
        self.bigquery = self.cloud.bigquery

    def sql(self, text: str) -> list[Any]:
        """Run SQL as the schedules' own jobs do; names without a dataset are the system's."""
        config = bigquery.QueryJobConfig(
            default_dataset=f"{PROJECT}.{DATASET}", priority="BATCH", labels={"component": "test"}
        )
        return list(self.bigquery.query(text, config).result())

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(
            method, f"{self.control}{path}", json=body, headers=self.token, timeout=300
        )
        assert answer.ok, answer.text
        return answer.json()

    @property
    def now(self) -> datetime:
        return datetime.fromisoformat(self.call("GET", "clock")["now"])

    def move(self, **span: float) -> None:
        """Move the clock and have the policies evaluated on the way; nothing runs."""
        self.call("POST", "clock", {"now": (self.now + timedelta(**span)).isoformat()})

    def advance(self, **span: float) -> None:
        """Let time pass with everything that is due."""
        body = {"to": (self.now + timedelta(**span)).isoformat()}
        address = f"{self.control}clock/advance"
        answer = requests.post(address, json=body, headers=self.token, timeout=600)
        assert answer.text.splitlines()[-1].startswith('{"event": "end"'), answer.text

    def switch(self, title: str, *, on: bool) -> None:
        """Switch a scheduled query off or on, beside the program's back."""
        address = f"{self.base}{self.config(title)['name']}?updateMask=disabled"
        done = requests.patch(address, json={"disabled": not on}, timeout=30)
        assert done.ok, done.text

    def config(self, title: str) -> dict[str, Any]:
        """The transfer config of a scheduled query."""
        configs = requests.get(self.base + DTS, timeout=30).json()["transferConfigs"]
        [config] = [one for one in configs if one["displayName"] == title]
        return config

    def run(self, title: str, *, fails: bool = False) -> None:
        """Start a scheduled query by hand and wait until it finishes."""
        config = self.config(title)
        body = {"requestedRunTime": self.now.isoformat()}
        address = f"{self.base}{config['name']}:startManualRuns"
        started = requests.post(address, json=body, timeout=30)
        [run] = started.json()["runs"]
        while run["state"] in ("PENDING", "RUNNING"):
            time.sleep(0.05)
            run = requests.get(self.base + run["name"], timeout=30).json()
        assert run["state"] == ("FAILED" if fails else "SUCCEEDED"), run
        self.call("POST", "settle")

    def evaluate(self) -> None:
        """One turn of what runs every five minutes."""
        # A second check within four minutes counts what the first has carried over, too.
        self.run("EROS: Health Check")
        self.run("EROS: Health Check")
        self.run("EROS: Alert Evaluation")
        # Cloud Monitoring judges after a minute.
        self.move(minutes=2)

    def reported(self) -> dict[str, tuple[str, set[str]]]:
        """Rules that were opened since the last look, each with severity and channels.

        Fails when one channel was notified twice.
        """
        return self._news("open")

    def resolved(self) -> set[str]:
        """Rules that were closed since the last look."""
        return set(self._news("closed"))

    def _news(self, state: str) -> dict[str, tuple[str, set[str]]]:
        self.heard += self.call("GET", "inbox")["notifications"]
        self.call("DELETE", "inbox")
        news, self.heard = (
            [one for one in self.heard if one["payload"]["incident"]["state"] == state],
            [one for one in self.heard if one["payload"]["incident"]["state"] != state],
        )
        found: dict[str, tuple[str, set[str]]] = {}
        for one in news:
            incident = one["payload"]["incident"]
            rule = incident["policy_user_labels"]["rule"].upper()
            channel = one["channel"]["displayName"]
            _, channels = found.setdefault(rule, (incident["severity"], set()))
            assert channel not in channels, f"{rule} was sent twice to {channel}"
            channels.add(channel)
            assert f"#{rule.lower()}-" in incident["documentation"]["content"], "runbook section"
            assert incident["documentation"]["subject"].startswith(f"[{incident['severity']}]")
        return found


@pytest.fixture(scope="module", name="operator")
def operator_fixture(program: Program, cloud: Cloud) -> Operator:
    """The deployed system with healthy data: half an hour of good evaluations behind it."""
    for key, value in CONTACTS.items():
        program.set(key, value)
    secret = ("--secret", "--path", "eros:secrets.pagerdutyKey", "k" * 32)
    program.pulumi("config", "set", *secret, "--stack", "local")
    program.up()
    made = Operator(program, cloud)
    made.sql(
        """
        INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
        SELECT CAST(n AS STRING), 'page', 'text', TRUE, CURRENT_TIMESTAMP()
        FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n;
        INSERT INTO active_caption_assignments
        (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
        SELECT GENERATE_UUID(), 'page', '1', DATE_ADD(CURRENT_DATE(), INTERVAL 7 DAY),
        CURRENT_TIMESTAMP(), TRUE;
        """
    )
    ran(made, "update_caption_performance", hours=1)
    ran(made, "run_daily_automation", hours=3)
    return made


def ran(operator: Operator, job: str, hours: float) -> None:
    """Replace the runs of a job by a good one of so long ago."""
    operator.sql(
        f"""
        DELETE FROM etl_job_runs
        WHERE job_name = '{job}' AND job_start_time >= TIMESTAMP '2020-01-01 00:00:00+00';
        INSERT INTO etl_job_runs
        (run_id, job_name, execution_date, job_start_time, job_end_time, duration_seconds, status,
        creators_total, creators_processed, creators_failed)
        SELECT GENERATE_UUID(), '{job}', DATE(start), start, start, 1.0, 'SUCCESS', 1, 1, 0
        FROM (
        SELECT TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {round(hours * 60)} MINUTE) AS start
        );
        """
    )


def jobs(operator: Operator, count: int, minutes: int, billed: float = 0, failed: bool = False):
    """Put jobs of so many minutes ago into the job history; bytes billed of each."""
    error = "STRUCT('invalidQuery' AS reason, 'injected' AS message)" if failed else "NULL"
    operator.sql(
        f"""
        INSERT INTO job_history
        (creation_time, start_time, end_time, job_id, job_type, statement_type, state,
        total_bytes_processed, total_bytes_billed, error_result, labels)
        SELECT moment, moment, moment, CONCAT('injected-', GENERATE_UUID()), 'QUERY', 'SELECT',
        'DONE', {round(billed)}, {round(billed)}, {error}, []
        FROM UNNEST(GENERATE_ARRAY(1, {count})) AS n
        CROSS JOIN (
        SELECT TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {minutes} MINUTE) AS moment
        );
        """
    )


def lock(operator: Operator, locks: int, captions: int) -> None:
    """So many active locks on so many captions."""
    operator.sql(
        f"""
        DELETE FROM active_caption_assignments WHERE TRUE;
        INSERT INTO active_caption_assignments
        (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
        SELECT GENERATE_UUID(), 'page', CAST(MOD(n, {captions}) + 1 AS STRING),
        DATE_ADD(CURRENT_DATE(), INTERVAL 7 DAY), CURRENT_TIMESTAMP(), TRUE
        FROM UNNEST(GENERATE_ARRAY(1, {locks})) AS n;
        """
    )


def slow_query(operator: Operator, seconds: int) -> None:
    """A query of a person that lasts so long on the clock, which moves while it runs."""
    for size in (8_000, 16_000, 32_000, 64_000, 128_000):
        job_id = f"slow_{uuid.uuid4()}"
        asking = threading.Thread(target=ask, args=(operator, job_id, size))
        asking.start()
        job: Any = None
        while job is None or job.state == "PENDING":
            time.sleep(0.01)
            with contextlib.suppress(NotFound):
                job = operator.bigquery.get_job(job_id)
        operator.move(seconds=seconds)
        asking.join()
        job.reload()
        if (job.ended - job.started).total_seconds() >= seconds:
            operator.call("POST", "settle")
            return
    raise AssertionError("this machine is too fast for the query")


def ask(operator: Operator, job_id: str, size: int) -> None:
    numbers = f"UNNEST(GENERATE_ARRAY(1, {size}))"
    text = f"SELECT COUNTIF(MOD(a * b, 7) = 3) FROM {numbers} AS a, {numbers} AS b"
    operator.bigquery.query(text, job_id=job_id, job_retry=None).result(job_retry=None)


def test_each_fault_is_reported_once_and_its_repair_too(operator: Operator) -> None:
    operator.evaluate()
    assert operator.reported() == {}, "a healthy system is silent"

    sweep = operator.bigquery.get_routine(f"{PROJECT}.{DATASET}.sweep_expired_caption_locks")
    good = sweep.body
    sweep.body = "BEGIN RAISE USING MESSAGE = 'injected'; END"
    sweep = operator.bigquery.update_routine(sweep, PROCEDURE)
    operator.run("EROS: Caption Lock Cleanup", fails=True)
    ran(operator, "run_daily_automation", hours=29)
    ran(operator, "update_caption_performance", hours=9)
    lock(operator, 10_001, captions=801)
    jobs(operator, 1, minutes=0, billed=10.01 / PRICE_PER_TIB * 2**40)
    jobs(operator, 9_370, minutes=600)
    jobs(operator, 630, minutes=600, failed=True)
    slow_query(operator, seconds=11)
    operator.evaluate()
    operator.move(minutes=5)
    operator.evaluate()
    assert operator.reported() == {
        "A01": CRITICAL,
        "A02": WARNING,
        "A03": WARNING,
        "A04": CRITICAL,
        "A07": CRITICAL,
        "A08": CRITICAL,
        "A12": WARNING,
        "A20": WARNING,
    }

    ran(operator, "update_caption_performance", hours=13)
    operator.evaluate()
    assert operator.reported() == {"A06": CRITICAL}

    sweep.body = good
    operator.bigquery.update_routine(sweep, PROCEDURE)
    operator.run("EROS: Caption Lock Cleanup")
    ran(operator, "run_daily_automation", hours=3)
    ran(operator, "update_caption_performance", hours=1)
    lock(operator, 1, captions=1)
    operator.sql("DELETE FROM job_history WHERE job_id LIKE 'injected-%'")
    operator.evaluate()
    # An incident closes 45 minutes after the last signal; a walk adds the hour that it leaves out.
    operator.advance(hours=2)
    faults = {"A01", "A02", "A03", "A04", "A06", "A07", "A08", "A12", "A20"}
    assert operator.resolved() == faults
    assert operator.reported() == {}, "repair brings nothing new"


def test_renamed_rules_new_limits_and_removed_channels_converge_in_one_go(
    operator: Operator, program: Program
) -> None:
    program.edit("config/alerts.yaml", "title: High error rate", "title: Too many errors")
    program.set("thresholds.availableCaptionsCritical", "150")
    program.pulumi("config", "rm", "--path", "eros:contacts.alertTopic", "--stack", "local")
    program.up()
    program.assert_converged()
    base = f"{operator.cloud.endpoints['monitoringCustomEndpoint']}v3/projects/{PROJECT}"
    channels = requests.get(f"{base}/notificationChannels", timeout=30).json()
    names = {one["name"]: one["displayName"] for one in channels["notificationChannels"]}
    assert set(names.values()) == {EMAIL, PAGER, LEAD}
    policies = requests.get(f"{base}/alertPolicies", timeout=30).json()["alertPolicies"]
    titles = {one["displayName"] for one in policies}
    assert "EROS A01 Too many errors" in titles
    assert "EROS A01 High error rate" not in titles
    for policy in policies:
        strategies = policy["alertStrategy"].get("notificationChannelStrategy", [])
        named = [name for one in strategies for name in one["notificationChannelNames"]]
        assert {*policy["notificationChannels"], *named} <= names.keys(), "no dangling reference"
    lock(operator, 820, captions=820)
    operator.evaluate()
    assert operator.reported() == {}, "180 captions are enough now"
    lock(operator, 860, captions=860)
    operator.evaluate()
    assert operator.reported() == {"A04": ("CRITICAL", {EMAIL, PAGER})}
