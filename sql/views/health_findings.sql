CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.health_findings
OPTIONS (
    description = 'One row per finding of the health check at this moment: its check, value, limits and level (OK, WARNING or CRITICAL), and what else there is to say.'
)
AS
WITH runs AS (
    SELECT
        job_name,
        status,
        job_start_time,
        MAX(IF(status = 'SUCCESS', job_start_time, NULL)) OVER (PARTITION BY job_name) AS last_success
    FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
    WHERE
        job_name IN ('run_daily_automation', 'update_caption_performance', 'sweep_expired_caption_locks')
        AND status != 'RUNNING'
        AND job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
),

night AS (
    SELECT
        MAX(IF(job_name = 'run_daily_automation', last_success, NULL)) AS daily_run,
        COUNTIF(
            job_name = 'run_daily_automation'
            AND status != 'SUCCESS'
            AND (last_success IS NULL OR job_start_time > last_success)
        ) AS failed_daily_runs,
        MAX(IF(job_name = 'update_caption_performance', last_success, NULL)) AS feedback,
        MAX(IF(job_name = 'sweep_expired_caption_locks', last_success, NULL)) AS last_sweep
    FROM runs
),

violations AS (
    SELECT COUNT(*) AS locked_twice
    FROM (
        SELECT 1 AS one
        FROM `{{ project }}`.`{{ dataset }}`.planned_captions(CURRENT_DATE('{{ time_zone }}'))
        GROUP BY
            page_name,
            caption_id
        HAVING COUNT(*) > 1
    )
),

-- Counted every {{ automation.integrity_hours }} hours, since it takes a scan of all captions.
stored AS (
    SELECT COALESCE(MAX_BY(value, figure_time), 0.0) AS integrity_violations
    FROM `{{ project }}`.`{{ dataset }}`.stored_figures
    WHERE
        figure = 'integrity_violations'
        AND figure_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)
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
        SELECT
            COUNTIF(table_name != 'etl_job_runs') AS tables_present,
            -- What has never run is as old as the system: a new one has a night before it.
            MIN(IF(table_name = 'etl_job_runs', creation_time, NULL)) AS system_since
        FROM `{{ project }}`.`{{ dataset }}`.INFORMATION_SCHEMA.TABLES
        WHERE table_name IN (
            'caption_bank',
            'caption_bandit_stats',
            'active_caption_assignments',
            'automation_locks',
            'schedule_recommendations',
            'etl_job_runs'
        )
    ) AS tables
    CROSS JOIN night
    CROSS JOIN violations
    CROSS JOIN stored
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
        STRUCT(2, 'tables', 'missing tables', 5.0 - tables.tables_present, NULL, 0.0, NULL),
        STRUCT(2, 'tables', 'integrity violations', stored.integrity_violations, NULL, 0.0, NULL),
        STRUCT(
            3,
            'query performance',
            'error rate in percent',
            figures.error_rate_pct,
            {{ thresholds.error_rate_warning_pct | float }},
            {{ thresholds.error_rate_critical_pct | float }},
            NULL
        ),
        STRUCT(
            3,
            'query performance',
            'p95 latency in seconds',
            COALESCE(figures.p95_seconds, 0.0),
            {{ thresholds.latency_p95_warning_seconds | float }},
            NULL,
            NULL
        ),
        STRUCT(
            3,
            'query performance',
            'slow queries',
            CAST(figures.slow_queries AS FLOAT64),
            {{ thresholds.slow_queries_warning | float }},
            {{ thresholds.slow_queries_critical | float }},
            FORMAT('average %.2f s', figures.avg_execution_seconds)
        ),
        STRUCT(
            4,
            'cost',
            'cost today in US dollars',
            figures.daily_cost_usd,
            {{ thresholds.daily_cost_warning_usd | float }},
            NULL,
            NULL
        ),
        STRUCT(
            5,
            'caption pool',
            'available captions',
            CAST(figures.available_captions AS FLOAT64),
            {{ thresholds.available_captions_warning | float }},
            {{ thresholds.available_captions_critical | float }},
            FORMAT("%'d locked", figures.locked_captions)
        ),
        STRUCT(
            6,
            'caption locks',
            'expired locks',
            CAST(figures.expired_locks AS FLOAT64),
            {{ thresholds.expired_locks_warning | float }},
            {{ thresholds.expired_locks_critical | float }},
            NULL
        ),
        STRUCT(
            6,
            'caption locks',
            'active locks',
            CAST(figures.active_locks AS FLOAT64),
            {{ thresholds.active_locks_warning | float }},
            {{ thresholds.active_locks_critical | float }},
            NULL
        ),
        STRUCT(
            6,
            'caption locks',
            'captions locked twice',
            CAST(violations.locked_twice AS FLOAT64),
            NULL,
            0.0,
            NULL
        ),
        STRUCT(
            7,
            'recent activity',
            'hours without assignments',
            COALESCE(TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), figures.last_assigned_at, MINUTE) / 60, 1000000.0),
            {{ thresholds.inactivity_warning_hours | float }},
            {{ thresholds.inactivity_critical_hours | float }},
            FORMAT("%'d assignments in last 24 hours", figures.assignments_24h)
        ),
        STRUCT(
            7,
            'recent activity',
            'hours since the daily run',
            TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), COALESCE(night.daily_run, tables.system_since), MINUTE) / 60,
            NULL,
            {{ thresholds.daily_run_age_critical_hours | float }},
            IF(night.daily_run IS NULL, 'never', NULL)
        ),
        STRUCT(
            7,
            'recent activity',
            'failed daily runs',
            CAST(night.failed_daily_runs AS FLOAT64),
            0.0,
            NULL,
            NULL
        ),
        STRUCT(
            7,
            'recent activity',
            'hours since the feedback',
            TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), COALESCE(night.feedback, tables.system_since), MINUTE) / 60,
            {{ thresholds.feedback_age_warning_hours | float }},
            {{ thresholds.feedback_age_critical_hours | float }},
            IF(night.feedback IS NULL, 'never', NULL)
        ),
        STRUCT(
            7,
            'recent activity',
            'hours since the lock sweep',
            TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), COALESCE(night.last_sweep, tables.system_since), MINUTE) / 60,
            {{ thresholds.sweep_age_warning_hours | float }},
            {{ thresholds.sweep_age_critical_hours | float }},
            IF(night.last_sweep IS NULL, 'never', NULL)
        )
    ]) AS findings
);
