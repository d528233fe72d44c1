"""Rollback drills: after each kind of change the cloud is as it was, also after being killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest

from eros.cloud.google import Google
from eros.cloud.local_control import Control
from eros.operations import backup
from eros.project.stack_file import load_stack_file
from tests.engine.conftest import DATASET, PROJECT, Program

pytestmark = pytest.mark.deployed

QUALIFIER = f"`{PROJECT}`.`{DATASET}`."
# Logs are asked with a filter over their partitions.
LONG_AGO = "TIMESTAMP '2020-01-01 00:00:00+00'"
TOKEN = "xoxb-a-token-that-nobody-may-see"
COMPONENT = '''import pulumi_gcp as gcp


class Extra(pulumi.ComponentResource):
    """A room that a deployment adds: a protected table, a topic, an output."""

    def __init__(self, settings, opts):
        super().__init__("eros:extra:Extra", "extra", None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = gcp.pubsub.Topic(
            "extra-topic",
            name="extra",
            project=settings.project,
            labels=settings.all_labels,
            opts=child,
        )
        gcp.bigquery.Table(
            "extra_table",
            project=settings.project,
            dataset_id=settings.dataset,
            table_id="extra_table",
            labels=settings.all_labels,
            schema='[{"name":"a","type":"STRING"}]',
            deletion_protection=True,
            opts=pulumi.ResourceOptions(parent=self, protect=True, depends_on=[topic]),
        )
        self.register_outputs({"topic": topic.id})


def _extended(system, settings):
    Extra(settings, pulumi.ResourceOptions(parent=system))
    return system.exports


def _broken_rules('''
# File, text of the earlier program, text of the changed one.
CHANGES = {
    "table column added": (
        "sql/tables/automation_locks.sql",
        "    locked_at TIMESTAMP",
        "    note STRING OPTIONS (description = 'What for'),\n    locked_at TIMESTAMP",
    ),
    "view changed": ("sql/views/export_report.sql", "COUNT(*) AS exports", "2 AS exports"),
    "routine changed": ("sql/functions/non_negative.sql", "AS (", "AS (\n    1 * "),
    "schedule changed": ("config/schedules.yaml", "every day 12:35", "every day 13:35"),
    "component added": ("components/program.py", "def _broken_rules(", COMPONENT),
    "component declared": (
        "components/program.py",
        'System("eros", settings, files).exports',
        '_extended(System("eros", settings, files), settings)',
    ),
}


def write(program: Program, **how) -> None:
    """Make the changes, or take them back."""
    for path, old, new in CHANGES.values():
        program.edit(path, *((new, old) if how.get("back") else (old, new)))


def add_channel(program: Program) -> None:
    """A notification channel with a secret."""
    program.set("contacts.slackChannel", "#alerts")
    key = ("--path", "--secret", "eros:secrets.slackToken")
    program.pulumi("config", "set", *key, TOKEN, "--stack", "local")


def environment(program: Program) -> dict[str, str]:
    return program.environment | {
        "EROS_LOCAL_DIR": str(program.cloud.folder),
        "EROS_LOG_DIR": str(program.root / "logs"),
    }


def command(program: Program, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "eros.cli.app", "rollback", "--yes", *arguments]


def eros(program: Program, *arguments: str, code: int = 0) -> str:
    """`eros rollback --yes ...`; its output. Another exit code fails the test."""
    result = subprocess.run(
        command(program, *arguments),
        cwd=program.root,
        env=environment(program),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == code, result.stdout
    return result.stdout


def journals(program: Program) -> list[Path]:
    return sorted((program.root / "logs").glob("rollbacks/local/*/journal.json"))


def resources(program: Program) -> dict[str, tuple]:
    """All that defines each resource; secrets and what Google numbers by their place only."""
    state = program.state()
    numbered = {r["id"]: r["urn"] for r in state if "/notificationChannels/" in r.get("id", "")}

    def text(inputs: dict | None) -> str:
        # The real plugin notes which inputs it filled in by itself; a rollback gives them all.
        found = re.sub(r'"__defaults": \[[^]]*\](, )?', "", json.dumps(inputs, sort_keys=True))
        found = re.sub(r'"ciphertext": "[^"]*"', "", found)
        return re.sub(r"[^\"]*/notificationChannels/\d+", lambda m: numbered[m[0]], found)

    return {
        r["urn"]: (
            text(r.get("inputs")),
            r.get("parent"),
            r.get("protect"),
            sorted(r.get("dependencies") or []),
        )
        for r in state
    }


def query(program: Program, sql: str) -> list[tuple]:
    return [tuple(row) for row in program.cloud.bigquery.query_and_wait(sql)]


@pytest.fixture(scope="module")
def deployed(program: Program) -> Program:
    """The earlier state, with rows and a secret; no schedule is due during the test."""
    file = program.root / "config/schedules.yaml"
    text = re.sub(r"every (1 hours|15 minutes|5 minutes).*", "every sunday 04:35", file.read_text())
    file.write_text(text)
    add_channel(program)
    program.up()
    query(
        program,
        f"INSERT INTO {QUALIFIER}automation_locks (lock_name, version, locked_at) "
        "VALUES ('page/a', 1, CURRENT_TIMESTAMP()), ('page/b', 2, CURRENT_TIMESTAMP())",
    )
    query(
        program,
        f"INSERT INTO {QUALIFIER}schedule_export_log (export_id, status, export_timestamp) "
        "VALUES ('e', 'SUCCESS', CURRENT_TIMESTAMP())",
    )
    # From here on the local cloud is ahead of this machine, whose time the history has.
    with mock.patch.dict(os.environ, {"EROS_LOCAL_DIR": str(program.cloud.folder)}):
        control = Control(load_stack_file("local"))
        control.move(control.now() + timedelta(hours=39))
    return program


@pytest.fixture(scope="module")
def earlier(deployed: Program) -> dict[str, tuple]:
    """The resources of the earlier state."""
    return resources(deployed)


def change(program: Program) -> None:
    """Every kind of change in one update, and rows that the next one might lose."""
    write(program)
    for key in ("contacts.slackChannel", "secrets.slackToken"):
        program.pulumi("config", "rm", "--path", f"eros:{key}", "--stack", "local")
    # The history knows seconds: rows of before are to be older than the update.
    time.sleep(1)
    program.up()
    query(program, f"UPDATE {QUALIFIER}automation_locks SET note = 'me' WHERE version = 2")


def restore_files(program: Program) -> None:
    """The earlier program, as `git revert` would bring it back."""
    write(program, back=True)
    add_channel(program)


def test_a_rollback_refuses_to_lose_what_nobody_named(deployed, earlier):
    change(deployed)
    query(deployed, f"INSERT INTO {QUALIFIER}extra_table (a) VALUES ('x')")
    before = resources(deployed)
    output = eros(deployed, code=1)
    assert "automation_locks.note: column note STRING is dropped (1 row)" in output
    assert "--drop automation_locks.note --drop extra_table" in output
    assert resources(deployed) == before, "nothing was changed"
    assert earlier != before


def test_every_kind_of_change_is_taken_back(deployed, earlier):
    names = ("--drop", "automation_locks.note", "--drop", "extra_table")
    content = eros(deployed, *names, "--format", "json")
    found = json.loads(content[content.index("\n{\n") :])
    assert resources(deployed) == earlier
    assert [step["step"] for step in found["steps"]] == [
        *("backup", "pause", "definitions", "verify"),
    ]
    reported = "\n".join(found["changes"])
    for name in (
        *("table automation_locks", "view export_report", "routine non_negative"),
        *("schedule archive_inactive_assignments", "notification channel on_call_slack"),
        *("table extra_table", "topic extra-topic"),
    ):
        assert name in reported
    restore_files(deployed)
    deployed.assert_converged()
    pages = f"{QUALIFIER}automation_locks WHERE lock_name LIKE 'page/%'"
    assert query(deployed, f"SELECT COUNT(*) FROM {pages}") == [(2,)]
    holders = f"{QUALIFIER}automation_locks WHERE lock_name LIKE 'deployment/%'"
    assert query(deployed, f"SELECT COUNT(*) FROM {holders}") == [(0,)], "the lock is given back"


def test_no_secret_leaves_the_state(deployed):
    state = deployed.pulumi("stack", "export", "--stack", "local")
    assert "plaintext" not in state
    assert TOKEN not in state
    files = [f for f in (deployed.root / "logs").rglob("*") if f.is_file()]
    assert files
    assert not [file for file in files if TOKEN in file.read_text(encoding="utf-8")]


def sums(program: Program, at: datetime | None = None) -> dict[str, backup.Sums]:
    """Rows and checksums of every table that a rollback brings back."""
    with mock.patch.dict(os.environ, {"EROS_LOCAL_DIR": str(program.cloud.folder)}):
        return backup.checksums(Google(load_stack_file("local")), at=at)


def killed_at_each_step(program: Program, *arguments: str) -> list[str]:
    """Start a rollback, kill it in each of its steps, resume it; the steps."""
    known = len(journals(program))
    killed: list[str] = []
    while True:
        mode = ("--resume",) if killed else arguments
        running = subprocess.Popen(
            command(program, *mode),
            cwd=program.root,
            env=environment(program),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while running.poll() is None:
            found = journals(program)[known:]
            open_ = [
                step["name"]
                for step in (json.loads(found[0].read_text())["steps"] if found else [])
                if not step["ended"] and step["name"] not in killed
            ]
            if open_:
                time.sleep(0.4)
                os.kill(running.pid, signal.SIGKILL)
                killed.append(open_[-1])
                break
            time.sleep(0.01)
        output, _ = running.communicate()
        if running.returncode != -signal.SIGKILL:
            assert running.returncode == 0, output
            return killed


def forget_the_sweep(program: Program) -> int:
    """Delete what the sweep of restored locks has written of itself; the number of sweeps."""
    sweeps = (
        f"{QUALIFIER}etl_job_runs WHERE job_name = 'sweep_expired_caption_locks'"
        f" AND job_start_time >= {LONG_AGO}"
    )
    ((number,),) = query(program, f"SELECT COUNT(*) FROM {sweeps}")
    ids = f"sweep_id IN (SELECT run_id FROM {sweeps})"
    logged = f"{QUALIFIER}lock_sweep_log WHERE sweep_time >= {LONG_AGO}"
    query(program, f"DELETE FROM {logged} AND {ids}")
    query(program, f"DELETE FROM {sweeps}")
    query(
        program,
        f"DELETE FROM {QUALIFIER}automation_locks "
        "WHERE lock_name = 'job/sweep_expired_caption_locks'",
    )
    return number


def forget_the_lock(program: Program) -> None:
    """Delete the row whose version counts deployments and rollbacks."""
    query(program, f"DELETE FROM {QUALIFIER}automation_locks WHERE lock_name = 'deployment'")


def test_rows_come_back_too_and_a_kill_at_each_step_does_no_harm(deployed, earlier):
    forget_the_lock(deployed)
    before = sums(deployed)
    change(deployed)
    exports = f"{QUALIFIER}schedule_export_log WHERE export_timestamp >= {LONG_AGO}"
    query(deployed, f"DELETE FROM {exports}")
    query(deployed, f"UPDATE {QUALIFIER}automation_locks SET version = 7 WHERE TRUE")
    steps = killed_at_each_step(deployed, "--data", "--drop", "automation_locks.note")
    assert steps == [
        *("backup", "rows", "pause", "definitions", "data", "locks", "schedules", "verify"),
    ]
    assert forget_the_sweep(deployed) >= 1
    forget_the_lock(deployed)
    assert sums(deployed) == before
    assert resources(deployed) == earlier
    restore_files(deployed)
    deployed.assert_converged()


def test_there_is_nothing_left_to_resume(deployed):
    assert "stack local has no interrupted rollback" in eros(deployed, "--resume", code=1)
