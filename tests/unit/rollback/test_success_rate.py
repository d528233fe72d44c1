"""How many deployments came to a good end, at the end of `eros rollback --list`."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import ServiceUnavailable

from bqstack.errors import UserError
from bqstack.state import Update
from eros import logs
from eros.cli import rollback as command
from eros.operations.deploy import deploying, success_rate
from eros.operations.deploy.deployment import ExitCode, StepFailed
from eros.operations.deploy.undo import Decision
from eros.operations.rollback import choice
from tests.unit.deploy.conftest import folder, make  # noqa: F401
from tests.unit.deploy.deployments import Fake

NOTHING = Decision(False, None, "nothing to return to")


def ended(name: str, code: ExitCode, newest: int = 0, **more: Any) -> dict[str, Any]:
    record = {"deployment": name, "result": code.name, "newest": newest}
    return record | {"changed": True, "dry_run": False} | more


def update(version: int, message: str = "") -> Update:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return Update.from_history(
        {
            "kind": "update",
            "result": "succeeded",
            "startTime": start.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "message": message,
        },
        version,
    )


def words(records: list[dict[str, Any]], history: list[Update] | None = None) -> str:
    return success_rate.rate(records, history or [], 90).words


def test_neither_a_release_that_was_rolled_back_nor_its_rollback_nor_a_pause_is_a_success():
    # What the engine's history calls four updates that succeeded.
    history = [
        update(5, choice.message("update 2", 2, 2, "schedules as before")),
        update(4, choice.message("update 2", 1, 2, "schedules paused")),
        update(3, "eros deploy b"),
        update(2, "pause"),
        update(1, "eros deploy a"),
    ]
    records = [ended("b", ExitCode.VALIDATION, 2), ended("a", ExitCode.SUCCESS)]
    assert words(records, history) == (
        "1 of 2 deployments in 90 days succeeded: 50% (target: above 95%)"
    )


def test_a_deployment_that_a_person_rolled_back_later_is_no_success():
    back = update(4, choice.message("update 2", 1, 1, "definitions"))
    records = [ended("b", ExitCode.SUCCESS, 2), ended("a", ExitCode.SUCCESS, 1)]
    assert words(records, [back]).startswith(
        "1 of 2 deployments in 90 days succeeded, 1 rolled back later: 50%"
    )
    # What was deployed after the rollback stays.
    later = ended("c", ExitCode.SUCCESS, 4)
    assert words([later, *records], [back]).startswith("2 of 3 deployments")


def test_what_was_resumed_counts_by_its_last_end_and_what_changed_nothing_does_not_count():
    records = [
        ended("c", ExitCode.PREREQUISITES),
        ended("b", ExitCode.SUCCESS),
        ended("b", ExitCode.DEPLOYMENT),
        ended("a", ExitCode.SUCCESS, dry_run=True),
        ended("none", ExitCode.SUCCESS, changed=False),
    ]
    assert words(records) == (
        "1 of 1 deployment in 90 days succeeded: 100% (target: above 95%)"
        "; 1 refused before any change"
    )
    assert words([]) == "no deployment ended in 90 days"


def test_a_deployment_that_goes_on_after_its_update_is_a_success_though_it_changes_no_more():
    records = [ended("a", ExitCode.SUCCESS, changed=False), ended("a", ExitCode.VALIDATION)]
    assert words(records).startswith("1 of 1 deployment ")


def test_what_is_half_made_stays_so_when_it_is_refused_later():
    records = [ended("a", ExitCode.PREREQUISITES), ended("a", ExitCode.DEPLOYMENT)]
    assert words(records).startswith("0 of 1 deployment ")


def test_records_of_earlier_versions_do_not_count():
    old = {"deployment": "a", "result": ExitCode.SUCCESS.name}
    assert words([ended("b", ExitCode.VALIDATION), old]).startswith("0 of 1 deployment ")


def test_a_share_is_not_rounded_up_to_its_target():
    bad = [ended(f"bad-{n}", ExitCode.VALIDATION) for n in range(54)]
    good = [ended(f"good-{n}", ExitCode.SUCCESS) for n in range(946)]
    assert "94.6% (target: above 95%)" in words(good + bad)


def test_a_deployment_leaves_the_record_that_is_counted(make, caplog):  # noqa: F811
    caplog.set_level(logging.INFO, logger=logs.Stream.AUDIT.logger.name)
    bad = Fake("validate", ExitCode.VALIDATION, error=StepFailed("bad"))
    deploying.run(make().deployment, [bad], decide=lambda deployment: NOTHING)
    audited = [one for one in caplog.records if one.name == logs.Stream.AUDIT.logger.name]
    assert [one.getMessage() for one in audited] == [success_rate.RECORD]
    assert words([vars(one)["extras"] for one in audited]).startswith("0 of 1 deployment ")


@pytest.mark.parametrize(
    "error", [ServiceUnavailable("Logging does not answer"), UserError("no credentials")]
)
def test_records_that_cannot_be_read_are_no_success(monkeypatch, error):
    def fail(google, history):
        raise error

    monkeypatch.setattr(success_rate, "read", fail)
    assert "is unknown: " in command.success_rate(SimpleNamespace(), [])
