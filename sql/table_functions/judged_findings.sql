CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.judged_findings(figures JSON, moment TIMESTAMP)  -- noqa: LT01
OPTIONS (
    description = 'One row per finding of a health check with these figures at this moment: its check, value, limits and level (OK, WARNING or CRITICAL), and what else there is to say. Reads no table.'
)
AS (
    WITH judged AS (
        SELECT
            *,
            -- The bank is large and changes slowly, so its captions are counted less often than
            -- the locks.
            GREATEST(CAST(COALESCE(active_captions, 0) AS INT64) - locked_captions, 0) AS available_captions
        FROM `{{ project }}`.`{{ dataset }}`.health_figures(figures)
    )

    SELECT
        check_number,
        check_name,
        finding,
        value,
        warning_limit,
        critical_limit,
        detail,
        CASE
            -- Nobody knows whether it is in order.
            WHEN detail = 'not counted in the last day' THEN 'WARNING'
            WHEN finding = 'available captions' AND value < critical_limit THEN 'CRITICAL'
            WHEN finding = 'available captions' AND value < warning_limit THEN 'WARNING'
            WHEN finding = 'available captions' THEN 'OK'
            WHEN finding = 'slow queries' AND value >= critical_limit THEN 'CRITICAL'
            WHEN finding = 'slow queries' AND value >= warning_limit THEN 'WARNING'
            WHEN finding = 'slow queries' THEN 'OK'
            WHEN value > critical_limit THEN 'CRITICAL'
            WHEN value > warning_limit THEN 'WARNING'
            ELSE 'OK'
        END AS level
    FROM (
        SELECT findings.*
        FROM judged AS counted
        CROSS JOIN UNNEST([
            -- Who reads this row has reached the dataset.
            STRUCT(
                1 AS check_number,
                'connectivity' AS check_name,
                'unreachable' AS finding,
                0.0 AS value,
                CAST(NULL AS FLOAT64) AS warning_limit,
                0.0 AS critical_limit,
                CAST(NULL AS STRING) AS detail
            ),
            STRUCT(2, 'tables', 'missing tables', {{ 6.0 if caption_locks else 5.0 }} - counted.tables_present, NULL, 0.0, NULL),
            STRUCT(
                2,
                'tables',
                'integrity violations',
                COALESCE(counted.integrity_violations, 0.0),
                NULL,
                0.0,
                -- Nobody has looked, which is not the same as none.
                IF(counted.integrity_violations IS NULL, 'not counted in the last day', NULL)
            ),
            STRUCT(
                3,
                'query performance',
                'error rate in percent',
                counted.error_rate_pct,
                {{ thresholds.error_rate_warning_pct | float }},
                {{ thresholds.error_rate_critical_pct | float }},
                NULL
            ),
            STRUCT(
                3,
                'query performance',
                'p95 latency in seconds',
                COALESCE(counted.p95_seconds, 0.0),
                {{ thresholds.latency_p95_warning_seconds | float }},
                NULL,
                NULL
            ),
            STRUCT(
                3,
                'query performance',
                'slow queries',
                CAST(counted.slow_queries AS FLOAT64),
                {{ thresholds.slow_queries_warning | float }},
                {{ thresholds.slow_queries_critical | float }},
                FORMAT('average %.2f s', counted.avg_execution_seconds)
            ),
            STRUCT(
                4,
                'cost',
                'cost today in US dollars',
                counted.daily_cost_usd,
                {{ thresholds.daily_cost_warning_usd | float }},
                NULL,
                NULL
            ),
            STRUCT(
                5,
                'caption pool',
                'available captions',
                CAST(counted.available_captions AS FLOAT64),
                {{ thresholds.available_captions_warning | float }},
                {{ thresholds.available_captions_critical | float }},
                IF(
                    counted.active_captions IS NULL,
                    'not counted in the last day',
                    FORMAT("%'d locked", counted.locked_captions)
                )
            ),
            STRUCT(
                6,
                'caption locks',
                'expired locks',
                CAST(counted.expired_locks AS FLOAT64),
                {{ thresholds.expired_locks_warning | float }},
                {{ thresholds.expired_locks_critical | float }},
                NULL
            ),
            STRUCT(
                6,
                'caption locks',
                'active locks',
                CAST(counted.active_locks AS FLOAT64),
                {{ thresholds.active_locks_warning | float }},
                {{ thresholds.active_locks_critical | float }},
                NULL
            ),
            STRUCT(
                6,
                'caption locks',
                'captions locked twice',
                CAST(counted.locked_twice AS FLOAT64),
                NULL,
                0.0,
                NULL
            ),
            STRUCT(
                7,
                'recent activity',
                'hours without assignments',
                COALESCE(TIMESTAMP_DIFF(moment, counted.last_assigned_at, MINUTE) / 60, 1000000.0),
                {{ thresholds.inactivity_warning_hours | float }},
                {{ thresholds.inactivity_critical_hours | float }},
                FORMAT("%'d assignments in last 24 hours", counted.assignments_24h)
            ),
            STRUCT(
                7,
                'recent activity',
                'hours since the daily run',
                TIMESTAMP_DIFF(moment, COALESCE(counted.last_good_daily_run, counted.system_since), MINUTE) / 60,
                NULL,
                {{ thresholds.daily_run_age_critical_hours | float }},
                IF(counted.last_good_daily_run IS NULL, 'never', NULL)
            ),
            STRUCT(
                7,
                'recent activity',
                'failed daily runs',
                CAST(counted.failed_daily_runs AS FLOAT64),
                0.0,
                NULL,
                NULL
            ),
            STRUCT(
                7,
                'recent activity',
                'hours since the feedback',
                TIMESTAMP_DIFF(moment, COALESCE(counted.last_feedback, counted.system_since), MINUTE) / 60,
                {{ thresholds.feedback_age_warning_hours | float }},
                {{ thresholds.feedback_age_critical_hours | float }},
                IF(counted.last_feedback IS NULL, 'never', NULL)
            ),
            STRUCT(
                7,
                'recent activity',
                'hours since the lock sweep',
                TIMESTAMP_DIFF(moment, COALESCE(counted.last_sweep, counted.system_since), MINUTE) / 60,
                {{ thresholds.sweep_age_warning_hours | float }},
                {{ thresholds.sweep_age_critical_hours | float }},
                IF(counted.last_sweep IS NULL, 'never', NULL)
            )
        ]) AS findings
    )
);
