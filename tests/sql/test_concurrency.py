"""Callers at the same moment: no caption, request or run is given out twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

CALLERS = 8
TOMORROW = "DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY)"
TODAY = "CURRENT_DATE('America/Los_Angeles')"

pytestmark = [pytest.mark.sql, pytest.mark.emulator]


@pytest.fixture
def busy(build):
    procedures = ["select_captions_for_creator", "claim_schedule_request", "run_daily_automation"]
    needed = [*procedures, "integrity_violations"]
    warehouse = build("concurrency", only=needed, automation={"small_daily_target": 100})
    warehouse.clear()
    return warehouse


def at_once(warehouse, calls: list[str]) -> list[list[dict]]:
    """Results of the calls, all started together; the first error is raised."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(warehouse.run, calls))


def test_no_caption_goes_to_two_callers(busy):
    busy.run("""
        INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
        SELECT CAST(x AS STRING), 'p', 'text', TRUE, CURRENT_TIMESTAMP()
        FROM UNNEST(GENERATE_ARRAY(1, 60)) AS x
    """)
    results = at_once(
        busy, [f"CALL select_captions_for_creator('p', {TOMORROW}, 5, NULL)"] * CALLERS
    )
    given = [row["caption_id"] for rows in results for row in rows]
    assert len(given) == 5 * CALLERS, "a caller was left without captions"
    assert len(set(given)) == len(given), "a caption went to two callers"
    assert busy.value("SELECT COUNT(*) FROM active_caption_assignments") == len(given)
    assert busy.value("SELECT COUNT(*) FROM integrity_violations") == 0


def test_calls_for_other_pages_do_not_get_in_each_others_way(busy):
    busy.run("""
        INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
        SELECT CAST(x AS STRING), CONCAT('page', CAST(MOD(x, 4) AS STRING)), 'text', TRUE,
            CURRENT_TIMESTAMP()
        FROM UNNEST(GENERATE_ARRAY(1, 40)) AS x
    """)
    results = at_once(
        busy,
        [f"CALL select_captions_for_creator('page{n}', {TOMORROW}, 5, NULL)" for n in range(4)],
    )
    assert [len(rows) for rows in results] == [5] * 4
    assert busy.value("SELECT COUNTIF(holder IS NOT NULL) FROM automation_locks") == 0
    locks = "SELECT COUNT(*) AS n, COUNTIF(holder IS NULL) AS free FROM page_locks"
    assert busy.rows(locks) == [{"n": 4, "free": 4}]


def test_no_request_goes_to_two_builders(busy):
    busy.run(f"""
        INSERT INTO schedule_generation_queue (
            page_name, execution_date, status, created_at, attempts
        )
        SELECT CAST(x AS STRING), {TODAY}, 'PENDING', CURRENT_TIMESTAMP(), 0
        FROM UNNEST(GENERATE_ARRAY(1, {CALLERS - 2})) AS x
    """)
    results = at_once(
        busy, [f"CALL claim_schedule_request('builder{n}', NULL)" for n in range(CALLERS)]
    )
    given = [row["page_name"] for rows in results for row in rows]
    assert sorted(given) == [str(n + 1) for n in range(CALLERS - 2)]


def test_a_run_that_starts_twice_runs_once(busy):
    busy.run("""
        INSERT INTO mass_messages (message_id, page_name, sent_at, updated_at)
        VALUES ('m', 'p', CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP());
        INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
        VALUES ('c', 'p', 'text', TRUE, CURRENT_TIMESTAMP());
    """)
    at_once(busy, [f"CALL run_daily_automation({TODAY})"] * 3)
    assert busy.value("SELECT COUNT(*) FROM schedule_generation_queue") == 1
    runs = busy.rows("SELECT status FROM etl_job_runs WHERE job_name = 'run_daily_automation'")
    assert [run["status"] for run in runs] == ["SUCCESS"]
