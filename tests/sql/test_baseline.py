"""`eros sandbox diff --baseline`: the same program twice gives no difference, whatever runs."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bqstack.catalogue import Kind
from bqstack.plan import sources
from bqstack.rows.definitions import Definitions
from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.sample import Size, generate, load
from eros.sandbox import sandbox_diff, scripts
from eros.sandbox.scripts import Script

pytestmark = [pytest.mark.sql, pytest.mark.emulator]
DATASET = "eros_scheduling_brain"
PAGE = "some page"
# What procedures take, by the name of the argument; a DATE or TIMESTAMP is the day.
VALUES = {
    "waited_seconds": "0",
    "new_level": "'WARNING'",
    "new_name": "'Something'",
    "new_source": "'a test'",
    "new_message": "'It happened'",
    "new_details": "JSON '{}'",
    "for_run": "'run'",
    "wanted": "'A01'",
    "person": "'me'",
    "builder": "'me'",
    "for_page": f"'{PAGE}'",
    "failure": "'broken'",
    "wanted_lock": "'a lock'",
    "held_lock": "'a lock'",
    "old_holder": "'me'",
    "new_holder": "'me'",
    # What a procedure takes it does not give back, and nobody could wait for the end of a lease.
    "lease_seconds": "0",
    "patience_seconds": "60",
    "for_schedule": "'run_daily_automation'",
    "alert_level": "'WARNING'",
    "failures": "0",
    "final_status": "'SUCCESS'",
    "affected": "1",
    "looked_at": "1",
    "succeeded": "1",
    "failed": "0",
    "queued": "1",
    "new_run": "'run'",
    "for_job": "'a job'",
    "publisher": "'record_health_check'",
    "first_year": "2026",
    "last_year": "2027",
    "num_captions": "5",
    "seed": "NULL",
    "figures": "JSON '{}'",
}
# They fail on both sides alike: nothing is claimed, no alert is open, and the error lasts.
FAILING = {
    "finish_claimed_request",
    "finish_schedule_request",
    "acknowledge_alert",
    "prepare_retry",
}


@pytest.fixture(scope="module")
def warehouse(build):
    """The whole program with a sample, and what somebody held when the clones were made."""
    made = build(DATASET)
    made.clear()
    sample = generate(Size.SMALL, seed=1, today=datetime.now(UTC).date())
    load(made.client, made.settings, sample)
    # Until after the test: on a clock that stands still nobody could wait for that.
    made.run(
        f"""
        INSERT INTO page_locks (page_name, lock_bucket, version, locked_at, holder, held_until)
        VALUES (
            '{PAGE}', lock_bucket('{PAGE}'), 1, CURRENT_TIMESTAMP(), 'somebody',
            TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)
        );
        INSERT INTO automation_locks (lock_name, version, locked_at, holder, held_until)
        SELECT
            name, 1, CURRENT_TIMESTAMP(), 'somebody',
            TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)
        FROM UNNEST(['a lock', 'job/update_caption_performance']) AS name;
        INSERT INTO etl_job_runs (run_id, job_name, execution_date, job_start_time, status)
        VALUES (
            'r', 'update_caption_performance', CURRENT_DATE(), CURRENT_TIMESTAMP(), 'RUNNING'
        );
        """
    )
    return made


@pytest.fixture(scope="module")
def sides(warehouse) -> sandbox_diff.Sides:
    """The working tree on both sides, as of now."""
    program = sources.declared(PROJECT_ROOT, "local", "the working tree")
    definitions = Definitions(program)
    assert definitions.dataset == DATASET
    return sandbox_diff.Sides(
        warehouse.settings,
        warehouse.value("SELECT CURRENT_TIMESTAMP()"),
        program,
        program,
        definitions,
        definitions,
        frozenset(),
        frozenset(t.name for t in warehouse.catalogue.tables if t.kind is Kind.LOCAL_TABLE),
    )


def differing(warehouse, sides, chosen: list[Script]) -> tuple[list[str], dict[str, str], set[str]]:
    """Objects that differ, why scripts failed on both sides, and tables that were compared."""
    own = warehouse.settings
    found, notes = sandbox_diff.on_twins(warehouse.client, own, sides, chosen, (), lambda _: None)
    odd = [f"{one.name}: {one}" for one in found if one.differs or one.unknown]
    failed = [note for note in notes[1:] if " failed on both sides: " in note]
    assert len(failed) == len(notes) - 1, notes
    return odd, {note.split()[0]: note for note in failed}, {one.name for one in found}


def test_every_schedule_does_the_same_on_both_sides(warehouse, sides):
    chosen = scripts.each(warehouse.settings, [], sides.moment)
    assert len(chosen) == len(Project(warehouse.settings).entries)
    odd, failed, compared = differing(warehouse, sides, chosen)
    assert not failed
    assert odd == []
    assert {"caption_bandit_stats", "etl_job_runs", "health_checks", "alert_status"} <= compared


def test_every_procedure_does_the_same_on_both_sides(warehouse, sides):
    chosen = []
    # A schedule goes before a procedure of its name, which it calls. One moment has one run of a
    # job, and recount_caption_performance calls what it is.
    called = {*Project(warehouse.settings).entries, "count_message_results"}
    procedures = [
        r for r in warehouse.catalogue.routines if r.kind is Kind.PROCEDURE and r.name not in called
    ]
    assert len(procedures) > 20
    for procedure in procedures:
        values = {a.name: VALUES[a.name] for a in procedure.arguments if a.name in VALUES}
        chosen.append(
            scripts.of(warehouse.settings, procedure.name, sides.moment, _day(sides), values)
        )
    odd, failed, _ = differing(warehouse, sides, chosen)
    assert odd == []
    assert failed.keys() == FAILING, failed


@pytest.mark.parametrize(
    ("take", "lock"), [("take_lock", "a lock"), ("take_page_lock", PAGE)], ids=str
)
def test_a_lock_that_is_held_is_not_waited_for_until_the_run_times_out(
    warehouse, sides, take, lock
):
    calls = "\n".join(
        f"CALL {warehouse.settings.dataset_reference}.`{take}`('{lock}', '{who}', 600, 3);"
        for who in ("somebody", "me")
    )
    own = warehouse.settings
    limits = own.limits.model_copy(update={"daily_run_timeout_seconds": 60})
    _, notes = sandbox_diff.on_twins(
        warehouse.client,
        own.model_copy(update={"limits": limits}),
        sides,
        [Script("waiting", calls)],
        (),
        lambda _: None,
    )
    assert "waiting failed on both sides: " in notes[1]
    assert "not to be had within 3 seconds: somebody else holds it" in notes[1]


def _day(sides: sandbox_diff.Sides) -> date:
    return sides.moment.date()
