CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.health_findings
OPTIONS (
    description = 'What the health check finds as of now: one row per line of its report, in order, with the number of the check (3 to 7; the first two are made from outside), a label, a severity (OK, WARNING, CRITICAL) and the finding in words.'
)
AS
SELECT
    line,
    finding.check_number,
    finding.label,
    finding.severity,
    finding.finding
FROM `{{ project }}`.`{{ dataset }}`.health_snapshot AS now
CROSS JOIN UNNEST([
    STRUCT(
        3 AS check_number,
        'Query Performance' AS label,
        CASE
            WHEN now.slow_queries >= {{ thresholds.slow_queries_critical }} THEN 'CRITICAL'
            WHEN now.slow_queries >= {{ thresholds.slow_queries_warning }} THEN 'WARNING'
            WHEN now.p95_seconds > {{ thresholds.latency_p95_warning_seconds }} THEN 'WARNING'
            ELSE 'OK'
        END AS severity,
        FORMAT(
            '%d slow queries in 24 hours, 95th percentile %.2f s',
            now.slow_queries,
            COALESCE(now.p95_seconds, 0)
        ) AS finding
    ),
    STRUCT(
        3,
        'Error Rate',
        CASE
            WHEN now.error_rate_pct > {{ thresholds.error_rate_critical_pct }} THEN 'CRITICAL'
            WHEN now.error_rate_pct > {{ thresholds.error_rate_warning_pct }} THEN 'WARNING'
            ELSE 'OK'
        END,
        FORMAT('%.2f%% of %d queries', now.error_rate_pct, now.total_queries)
    ),
    STRUCT(
        4,
        'Daily Cost',
        IF(now.daily_cost_usd > {{ thresholds.daily_cost_warning_usd }}, 'WARNING', 'OK'),
        FORMAT('$%.2f', now.daily_cost_usd)
    ),
    STRUCT(
        5,
        'Caption Pool',
        CASE
            WHEN now.available_captions < {{ thresholds.available_captions_critical }} THEN 'CRITICAL'
            WHEN now.available_captions < {{ thresholds.available_captions_warning }} THEN 'WARNING'
            ELSE 'OK'
        END,
        FORMAT('%d captions available, %d locked', now.available_captions, now.locked_captions)
    ),
    STRUCT(
        6,
        'Caption Locks',
        CASE
            WHEN now.expired_locks > {{ thresholds.expired_locks_critical }} THEN 'CRITICAL'
            WHEN now.active_locks > {{ thresholds.active_locks_critical }} THEN 'CRITICAL'
            WHEN now.expired_locks > {{ thresholds.expired_locks_warning }} THEN 'WARNING'
            WHEN now.active_locks > {{ thresholds.active_locks_warning }} THEN 'WARNING'
            ELSE 'OK'
        END,
        CONCAT(
            FORMAT('%d active, %d expired', now.active_locks, now.expired_locks),
            IF(now.expired_locks > {{ thresholds.expired_locks_warning }}, '; run sweep_expired_caption_locks', '')
        )
    ),
    STRUCT(
        7,
        'Recent Activity',
        CASE
            WHEN now.assignments_24h > 0 THEN 'OK'
            WHEN now.last_assigned_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {{ thresholds.inactivity_critical_hours }} HOUR) THEN 'WARNING'
            ELSE 'CRITICAL'
        END,
        FORMAT('%d assignments in the last 24 hours', now.assignments_24h)
    )
]) AS finding WITH OFFSET AS line;
