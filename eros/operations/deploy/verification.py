"""The 21 verification cases of the sources: which of them a deployed stack shows, and their tests.

A case that would have to change rows says so, and is shown by its test.
"""

from __future__ import annotations

from dataclasses import dataclass

from eros.operations.deploy.deployment import Finding, Level, Site
from eros.watch import monitor
from eros.watch.monitor_query import Query


@dataclass(frozen=True)
class Case:
    """One case: its test below tests/, and SQL that is TRUE where a deployed stack shows it."""

    number: int
    title: str
    test: str
    live: str = ""
    beside: str = ""
    """What shows it on a deployed stack instead of SQL: another check, or a command."""
    why_not: str = ""
    """Why this command does not try it."""
    shows: str = ""
    """What the rows of a deployed stack show of it, where that is less than its test does."""


CASES = (
    Case(
        1,
        "every object is declared once",
        "sql/test_verification.py",
        beside="objects",
        why_not="it has its own check above",
    ),
    Case(
        2,
        "partitions, clusters, expirations",
        "sql/test_verification.py",
        beside="tables",
        why_not="it has its own check above",
    ),
    Case(
        3,
        "numbers of columns",
        "sql/test_verification.py",
        beside="tables",
        why_not="it has its own check above",
    ),
    Case(
        4,
        "hash vectors",
        "sql/cases/caption_key_v2/sample_hash.sql",
        """{dataset}.caption_key_v2('test message')
            = '3f0a377ba0a4a460ecb616f6507ce0d8cfa3e704025d4fda3ed0c5ca05468728'
        AND {dataset}.caption_key_v2('')
            = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
        AND {dataset}.caption_key_v2(NULL) IS NULL""",
    ),
    Case(
        5,
        "Wilson table and edges",
        "sql/cases/wilson_score_bounds/table_of_the_spec.sql",
        """(
            SELECT LOGICAL_AND(
                ABS({dataset}.wilson_score_bounds(s, f).lower_bound - lower_bound) <= 1e-4
                AND ABS({dataset}.wilson_score_bounds(s, f).upper_bound - upper_bound) <= 1e-4
            )
            FROM UNNEST([
                STRUCT(50 AS s, 50 AS f, 0.403830 AS lower_bound, 0.596170 AS upper_bound),
                STRUCT(500, 500, 0.469069, 0.530931),
                STRUCT(80, 20, 0.711169, 0.866634),
                STRUCT(5, 95, 0.021543, 0.111752),
                STRUCT(1, 0, 0.206543, 1.0),
                STRUCT(0, 10, 0.0, 0.277540)
            ])
        )""",
    ),
    Case(
        6,
        "samples inside their bounds",
        "sql/cases/wilson_sample/inside_the_bounds.sql",
        """(
            SELECT LOGICAL_AND(sample BETWEEN 0.4038 AND 0.5962) AND COUNT(DISTINCT sample) > 900
            FROM (
                SELECT {dataset}.wilson_sample(50, 50) AS sample
                FROM UNNEST(GENERATE_ARRAY(1, 1000))
            )
        )""",
    ),
    Case(
        7,
        "twenty holidays, factors 0.6 to 1.0",
        "sql/cases/refresh_holiday_calendar/twenty_of_2025.sql",
        """(
            SELECT COUNT(*) = 20 AND LOGICAL_AND(saturation_impact_factor BETWEEN 0.6 AND 1.0)
            FROM {dataset}.holiday_calendar
            WHERE holiday_date BETWEEN '2025-01-01' AND '2025-12-31'
        )""",
    ),
    Case(
        8,
        "daily run with 0, 1, 49, 100 creators",
        "sql/cases/run_daily_automation",
        # Whatever their number was: each run accounts for its creators.
        """NOT EXISTS (
            SELECT 1
            FROM {dataset}.etl_job_runs
            WHERE
                job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY)
                AND job_name = 'run_daily_automation'
                AND status IN ('SUCCESS', 'PARTIAL')
                AND creators_processed + creators_failed > creators_total
        )""",
        shows="no run of 30 days counted more creators than it had",
    ),
    Case(
        9,
        "the breaker opens at the 5th failure",
        "sql/cases/run_daily_automation",
        why_not="five pages would have to fail in a row",
    ),
    Case(
        10,
        "a repeated run changes nothing",
        "sql/cases/run_daily_automation/second_run_changes_nothing.sql",
        """NOT EXISTS (
            SELECT 1
            FROM {dataset}.schedule_generation_queue
            WHERE execution_date >= DATE_SUB(CURRENT_DATE(), INTERVAL 30 DAY)
            GROUP BY page_name, execution_date
            HAVING COUNT(*) > 1
        )""",
        shows="no page was queued twice for a day in 30 days",
    ),
    Case(
        11,
        "sweep of yesterday, today, 7 days",
        "sql/cases/sweep_expired_caption_locks",
        # What had passed two days before the newest sweep is ended, whatever the time zone.
        """NOT EXISTS (
            SELECT 1
            FROM {dataset}.active_caption_assignments AS locks
            CROSS JOIN (
                SELECT MAX(sweep_time) AS swept
                FROM {dataset}.lock_sweep_log
                WHERE
                    status = 'SUCCESS'
                    AND sweep_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
            ) AS newest
            WHERE
                locks.is_active
                AND locks.assigned_at < newest.swept
                AND locks.scheduled_send_date < DATE_SUB(DATE(newest.swept), INTERVAL 2 DAY)
        )""",
        shows="the newest sweep left no expired lock",
    ),
    Case(
        12,
        "race for a request",
        "sql/test_concurrency.py",
        why_not="two writers would have to meet at one moment",
    ),
    Case(
        13,
        "rows of alerts",
        "sql/cases/run_daily_automation/failure_rate_alert.sql",
        """NOT EXISTS (
            SELECT 1
            FROM {dataset}.automation_alerts
            WHERE
                alert_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY)
                AND (alert_level NOT IN ('INFO', 'WARNING', 'CRITICAL') OR TRIM(alert_name) = '')
        )""",
        shows="all levels and names of the last 30 days are known",
    ),
    Case(
        14,
        "a rule fires above its limit, not at it",
        "sql/test_alerts.py",
        why_not="each figure would have to reach its limit",
    ),
    Case(
        15,
        "score of the health check",
        "sql/cases/record_health_check/example_of_the_seed.sql",
        # A check that failed has the score 0 and no finding.
        """(
            SELECT
                LOGICAL_AND(
                    health_score = GREATEST(0, 100 - 6 * warnings - 20 * critical)
                    OR checks_passed = 0
                ) IS NOT FALSE
            FROM {dataset}.health_checks
            WHERE check_timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)
        )""",
    ),
    Case(
        16,
        "a second update changes nothing",
        "engine/test_lifecycle.py",
        beside="make drift",
        why_not="it concerns the engine, not the dataset",
    ),
    Case(
        17,
        "names come from the settings",
        "sql/test_verification.py",
        beside="eros validate",
        why_not="it concerns the files, not the dataset",
    ),
    Case(
        18,
        "no secret in clear text in the state",
        "engine/test_stacks.py",
        why_not="it concerns the engine's state, not the dataset",
    ),
    Case(
        19,
        "hostile texts stay data",
        "sql/cases/select_captions_for_creator/hostile_page_name.sql",
        """LENGTH({dataset}.caption_key("'; DROP TABLE captions; -- /*")) = 64""",
    ),
    Case(
        20,
        "both UTC schedules work once a local day",
        "unit/test_schedules.py",
        """NOT EXISTS (
            SELECT 1
            FROM {dataset}.etl_job_runs
            WHERE
                job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY)
                AND job_name = 'run_daily_automation'
                AND status = 'SUCCESS'
                AND creators_total > 0
            GROUP BY execution_date
            HAVING COUNT(*) > 1
        )""",
        shows="no day of 30 had two runs that worked",
    ),
    Case(
        21,
        "a restore brings rows back",
        "engine/test_rollback.py",
        beside="eros backup verify",
        why_not="it restores a backup into a separate dataset",
    ),
)


def check(site: Site) -> list[Finding]:
    """Each case, by its number: whether it holds, or why it is not tried here; raises what
    `monitor.ask` does."""
    shown = [case for case in CASES if case.live]
    columns = ",\n".join(f"{case.live} AS case_{case.number}" for case in shown)
    query = Query("verification", "verification cases of the sources", f"SELECT\n{columns}")
    (row,) = monitor.ask(site.google, query).records()
    return [_finding(case, row.get(f"case_{case.number}")) for case in CASES]


def _finding(case: Case, holds: bool | None) -> Finding:
    name = f"case {case.number}"
    if not case.live:
        beside = f"; {case.beside} shows it" if case.beside else ""
        text = f"{case.title}: {case.why_not}{beside}; tests/{case.test}"
        return Finding(name, Level.NOT_TRIED, text)
    level, words = (Level.OK, case.shows) if holds else (Level.FAILED, "does not hold")
    text = f"{case.title}: {words}" if words else case.title
    return Finding(name, level, f"{text}; tests/{case.test}")
