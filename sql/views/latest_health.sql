CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.latest_health
OPTIONS (
    description = 'The newest health check of the last day in one row, its status as a number: 0 is HEALTHY, 1 is WARNING, 2 is CRITICAL.'
)
AS
SELECT
    check_timestamp,
    health_score,
    warnings,
    critical,
    slow_queries,
    error_rate_pct,
    avg_execution_seconds,
    p95_seconds,
    daily_cost_usd,
    available_captions,
    locked_captions,
    active_locks,
    expired_locks,
    assignments_24h,
    CASE status WHEN 'CRITICAL' THEN 2 WHEN 'WARNING' THEN 1 ELSE 0 END AS health_status
FROM `{{ project }}`.`{{ dataset }}`.health_checks
WHERE check_timestamp >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)
ORDER BY check_timestamp DESC
LIMIT 1;
