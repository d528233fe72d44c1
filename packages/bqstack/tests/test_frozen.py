"""SQL whose clock stands still and that nobody outside hears."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bqstack.rows.frozen import freeze

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
NOW = "TIMESTAMP '2026-01-02 12:00:00+00:00'"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT CURRENT_TIMESTAMP()", f"SELECT {NOW}"),
        ("SELECT CURRENT_TIMESTAMP", f"SELECT {NOW}"),
        ("SELECT CURRENT_DATE()", f"SELECT DATE({NOW})"),
        ("SELECT CURRENT_DATE('UTC')", f"SELECT DATE({NOW}, 'UTC')"),
        ("SELECT current_datetime(zone)", f"SELECT DATETIME({NOW}, zone)"),
        ("SELECT RAND() * 2", "SELECT 0.5 * 2"),
        ("SELECT COALESCE(seed, FARM_FINGERPRINT(GENERATE_UUID()))", "SELECT COALESCE(seed, 1)"),
        (
            "SELECT 1 FROM `p`.`region-us`.INFORMATION_SCHEMA.JOBS_BY_PROJECT AS j",
            "SELECT 1 FROM (SELECT * FROM `p`.`region-us`.INFORMATION_SCHEMA.JOBS_BY_PROJECT"
            f" WHERE creation_time < {NOW}) AS j",
        ),
        (
            "SET @@query_label = CONCAT('component:alert,', x); SELECT 1",
            "SET @@query_label = 'component:comparison'; SELECT 1",
        ),
        ("BEGIN CALL BQ.JOBS.CANCEL(run.job_id); END", "BEGIN SELECT(run.job_id); END"),
    ],
)
def test_what_differs_from_run_to_run_or_is_heard_elsewhere_is_fixed(text, expected):
    assert freeze(text, NOON) == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'CURRENT_TIMESTAMP()' AS `CURRENT_DATE`, t.rand",
        "SET label = 1",
        "CALL `p`.`d`.cancel(1)",
        "SELECT @run_time",
        "SELECT GENERATE_UUID(), FARM_FINGERPRINT(name)",
        "SELECT * FROM `region-us`.INFORMATION_SCHEMA.TABLES",
    ],
)
def test_what_only_looks_like_it_stays(text):
    assert freeze(text, NOON) == text
