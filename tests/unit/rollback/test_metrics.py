"""A rollback makes a policy only when Cloud Monitoring knows its metric."""

from __future__ import annotations

import pulumi
import pytest

from bqstack.errors import UserError
from eros.operations.rollback import recreated_metrics, replay
from gcptypes.records import LOG_METRIC
from tests.unit.rollback.states import POLICY, checkpoint, resource
from tests.unit.rollback.test_replay import Monitor

SIGNAL = resource(LOG_METRIC, "alert-firing", {"name": "eros/alert_firing"})
OTHER = resource(LOG_METRIC, "emv", {"name": "eros/emv"})
OVER_IT = resource(POLICY, "a05", {"displayName": "A05"}, dependencies=(SIGNAL.urn,))


class Asked:
    """Cloud Monitoring: answers in order, the last one forever, and what is done meanwhile."""

    def __init__(self, monkeypatch, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.types: list[str] = []
        self.pauses: list[float] = []
        self.reported: list[str] = []
        self.monitor = Monitor()
        monkeypatch.setattr(recreated_metrics, "question", self._question)

    def _question(self, google, metric_type):
        self.types.append(metric_type)

        def ask() -> str:
            assert "a05" not in self.monitor.asked, "the policy has to wait"
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return ask

    def register(self) -> None:
        state = checkpoint(SIGNAL, OTHER, OVER_IT)
        ready = recreated_metrics.waiter(None, state, self.reported.append, self.pauses.append)
        replay.register_all(self.monitor, list(state.resources[1:]), ready)


def test_a_policy_waits_for_its_metric_and_nothing_else_is_asked_for(monkeypatch):
    asked = Asked(monkeypatch, "not found", "not found", "")
    asked.register()
    assert asked.types == ["logging.googleapis.com/user/eros/alert_firing"]
    assert asked.pauses == [10, 10]
    begun, ended = asked.reported
    assert begun.startswith("waiting until Cloud Monitoring knows")
    assert ended.endswith("after 20 s")
    assert "a05" in asked.monitor.asked


def test_ten_minutes_are_enough(monkeypatch):
    asked = Asked(monkeypatch, "not found")
    with pytest.raises(pulumi.RunError, match="does not know"):
        asked.register()
    assert sum(asked.pauses) == 600
    assert "a05" not in asked.monitor.asked


def test_who_may_not_ask_goes_on(monkeypatch):
    asked = Asked(monkeypatch, UserError("cannot be asked"))
    asked.register()
    assert "may be refused" in asked.reported[0]
    assert "a05" in asked.monitor.asked
