CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.check_figures(figures JSON, moment TIMESTAMP)  -- noqa: LT01
OPTIONS (
    description = 'What record_health_check publishes of a check with these figures at this moment, in one row. Health status: 0 is HEALTHY, 1 is WARNING, 2 is CRITICAL. Daily run status: 0 is SUCCESS, 1 is PARTIAL, 2 is FAILED or CIRCUIT_OPEN. Reads no table.'
)
AS (
    SELECT
        health.health_score,
        health.warnings,
        health.critical,
        counted.slow_queries,
        counted.error_rate_pct,
        counted.avg_execution_seconds,
        counted.p95_seconds,
        counted.daily_cost_usd,
        counted.locked_captions,
        counted.active_locks,
        counted.expired_locks,
        counted.assignments_24h,
        counted.daily_run_seconds,
        counted.daily_run_status,
        counted.creator_failures,
        counted.creator_failure_pct,
        counted.queue_depth,
        counted.queue_processing,
        counted.open_critical_alerts,
        counted.open_warning_alerts,
        CASE health.status WHEN 'CRITICAL' THEN 2 WHEN 'WARNING' THEN 1 ELSE 0 END AS health_status,
        GREATEST(CAST(COALESCE(counted.active_captions, 0) AS INT64) - counted.locked_captions, 0) AS available_captions,
        TIMESTAMP_DIFF(moment, counted.last_good_daily_run, MINUTE) / 60 AS daily_run_age_hours,
        TIMESTAMP_DIFF(moment, counted.last_feedback, MINUTE) / 60 AS feedback_age_hours,
        TIMESTAMP_DIFF(moment, counted.last_sweep, MINUTE) / 60 AS sweep_age_hours,
        COALESCE(TIMESTAMP_DIFF(moment, counted.oldest_pending_at, MINUTE), 0) AS oldest_pending_minutes
    FROM `{{ project }}`.`{{ dataset }}`.judged_health(figures, moment) AS health
    CROSS JOIN `{{ project }}`.`{{ dataset }}`.health_figures(figures) AS counted
);
