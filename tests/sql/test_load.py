"""Everybody at once, under Google's rules: `python -m dev.bench load` in a shorter form."""

from __future__ import annotations

import pytest

from dev.bench import crowd

pytestmark = [pytest.mark.sql, pytest.mark.emulator]


def test_sixteen_builders_beside_every_schedule(build):
    # On one page they wait for each other: the benchmark does that.
    pages = 16
    warehouse = build("load", automation=crowd.AUTOMATION)
    warehouse.clear()
    warehouse.run(crowd.given(pages, crowd.BUILDERS))
    outcome = crowd.come(warehouse.run, again=False)
    assert outcome.failures == []
    assert outcome.requests_twice == []
    assert outcome.captions_twice == []
    # The daily run queues requests of its own beside those that were given.
    assert len(outcome.claims) >= crowd.BUILDERS
    assert sum(outcome.captions.values()) == crowd.PER_REQUEST * len(outcome.claims)
    assert warehouse.value("SELECT COUNT(*) FROM etl_job_runs WHERE status = 'FAILED'") == 0
    left = "SELECT COUNT(*) FROM schedule_generation_queue WHERE status != 'COMPLETED'"
    assert warehouse.value(left) == 0
    longest = max(max(times) for times in outcome.seconds.values())
    print(f"{pages} pages: {len(outcome.claims)} requests, the longest call {longest:.1f} s")
