"""`eros sandbox diff --baseline`: the same program twice gives no difference, whatever runs."""

from __future__ import annotations

from datetime import UTC, datetime

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
