CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.health_findings
OPTIONS (
    description = 'One row per finding of the health check at this moment: its check, value, limits and level (OK, WARNING or CRITICAL).'
)
AS
SELECT
    check_number,
    check_name,
    finding,
    value,
    warning_limit,
    critical_limit,
    CASE
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
    FROM `{{ project }}`.`{{ dataset }}`.health_snapshot AS figures
    CROSS JOIN (
        SELECT COUNT(*) AS tables_present
        FROM `{{ project }}`.`{{ dataset }}`.INFORMATION_SCHEMA.TABLES
        WHERE table_name IN (
            'caption_bank',
            'caption_bandit_stats',
            'active_caption_assignments',
            'automation_locks',
            'schedule_recommendations'
        )
    ) AS tables
    CROSS JOIN UNNEST([
        -- Who reads this row has reached the dataset.
        STRUCT(
            1 AS check_number,
            'connectivity' AS check_name,
            'unreachable' AS finding,
            0.0 AS value,
            CAST(NULL AS FLOAT64) AS warning_limit,
            0.0 AS critical_limit
        ),
        STRUCT(2, 'tables', 'missing tables', 5.0 - tables.tables_present, NULL, 0.0),
        STRUCT(
            3,
            'query performance',
            'error rate in percent',
            figures.error_rate_pct,
            {{ thresholds.error_rate_warning_pct | float }},
            {{ thresholds.error_rate_critical_pct | float }}
        ),
        STRUCT(
            3,
            'query performance',
            'p95 latency in seconds',
            COALESCE(figures.p95_seconds, 0.0),
            {{ thresholds.latency_p95_warning_seconds | float }},
            NULL
        ),
        STRUCT(
            3,
            'query performance',
            'slow queries',
            CAST(figures.slow_queries AS FLOAT64),
            {{ thresholds.slow_queries_warning | float }},
            {{ thresholds.slow_queries_critical | float }}
        ),
        STRUCT(
            4,
            'cost',
            'cost today in US dollars',
            figures.daily_cost_usd,
            {{ thresholds.daily_cost_warning_usd | float }},
            NULL
        ),
        STRUCT(
            5,
            'caption pool',
            'available captions',
            CAST(figures.available_captions AS FLOAT64),
            {{ thresholds.available_captions_warning | float }},
            {{ thresholds.available_captions_critical | float }}
        ),
        STRUCT(
            6,
            'caption locks',
            'expired locks',
            CAST(figures.expired_locks AS FLOAT64),
            {{ thresholds.expired_locks_warning | float }},
            {{ thresholds.expired_locks_critical | float }}
        ),
        STRUCT(
            6,
            'caption locks',
            'active locks',
            CAST(figures.active_locks AS FLOAT64),
            {{ thresholds.active_locks_warning | float }},
            {{ thresholds.active_locks_critical | float }}
        ),
        STRUCT(
            7,
            'recent activity',
            'hours without assignments',
            COALESCE(TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), figures.last_assigned_at, MINUTE) / 60, 1000000.0),
            {{ thresholds.inactivity_warning_hours | float }},
            {{ thresholds.inactivity_critical_hours | float }}
        )
    ]) AS findings
);
