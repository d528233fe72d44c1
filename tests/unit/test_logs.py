"""Logs: the form of a record, secrets, files by day, jobs, and what every command records."""

import gzip
import json
import logging
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import requests
import typer

from bqstack import durable
from bqstack.errors import UserError
from eros import logs
from eros.cli import logged
from eros.cli.app import build
from eros.logs import stream_files
from eros.project import local_stacks

FIELDS = [
    "timestamp",
    "level",
    "message",
    "context",
    "extras",
    "hostname",
    "pid",
    "correlation",
]


@pytest.fixture
def folder(tmp_path) -> Iterator[Path]:
    """Logs are open below this folder for one test."""
    logs.start(tmp_path)
    yield tmp_path
    logs.finish()


def records(folder: Path, stream: logs.Stream) -> list[dict]:
    """What a stream's files hold."""
    lines = []
    for file in sorted((folder / stream.value).glob("*.jsonl")):
        lines += file.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def only(folder: Path, stream: logs.Stream) -> dict:
    """The one record of a stream."""
    (record,) = records(folder, stream)
    return record


def test_a_record_is_one_line_of_json_with_the_fields_of_the_specification(folder):
    logs.Log("backup").info("two\nlines", table="caption_bank", rows=3)
    record = only(folder, logs.Stream.APPLICATION)
    assert list(record) == FIELDS
    assert record["level"] == "INFO"
    assert record["message"] == "two\nlines"
    assert record["context"] == "backup"
    assert record["extras"] == {"table": "caption_bank", "rows": 3}
    assert record["pid"] == os.getpid()
    assert record["correlation"] == logs.correlation()
    assert datetime.fromisoformat(record["timestamp"]) <= datetime.now(UTC)


def test_every_stream_has_a_folder_and_every_level_its_name(folder, monkeypatch):
    monkeypatch.setenv("EROS_LOG_LEVEL", "debug")
    logs.start(folder)
    log = logs.Log("x")
    for write in (log.debug, log.info, log.warning, log.error, log.critical):
        write("m")
    log.audit("m", result="succeeded")
    log.deployment("m")
    log.performance("m")
    levels = [record["level"] for record in records(folder, logs.Stream.APPLICATION)]
    assert levels == ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    for stream in (logs.Stream.AUDIT, logs.Stream.DEPLOYMENT, logs.Stream.PERFORMANCE):
        assert only(folder, stream)["message"] == "m"


def test_values_without_a_json_form_are_written_as_text(folder):
    logs.Log("x").info("m", day=date(2026, 1, 2), price=Decimal("1.5"), path=Path("a/b"))
    assert only(folder, logs.Stream.APPLICATION)["extras"] == {
        "day": "2026-01-02",
        "price": "1.5",
        "path": "a/b",
    }


def test_the_audit_names_who_and_is_complete_at_every_level(folder, monkeypatch):
    monkeypatch.setenv("EROS_LOG_LEVEL", "CRITICAL")
    monkeypatch.setenv("GITHUB_ACTOR", "ana")
    logs.start(folder)
    logs.Log("x").audit("backup created", result="succeeded", backup="b-1")
    assert only(folder, logs.Stream.AUDIT)["extras"] == {
        "user": "ana",
        "result": "succeeded",
        "backup": "b-1",
    }


def test_an_unknown_level_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("EROS_LOG_LEVEL", "LOUD")
    with pytest.raises(UserError, match=r"EROS_LOG_LEVEL.*LOUD"):
        logs.start(tmp_path)


def test_a_timer_records_duration_and_outcome(folder):
    log = logs.Log("x")
    with log.timer("checksums", tables=7):
        pass
    with pytest.raises(ZeroDivisionError), log.timer("broken"):
        _ = 1 / 0
    good, bad = records(folder, logs.Stream.PERFORMANCE)
    assert good["extras"]["result"] == "succeeded"
    assert good["extras"]["tables"] == 7
    assert 0 <= good["extras"]["duration_seconds"] < 5
    assert bad["extras"]["result"] == "failed"


def test_progress_is_shown_and_kept(folder):
    shown = []
    logs.Log("rollback").progress(shown.append)("schedules paused")
    assert shown == ["schedules paused"]
    assert only(folder, logs.Stream.DEPLOYMENT)["message"] == "schedules paused"


# Built from parts, so that no scanner takes this file for a leak.
SECRETS = {
    "a private key": "-----BEGIN PRIVATE " + "KEY-----\nMIIEvQ\n-----END PRIVATE " + "KEY-----",
    "a Google token": "ya29" + ".a0AfH6SMBx-abc_def",
    "a Slack token": "xoxb" + "-12345-abcdef",
    "a Slack webhook": "https://hooks." + "slack.com/services/T0/B0/xyz",
    "a Pulumi token": "pul-" + "0123456789abcdef0123456789abcdef01234567",
    "a GitHub token": "ghp" + "_0123456789abcdefghijABCDEFGHIJ",
    "a bearer header": "Bearer " + "abcdefghijkl",
    "a password in a URL": "https://bob:" + "hunter22@example.com/x",
    "an option": "--slack-token " + "tttttttttt",
    "an assignment": "password=" + "correcthorse",
    "JSON": '{"client_secret": "' + 'sssssssss"}',
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_no_form_of_a_secret_reaches_a_file(folder, secret):
    log = logs.Log("x")
    log.info(f"failed with {secret} there", text=secret, nested={"list": [{"deep": secret}]})
    log.audit(secret, result="failed", options={"value": secret})
    for stream in (logs.Stream.APPLICATION, logs.Stream.AUDIT):
        text = json.dumps(only(folder, stream))
        payload = secret.split("=")[-1].split("Bearer ")[-1].split("--slack-token ")[-1]
        assert json.dumps(payload)[1:-1] not in text
        assert logs.redaction.HIDDEN in text


@pytest.mark.parametrize("name", ["slack_token", "password", "auth_token", "API_KEY", "serviceKey"])
def test_a_value_under_a_secret_name_is_hidden_whatever_its_form(name):
    assert logs.redacted({name: "plain"}) == {name: "[redacted]"}


def test_values_of_secret_environment_variables_are_hidden(monkeypatch):
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "open sesame now")
    assert logs.redacted("wrong: open sesame now") == "wrong: [redacted]"


def test_what_only_looks_like_a_secret_stays(monkeypatch):
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    plain = {"caption_key": "ab12", "message": "the secret provider has a token bucket", "keys": 3}
    assert logs.redacted(plain) == plain


def test_files_are_for_the_owner_only(folder):
    for stream in logs.Stream:
        (file,) = (folder / stream.value).glob("*.jsonl")
        assert file.stat().st_mode & 0o077 == 0


def test_old_files_are_compressed_and_deleted_by_the_retention_of_their_stream(folder):
    today = date(2026, 11, 22)

    def put(stream: logs.Stream, age: int) -> Path:
        path = folder / stream.value / f"{today - timedelta(days=age)}.jsonl"
        path.write_text('{"message": "m"}\n', encoding="utf-8")
        return path

    yesterday = put(logs.Stream.APPLICATION, 1)
    old = put(logs.Stream.APPLICATION, 2)
    last = put(logs.Stream.APPLICATION, 30)
    gone = put(logs.Stream.APPLICATION, 31)
    audit = put(logs.Stream.AUDIT, 90)
    audit_gone = put(logs.Stream.AUDIT, 91)
    foreign = folder / "audit" / "notes.jsonl"
    foreign.write_text("mine", encoding="utf-8")

    stream_files.tidy(folder, today)

    assert yesterday.exists(), "a command that runs over midnight still writes to it"
    packed = old.with_name(old.name + ".gz")
    assert not old.exists()
    assert gzip.decompress(packed.read_bytes()) == b'{"message": "m"}\n'
    assert last.with_name(last.name + ".gz").exists()
    assert not gone.exists()
    assert audit.with_name(audit.name + ".gz").exists()
    assert not audit_gone.exists()
    assert foreign.exists()
    stream_files.tidy(folder, today + timedelta(days=31))
    assert not packed.exists(), "compressed files go, too"


def test_a_full_disk_stops_no_command(folder, monkeypatch, capsys):
    today = datetime.now(UTC).date()
    old = folder / "application" / f"{today - timedelta(days=2)}.jsonl"
    old.write_text("{}\n", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stream_files.shutil, "copyfileobj", full)
    (folder / ".tidied").unlink(missing_ok=True)
    stream_files.tidy_daily(folder)
    assert "No space left" in capsys.readouterr().err
    assert old.exists()
    assert list(old.parent.glob(".*")) == [], "no half file stays"


def test_a_record_goes_to_the_file_of_its_day(folder):
    handler = logging.getLogger("eros.application").handlers[0]
    made = logging.makeLogRecord({"msg": "late", "created": 1_700_000_000.0, "levelno": 20})
    handler.emit(made)
    assert (folder / "application" / "2023-11-14.jsonl").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="EROS_LOG_DIR"):
        logs.start(tmp_path / "file")
    logs.finish()


def test_where_the_logs_are(monkeypatch, tmp_path):
    monkeypatch.delenv("EROS_LOG_DIR", raising=False)
    monkeypatch.setenv("EROS_LOCAL_DIR", str(tmp_path))
    assert logs.default_folder("local") == tmp_path / "logs" / "eros"
    assert logs.default_folder("prod").name == "prod"
    # A sandbox beside the local stack is on the same cloud.
    is_local = local_stacks.is_local
    assert (is_local("local"), is_local("staging"), is_local("nope")) == (True, False, False)
    monkeypatch.setattr(local_stacks, "is_local", lambda stack: stack == "alice" or is_local(stack))
    assert logs.default_folder("alice") == tmp_path / "logs" / "eros-alice"
    monkeypatch.setenv("EROS_LOG_DIR", str(tmp_path / "own"))
    assert logs.default_folder("prod") == tmp_path / "own"


class Answers(requests.adapters.BaseAdapter):
    """A BigQuery that gives prepared answers."""

    def __init__(self, *answers: tuple[int, dict]) -> None:
        super().__init__()
        self.answers = list(answers)

    def send(self, request, **kwargs):
        status, body = self.answers.pop(0)
        response = requests.Response()
        response.status_code, response.request = status, request
        response.headers["Content-Type"] = "application/json; charset=UTF-8"
        response._content = json.dumps(body).encode()
        response.elapsed = timedelta(seconds=2)
        response.url = request.url
        return response

    def close(self) -> None:
        pass


ROOT = "https://bigquery.example/bigquery/v2/projects/p"


@pytest.fixture
def listening():
    """Function that makes a session with prepared answers and a recorder on it."""
    before = list(logs.recorders)

    def make(*answers: tuple[int, dict]) -> tuple[requests.Session, logs.Recorder]:
        session = requests.Session()
        session.mount("https://", Answers(*answers))
        recorder = logs.Recorder(usd_per_tib=6.25)
        recorder.listen(session)
        return session, recorder

    yield make
    logs.recorders[:] = before


def job(job_id: str, state: str, **statistics) -> dict:
    """A Job resource."""
    return {
        "kind": "bigquery#job",
        "jobReference": {"projectId": "p", "jobId": job_id, "location": "US"},
        "configuration": {"jobType": "QUERY", "labels": {"component": "eros_command"}},
        "status": {"state": state},
        "statistics": statistics,
    }


def test_a_query_is_recorded_once_with_duration_bytes_and_cost(folder, listening):
    done = job(
        "j1",
        "DONE",
        startTime="1000",
        endTime="2500",
        query={
            "totalBytesProcessed": str(2**39),
            "totalBytesBilled": str(2**40),
            "statementType": "SELECT",
        },
    )
    results = {"kind": "bigquery#getQueryResultsResponse", "jobComplete": True}
    session, recorder = listening(
        (200, job("j1", "RUNNING")), (200, results), (200, done), (200, done)
    )
    session.post(f"{ROOT}/jobs", json={})
    session.get(f"{ROOT}/queries/j1")
    session.get(f"{ROOT}/jobs/j1?projection=full")
    session.get(f"{ROOT}/jobs/j1")
    recorder.flush()
    record = only(folder, logs.Stream.PERFORMANCE)
    assert record["level"] == "INFO"
    assert record["extras"] == {
        "job_id": "j1",
        "result": "succeeded",
        "duration_seconds": 1.5,
        "location": "US",
        "kind": "QUERY",
        "statement_type": "SELECT",
        "component": "eros_command",
        "bytes_processed": 2**39,
        "bytes_billed": 2**40,
        "cost_usd": 6.25,
    }


def test_a_query_without_a_job_of_its_own_is_recorded_from_its_answer(folder, listening):
    answer = {
        "kind": "bigquery#queryResponse",
        "jobReference": {"jobId": "j2"},
        "jobComplete": True,
        "totalBytesProcessed": "10",
        "totalBytesBilled": "10485760",
        "startTime": "1",
        "endTime": "501",
    }
    session, _ = listening((200, answer))
    session.post(f"{ROOT}/queries", json={})
    extras = only(folder, logs.Stream.PERFORMANCE)["extras"]
    assert (extras["bytes_billed"], extras["duration_seconds"]) == (10485760, 0.5)


def test_failures_are_recorded(folder, listening):
    broken = job("j3", "DONE") | {
        "status": {"state": "DONE", "errorResult": {"message": "no such column"}}
    }
    refused = {"error": {"code": 400, "message": "syntax error"}}
    session, recorder = listening((200, broken), (400, refused))
    session.post(f"{ROOT}/jobs", json={})
    session.post(f"{ROOT}/queries", json={"jobReference": {"jobId": "j4"}})
    first, second = records(folder, logs.Stream.PERFORMANCE)
    assert (first["level"], first["extras"]["error"]) == ("WARNING", "no such column")
    assert (second["extras"]["job_id"], second["extras"]["error"]) == ("j4", "syntax error")
    assert recorder.totals.failed == 2


def test_jobs_of_others_and_dry_runs_are_not_recorded(folder, listening):
    dry = job("j5", "DONE")
    dry["configuration"]["dryRun"] = True
    session, recorder = listening((200, job("theirs", "DONE")), (200, dry), (200, {"jobs": []}))
    session.get(f"{ROOT}/jobs/theirs")
    session.post(f"{ROOT}/jobs", json={})
    session.get(f"{ROOT}/jobs")
    recorder.flush()
    assert records(folder, logs.Stream.PERFORMANCE) == []


def test_a_job_that_nobody_waited_for_is_recorded_as_such(folder, listening):
    session, recorder = listening((200, job("j6", "RUNNING")))
    session.post(f"{ROOT}/jobs", json={})
    recorder.flush()
    assert only(folder, logs.Stream.PERFORMANCE)["extras"]["result"] == "not awaited"


def tree(function, name: str = "change"):
    """A command tree with one command, logged."""
    made = typer.Typer()
    made.command(name=name)(function)
    made.command(name="other")(lambda: None)
    command = typer.main.get_command(made)
    logged.log_commands(command)
    return command


def invoke(command, *arguments: str) -> None:
    """Run a command; its exit code is none of the test's business."""
    with pytest.raises(SystemExit):
        command(list(arguments))


def test_a_command_that_changes_something_is_audited_from_start_to_end(tmp_path, monkeypatch):
    monkeypatch.setenv("EROS_LOG_DIR", str(tmp_path))

    def change(stack: str = "local", note: str = "") -> None:
        raise typer.Exit(3)

    invoke(tree(change), "change", "--note", "token=abcdefgh")
    begun, ended = records(tmp_path, logs.Stream.AUDIT)
    assert begun["message"] == ended["message"] == "change"
    assert begun["extras"]["result"] == "started"
    assert begun["extras"]["options"]["note"] == "token=[redacted]"
    assert (ended["extras"]["result"], ended["extras"]["exit_code"]) == ("failed", 3)
    started, finished = records(tmp_path, logs.Stream.APPLICATION)
    assert started["correlation"] == finished["correlation"] == logs.correlation()


def test_an_error_is_recorded_and_still_reaches_the_person(tmp_path, monkeypatch):
    monkeypatch.setenv("EROS_LOG_DIR", str(tmp_path))

    def change() -> None:
        raise UserError("no such stack", fix="name another")

    with pytest.raises(UserError):
        tree(change)(["change"], standalone_mode=True)
    assert "no such stack" in records(tmp_path, logs.Stream.AUDIT)[-1]["extras"]["error"]


def test_a_defect_leaves_its_trace_in_the_log(tmp_path, monkeypatch):
    monkeypatch.setenv("EROS_LOG_DIR", str(tmp_path))

    def change() -> None:
        raise RuntimeError("broken part")

    with pytest.raises(RuntimeError):
        tree(change)(["change"])
    critical = records(tmp_path, logs.Stream.APPLICATION)[1]
    assert critical["level"] == "CRITICAL"
    assert "RuntimeError: broken part" in critical["extras"]["exception"]


def test_without_an_audit_nothing_is_changed_but_looking_is_allowed(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("EROS_LOG_DIR", str(tmp_path / "file"))
    ran = []

    def act() -> None:
        ran.append(True)

    with pytest.raises(UserError, match="cannot be written"):
        tree(act)(["change"])
    assert not ran
    invoke(tree(act, "health"), "health")
    assert ran
    assert "warning" in capsys.readouterr().err


def test_every_command_is_logged():
    command = typer.main.get_command(build())
    before = {name: leaf.callback for name, leaf in logged.leaves(command, "")}
    logged.log_commands(command)
    after = {name: leaf.callback for name, leaf in logged.leaves(command, "")}
    assert len(before) >= 8
    assert all(after[name].__wrapped__ is before[name] for name in before)


def test_the_list_of_commands_that_only_look_names_commands():
    command = typer.main.get_command(build())
    assert {name for name, _ in logged.leaves(command, "")} >= logged.READ_ONLY


def test_journals_and_reports_are_for_their_owner_only(tmp_path):
    """Whatever the person's umask says, and the folders above that were missing, too."""
    folder = tmp_path / "logs" / "deployments" / "local" / "one"
    before = os.umask(0)
    try:
        durable.private_folder(folder)
        durable.write_json(folder / "journal.json", {"a": 1})
        durable.write_json(folder / "journal.json", {"a": 2})
        with durable.exclusive(folder / "lock", lambda: UserError("held")):
            pass
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "logs").rglob("*")}
    assert modes == {
        "deployments": 0o700,
        "local": 0o700,
        "one": 0o700,
        "journal.json": 0o600,
        "lock": 0o600,
    }
