"""What `eros validate --live` tries, on a whole dataset and on one in which something is broken."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from eros.operations.deploy import Level, Site, live_checks, verification
from eros.watch import monitor

pytestmark = [pytest.mark.sql, pytest.mark.emulator]


@pytest.fixture(scope="module")
def warehouse(build):
    return build("live_checks")


@pytest.fixture
def site(warehouse) -> Site:
    google = SimpleNamespace(settings=warehouse.settings, bigquery=warehouse.client)
    return Site("local", google)  # type: ignore[arg-type]


def test_every_function_and_every_monitoring_query_of_a_good_stack_answers(site):
    for finding in (live_checks.functions(site), live_checks.monitoring(site)):
        assert finding.level is Level.OK, finding.text


def failed(site: Site) -> list[str]:
    return [f.check for f in verification.check(site) if f.level is Level.FAILED]


def test_the_verification_cases_hold_and_one_that_does_not_is_named(site, warehouse):
    warehouse.run("CALL refresh_holiday_calendar(2024, 2030)")
    assert failed(site) == []
    warehouse.run("DELETE FROM holiday_calendar WHERE holiday_date = '2025-12-25'")
    assert failed(site) == ["case 7"]


def test_what_somebody_has_broken_by_hand_is_named_with_its_reason(site, warehouse, monkeypatch):
    warehouse.run("DROP FUNCTION hash_uniform")
    functions = live_checks.functions(site)
    assert functions.level is Level.FAILED
    assert "hash_uniform" in functions.text
    warehouse.run("DROP VIEW queue_status")
    asked = [query for query in monitor.QUERIES if query.name == "queue_status"]
    monkeypatch.setattr(monitor, "QUERIES", asked)
    monitoring = live_checks.monitoring(site)
    assert monitoring.level is Level.FAILED
    assert monitoring.text.startswith("queue_status: ")
