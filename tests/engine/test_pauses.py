"""A schedule that nobody switches on again, and a pause of all that lasts, reach a person."""

from __future__ import annotations

import json

import pytest

from eros.project import schedules
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file
from tests.engine.conftest import Program
from tests.engine.test_alerts import CRITICAL, WARNING, Operator, operator_fixture

__all__ = ["operator_fixture"]

pytestmark = pytest.mark.deployed


def test_a_pause_of_one_schedule_is_in_the_inbox(operator: Operator) -> None:
    """Somebody has switched it off in the console and written it down nowhere."""
    operator.run("EROS: Queue Leases")
    operator.evaluate()
    assert operator.reported() == {}
    operator.switch("EROS: Queue Leases", on=False)
    operator.move(hours=4, minutes=5)
    # The others have run meanwhile.
    others = sorted(schedules.load(PROJECT_ROOT).keys() - {"release_schedule_requests"})
    operator.sql(
        f"""
        INSERT INTO job_history
        (creation_time, job_id, job_type, statement_type, state, labels)
        SELECT CURRENT_TIMESTAMP(), CONCAT('injected-', name), 'QUERY', 'SELECT', 'DONE',
        [STRUCT('component' AS key, name AS value)]
        FROM UNNEST({json.dumps(others)}) AS name;
        """
    )
    operator.evaluate()
    # Nothing was evaluated in the hours that were skipped.
    assert operator.reported().keys() <= {"A25"}, "four hours and a quarter are not over"
    operator.move(minutes=9)
    operator.evaluate()
    assert operator.reported() == {"A31": WARNING}
    operator.switch("EROS: Queue Leases", on=True)
    operator.run("EROS: Queue Leases")
    operator.evaluate()
    # An incident closes 45 minutes after the last signal; a walk adds the hour that it leaves out.
    operator.advance(hours=2)
    assert "A31" in operator.resolved()
    operator.sql("DELETE FROM job_history WHERE job_id LIKE 'injected-%'")


def test_a_paused_stack_is_in_the_inbox_when_its_hours_are_over(
    operator: Operator, program: Program
) -> None:
    operator.evaluate()
    operator.reported()
    program.set("schedulesPaused", "true")
    program.up()
    hours = load_stack_file("local").thresholds.pause_warning_hours
    # No run in half an hour is the first sign, and it may last for the hours of a pause.
    operator.move(hours=hours, minutes=20)
    assert operator.reported() == {}, "a pause that is written down may last so long"
    operator.move(minutes=15)
    assert operator.reported() == {"A25": CRITICAL}
    program.set("schedulesPaused", "false")
    program.up()
    # Rules are judged every 15 minutes.
    operator.advance(minutes=35)
    assert "A25" in operator.resolved()
