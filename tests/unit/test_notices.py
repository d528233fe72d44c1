"""Notices to people: their entries and policies, and when a deployment or rollback sends them."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from bqstack.errors import UserError
from eros.cli import announce, app
from eros.operations import notifying
from eros.operations.deploy import ExitCode, deploy_notices, run
from eros.operations.deploy.deployment import StepFailed
from eros.operations.deploy.undo import Decision
from eros.operations.notifying import Notice
from eros.operations.rollback import rollback_notices
from eros.project import notices
from eros.project.stack_file import parse
from localgcp.apis import logfilter
from localgcp.apis.monitoring import log_metrics
from tests.unit.deploy.conftest import folder, make  # noqa: F401
from tests.unit.deploy.deployments import Fake, never
from tests.unit.rollback.conftest import begun  # noqa: F401


class Entries:
    """A cloud that keeps the log entries that it is given."""

    def __init__(self, settings, error: Exception | None = None) -> None:
        self.settings, self.is_local = settings, False
        self.written: list[dict] = []
        self._error = error

    def api(self, name: str):
        assert name == "logging"

        def write(body):
            if self._error:
                raise self._error
            self.written += body["entries"]
            return SimpleNamespace(execute=dict)

        return SimpleNamespace(entries=lambda: SimpleNamespace(write=write))

    @property
    def said(self) -> list[dict]:
        return [entry["jsonPayload"] for entry in self.written]


def notice(phase: str = "announced", **fields: str) -> Notice:
    given = dict.fromkeys(notices.FIELDS, "text") | fields
    return Notice(phase=phase, **given)


@pytest.mark.parametrize("phase", notices.PHASES)
def test_an_entry_meets_the_policy_of_its_phase_and_stack_only(settings, phase):
    google = Entries(settings)
    notifying.send(google, notice(phase))
    [entry] = google.written
    found = [
        (other, dataset)
        for other in notices.PHASES
        for dataset in (settings.dataset, "other")
        if logfilter.parse(notices.entry_filter(other, dataset))(entry)
    ]
    assert found == [(phase, settings.dataset)]


def test_every_field_reaches_the_text_by_a_label_and_a_long_one_is_cut(settings):
    google = Entries(settings)
    given = {name: f"<{name}>" for name in notices.FIELDS}
    notifying.send(google, notice(**given | {"what": "x" * 5000}))
    labels = {
        name: log_metrics.extractor(source).read(google.written[0])
        for name, source in notices.extractors().items()
    }
    text = re.sub(
        r"\$\{log\.extracted_label\.(\w+)\}",
        lambda found: labels[found[1]],
        notices.documentation("announced", "https://example.com/runbook"),
    )
    assert all(f"<{name}>" in text for name in notices.FIELDS if name != "what")
    assert len(labels["what"]) == notices.LONGEST
    assert len(text) < 8192, "Cloud Monitoring's limit"
    assert "https://example.com/runbook#deploy-and-roll-back" in text


@pytest.mark.parametrize(
    ("phase", "words"),
    [("announced", "Expected"), ("rollback_started", "Expected"), ("rollback_ended", "Result")],
)
def test_what_is_over_has_a_result_and_nothing_that_is_expected(phase, words):
    text = notices.documentation(phase, "https://example.com/runbook")
    assert f"\n{words}: ${{log.extracted_label.impact}}" in text


def test_a_deployment_tells_its_start_and_its_end(make, settings):  # noqa: F811
    google = Entries(settings)
    made = make(google=google, why="sales fell", observe_minutes=30)
    outcome = run(made.deployment, [deploy_notices.Notify(), Fake("up")], decide=never)
    assert outcome.code is ExitCode.SUCCESS
    start, end = google.said
    assert (start["phase"], end["phase"]) == ("started", "ended")
    assert start["subject"] == "staging: the deployment has begun (2026-03-01 12:00 UTC)"
    assert start["next_update"] == "when it ends, by 12:45 UTC"
    assert "has succeeded" in end["subject"]
    assert (start["why"], end["why"]) == ("sales fell", "sales fell")
    assert start["what"] == end["what"] != ""


def test_a_deployment_that_is_rolled_back_says_so_and_why(make, settings):  # noqa: F811
    google = Entries(settings)
    bad = Fake(
        "compare", ExitCode.VALIDATION, error=StepFailed("it is worse:\n  12% more queries fail")
    )
    outcome = run(
        make(google=google).deployment,
        [deploy_notices.Notify(), bad],
        decide=lambda deployment: Decision(True, 7, "back to the definitions of update 7"),
        roll_back=lambda deployment, version: None,
    )
    assert outcome.code is ExitCode.VALIDATION
    end = google.said[-1]
    assert "failed its checks and was rolled back" in end["subject"]
    assert end["impact"] == (
        "it is worse: 12% more queries fail; back to the definitions of update 7"
    )
    assert end["next_update"] == "the review"


def test_what_failed_before_its_start_tells_nobody(make, settings):  # noqa: F811
    google = Entries(settings)
    refused = Fake("preflight", error=UserError("no"))
    run(make(google=google).deployment, [refused, deploy_notices.Notify()], decide=never)
    assert google.said == []


def test_a_dry_run_tells_nobody(make, settings):  # noqa: F811
    google = Entries(settings)
    made = make(google=google, dry_run=True)
    run(made.deployment, [deploy_notices.Notify(), Fake("up")], decide=never)
    assert google.said == []


def test_channels_that_cannot_be_reached_are_reported_and_keep_no_deployment(
    make,  # noqa: F811
    settings,
):
    google = Entries(settings, UserError("Logging does not answer"))
    made = make(google=google)
    outcome = run(made.deployment, [deploy_notices.Notify(), Fake("up")], decide=never)
    assert outcome.code is ExitCode.SUCCESS
    assert made.said.count("  warning: people were not notified: Logging does not answer") == 2


def test_a_rollback_tells_its_start_its_end_and_a_stop(settings, begun):  # noqa: F811
    google, said = Entries(settings), []
    rollback_notices.tell_start(google, begun, said.append)
    rollback_notices.tell_end(google, begun, said.append)
    rollback_notices.tell_end(google, begun, said.append, failure="the backup is gone\nfix: none")
    start, end, stop = google.said
    assert [one["phase"] for one in google.said] == [
        "rollback_started",
        "rollback_ended",
        "rollback_ended",
    ]
    assert "restored to that time" in start["impact"]
    assert start["what"] == "back to update 3"
    assert {one["why"] for one in google.said} == {begun.why}
    assert end["impact"] == "the earlier state is back"
    assert (stop["impact"], stop["next_update"]) == ("the backup is gone", "within 30 minutes")


WORDS = ["--what", "a new index", "--why", "sales fell", "--stack", "staging"]


def announced(monkeypatch, settings, at: str):
    google = Entries(settings)
    monkeypatch.setattr(announce, "load_stack_file", lambda stack: settings)
    monkeypatch.setattr(announce, "Google", lambda settings: google)
    words = ["announce", "--at", at, *WORDS]
    return CliRunner().invoke(app.build(["announce", "preflight"]), words), google


def test_an_announcement_reaches_the_channels(monkeypatch, settings):
    result, google = announced(monkeypatch, settings, "2999-12-01T18:00")
    assert result.exit_code == 0, result.output
    [said] = google.said
    assert said["phase"] == "announced"
    assert "2999-12-01 at 18:00 UTC" in said["subject"]
    assert (said["what"], said["why"]) == ("a new index", "sales fell")
    assert "less than 24 hours" not in result.output


@pytest.mark.parametrize("at", ["tomorrow", "2020-01-01T10:00"])
def test_an_announcement_of_no_moment_to_come_is_refused(monkeypatch, settings, at):
    result, google = announced(monkeypatch, settings, at)
    assert isinstance(result.exception, UserError)
    assert google.said == []


@pytest.mark.parametrize("key", ["--what", "--why"])
def test_an_announcement_that_says_nothing_is_refused(key):
    words = ["announce", "--at", "2999-12-01T18:00", *WORDS]
    words[words.index(key) + 1] = " "
    result = CliRunner().invoke(app.build(["announce", "preflight"]), words)
    assert result.exit_code != 0
    assert result.exception.key == key


def test_a_sandbox_notifies_nobody_and_says_so(values):
    google = Entries(parse(values | {"sandbox": "alice"}, "Pulumi.alice.yaml"))
    said: list[str] = []
    assert not notifying.try_send(google, notice("started"), said.append)
    assert said == ["  nobody is notified: the stack has no channel that notices go to"]
    with pytest.raises(UserError, match="stack alice has no channel that notices go to"):
        notifying.send(google, notice())
    assert google.written == []


def test_channels_that_cannot_be_read_keep_no_deployment(values, monkeypatch):
    def unreadable(_):
        raise UserError("the channel pager needs the secret eros:pager")

    google, said = Entries(parse(values, "Pulumi.staging.yaml")), []
    monkeypatch.setattr(notifying.channels, "load", unreadable)
    assert not notifying.try_send(google, notice("started"), said.append)
    assert said == [
        "  warning: people were not notified: the channel pager needs the secret eros:pager"
    ]
