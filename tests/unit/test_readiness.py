"""Waiting for a log-based metric that Cloud Monitoring does not know yet."""

import asyncio
import json
from types import SimpleNamespace

import pulumi
import pytest
from google.auth.exceptions import RefreshError
from googleapiclient.errors import HttpError

from components import metric_gate
from eros.cloud import readiness as cloud_readiness

TYPE = "logging.googleapis.com/user/eros/alert_firing"


def http_error(status: int) -> HttpError:
    """What the library raises."""
    response = SimpleNamespace(status=status, reason="no")
    return HttpError(response, json.dumps({"error": {"message": f"answer {status}"}}).encode())


class Monitoring:
    """Answers of `metricDescriptors.get` in order; the last one forever."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def api(self, name: str) -> object:
        assert name == "monitoring"
        resource = SimpleNamespace(get=self._request)
        return SimpleNamespace(projects=lambda: SimpleNamespace(metricDescriptors=lambda: resource))

    def _request(self, name: str) -> object:
        return SimpleNamespace(execute=lambda: self._answer(name))

    def _answer(self, name: str) -> object:
        self.asked.append(name)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def reported(monkeypatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lines.append)
    return lines


def wait(monkeypatch, settings, *answers: object) -> tuple[Monitoring, list[float]]:
    """Wait with these answers; what was asked, and the pauses."""
    monitoring, pauses = Monitoring(*answers), []
    monitoring.settings = settings

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("eros.cloud.google.Google", lambda given: monitoring)
    waiting = metric_gate.until_known(TYPE, lambda: metric_gate.asker(settings, TYPE), sleep)
    # Its own loop: `asyncio.run` takes the thread's away from the tests that follow.
    loop = asyncio.new_event_loop()
    try:
        assert loop.run_until_complete(waiting) == TYPE
    finally:
        loop.close()
    return monitoring, pauses


def test_a_metric_that_was_there_costs_one_question_and_no_word(monkeypatch, settings, reported):
    monitoring, pauses = wait(monkeypatch, settings, {"type": TYPE})
    assert monitoring.asked == [f"projects/{settings.project}/metricDescriptors/{TYPE}"]
    assert not pauses
    assert not reported


def test_a_new_metric_is_waited_for_and_reported(monkeypatch, settings, reported):
    answers = (http_error(404), http_error(503), ConnectionResetError(), {"type": TYPE})
    monitoring, pauses = wait(monkeypatch, settings, *answers)
    assert len(monitoring.asked) == 4
    assert pauses == [cloud_readiness.PAUSE_SECONDS] * 3
    assert [line.partition(",")[0] for line in reported] == [
        f"waiting until Cloud Monitoring knows {TYPE}",
        f"Cloud Monitoring knows {TYPE} after 30 s",
    ]


def test_ten_minutes_are_enough(monkeypatch, settings, reported):
    with pytest.raises(pulumi.RunError, match=r"after 10 minutes \(answer 404\)") as caught:
        wait(monkeypatch, settings, http_error(404))
    assert "run the update again" in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "reason"), [(http_error(403), "answer 403"), (RefreshError("expired"), "expired")]
)
def test_who_may_not_ask_goes_on_with_a_warning(monkeypatch, settings, reported, answer, reason):
    """A stack whose metric is there must not need the right to ask for it."""
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warned.append)
    monitoring, pauses = wait(monkeypatch, settings, answer)
    assert len(monitoring.asked) == 1
    assert not pauses
    assert not reported
    (line,) = warned
    assert f"cannot be asked about {TYPE}: {reason}" in line
