"""Records that outlive the machine: what is sent when, and a journal read back from it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from google.api_core.exceptions import ServiceUnavailable

from bqstack.errors import UserError
from eros import logs
from eros.cloud import cloud_logs
from eros.cloud.google import Google
from eros.operations.deploy.deploy_journal import Journal, unfinished
from localgcp.apis import logfilter


class Sent:
    """A cloud that takes records, or refuses the first few calls."""

    def __init__(self, refusals: int = 0) -> None:
        self.lines: list[logs.Line] = []
        self.calls = 0
        self.refusals = refusals

    def __call__(self, lines: Sequence[logs.Line]) -> None:
        self.calls += 1
        if self.refusals:
            self.refusals -= 1
            raise ServiceUnavailable("logging is away")
        self.lines += lines

    def messages(self, stream: logs.Stream) -> list[str]:
        return [line.content["message"] for line in self.lines if line.stream is stream]


@pytest.fixture(autouse=True)
def opened(tmp_path, monkeypatch):
    monkeypatch.setenv("EROS_LOG_DIR", str(tmp_path))
    logs.start(tmp_path, forwarded=True)
    yield
    logs.finish()


def test_records_are_held_until_a_command_has_reached_its_cloud():
    sent = Sent()
    logs.Log("deploy").audit("deploy", result="started")
    logs.Log("deploy").info("command started")
    logs.forward(sent)
    assert sent.messages(logs.Stream.AUDIT) == ["deploy"]
    assert sent.messages(logs.Stream.APPLICATION) == ["command started"]
    logs.Log("deploy").info("later")
    assert len(sent.lines) == 2, "an ordinary record waits for a step or the end"
    logs.Log("deploy").audit("deploy", result="succeeded")
    assert len(sent.lines) == 4, "an audit record does not wait"
    assert len({line.id for line in sent.lines}) == 4


def test_a_command_that_never_reached_it_says_nothing(capsys):
    logs.Log("deploy").audit("deploy", result="started")
    logs.finish()
    assert capsys.readouterr().err == ""


def test_a_refusal_is_not_repeated_for_every_record_and_made_good_at_the_end(capsys):
    sent = Sent(refusals=1)
    logs.forward(sent)
    for number in range(3):
        logs.Log("deploy").audit(f"event {number}", result="done")
    assert sent.calls == 1
    logs.finish()
    assert sent.messages(logs.Stream.AUDIT) == ["event 0", "event 1", "event 2"]
    assert capsys.readouterr().err == ""


def test_records_that_nobody_takes_are_said_to_be_on_this_machine_only(capsys):
    logs.forward(Sent(refusals=9))
    logs.Log("deploy").audit("deploy", result="started")
    logs.finish()
    assert capsys.readouterr().err == (
        "warning: the records of this command are on this machine only: logging is away\n"
    )


def test_a_secret_is_not_sent():
    sent = Sent()
    logs.forward(sent)
    logs.Log("deploy").audit("deploy", result="started", options={"slackToken": "xoxb-123456"})
    assert "xoxb" not in json.dumps(sent.lines[0].content)


def test_a_record_that_is_too_long_for_an_entry_takes_no_other_with_it():
    sent = Sent()
    logs.forward(sent)
    logs.Log("deploy").audit("deploy", result="started", text="x" * 300_000)
    assert sent.lines[0].content["extras"].keys() == {"tooLong"}


def _kept(sent: Sent) -> list[dict]:
    """The extras of journals, newest first, as `cloud_logs.read` gives them."""
    extras = [line.content["extras"] for line in reversed(sent.lines)]
    return [one for one in extras if "journal" in one]


def _interrupted(sent: Sent) -> Journal:
    logs.forward(sent)
    journal = Journal.begin("staging", "abc")
    with journal.step("baseline") as record:
        record.facts = {"figures": {"health_score": 97}}
    with pytest.raises(UserError), journal.step("up"):
        raise UserError("the engine stopped")
    return journal


def test_a_journal_is_read_back_where_its_files_are_gone(tmp_path, monkeypatch):
    sent = Sent()
    journal = _interrupted(sent)
    elsewhere = tmp_path / "laptop"
    monkeypatch.setenv("EROS_LOG_DIR", str(elsewhere))
    assert unfinished("staging") is None
    found = Journal.recovered("staging", _kept(sent))
    assert found is not None
    assert found.folder == elsewhere / "deployments/staging" / journal.id
    assert found.document() == journal.document()
    assert unfinished("staging").document() == journal.document()


@pytest.mark.parametrize("ended", [True, False])
def test_what_has_ended_or_is_another_operation_is_not_gone_on_with(ended, tmp_path, monkeypatch):
    sent = Sent()
    journal = _interrupted(sent)
    if ended:
        journal.close("SUCCESS")
    monkeypatch.setenv("EROS_LOG_DIR", str(tmp_path / "laptop"))
    kept = _kept(sent) if ended else [one | {"kind": "rollback"} for one in _kept(sent)]
    assert Journal.recovered("staging", kept) is None


def test_a_journal_that_lacks_a_step_is_refused():
    sent = Sent()
    _interrupted(sent)
    kept = [one for one in _kept(sent) if one["number"] != 1]
    with pytest.raises(UserError, match="lacks step 1 of the deployment"):
        Journal.recovered("staging", kept)


class Entries:
    """`entries` of Cloud Logging, by its discovery client."""

    def __init__(self) -> None:
        self.written: list[dict] = []
        self.asked: dict = {}

    def write(self, body):
        self.written += body["entries"]
        return self

    def list(self, body):
        self.asked = body
        return self

    def entries(self):
        return self

    def execute(self):
        matches = logfilter.parse(self.asked.get("filter", ""))
        return {"entries": [one for one in reversed(self.written) if matches(one)]}


def test_records_are_found_by_stream_time_severity_and_invocation(settings, monkeypatch):
    entries = Entries()
    monkeypatch.setattr(Google, "api", lambda self, name: entries)
    google = Google(settings)
    logs.forward(cloud_logs.Writer(google).write)
    logs.Log("backup").audit("backup created", result="succeeded")
    logs.Log("backup").error("it broke", why="disk")
    logs.flush()
    since = cloud_logs.datetime(2020, 1, 1, tzinfo=cloud_logs.UTC)

    def found(**more):
        asked = {"streams": list(logs.Stream), "since": since, **more}
        return [one["message"] for one in cloud_logs.read(google, cloud_logs.Asked(**asked))]

    assert found() == ["it broke", "backup created"]
    assert found(streams=[logs.Stream.AUDIT]) == ["backup created"]
    assert found(severity="ERROR") == ["it broke"]
    assert found(correlation=logs.correlation()) == ["it broke", "backup created"]
    assert found(correlation="0") == []
    assert found(since=cloud_logs.datetime(2099, 1, 1, tzinfo=cloud_logs.UTC)) == []
    other = settings.model_copy(update={"sandbox": "alice"})
    asked = cloud_logs.Asked(streams=list(logs.Stream), since=since)
    assert list(cloud_logs.read(Google(other), asked)) == [], "another stack's are not shown"
