CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.health_checks (
    check_timestamp TIMESTAMP NOT NULL OPTIONS (description = 'When the check ran'),
    health_score INT64 NOT NULL OPTIONS (description = '100 - 6 per warning - 20 per critical finding, at least 0'),
    status STRING NOT NULL OPTIONS (description = 'HEALTHY, WARNING or CRITICAL'),
    checks_passed INT64 NOT NULL OPTIONS (description = 'Checks without a critical finding'),
    checks_total INT64 NOT NULL OPTIONS (description = 'Checks made'),
    warnings INT64 NOT NULL OPTIONS (description = 'Findings above a warning limit'),
    critical INT64 NOT NULL OPTIONS (description = 'Findings above a critical limit'),
    slow_queries INT64 OPTIONS (description = 'Slow queries of the last 24 hours, automation left out'),
    failed_queries INT64 OPTIONS (description = 'Failed queries of the last 24 hours'),
    total_queries INT64 OPTIONS (description = 'Queries of the last 24 hours'),
    error_rate_pct FLOAT64 OPTIONS (description = 'Failed share of the queries, in percent'),
    avg_execution_seconds FLOAT64 OPTIONS (description = 'Mean duration of a query in seconds, automation left out'),
    p95_seconds FLOAT64 OPTIONS (description = '95th percentile of the durations in seconds, automation left out'),
    daily_cost_usd FLOAT64 OPTIONS (description = 'Cost of the queries of the business day so far, in US dollars'),
    available_captions INT64 OPTIONS (description = 'Active captions without a lock'),
    locked_captions INT64 OPTIONS (description = 'Captions with an active lock'),
    active_locks INT64 OPTIONS (description = 'Active locks'),
    expired_locks INT64 OPTIONS (description = 'Active locks whose send date has passed, after the grace period'),
    assignments_24h INT64 OPTIONS (description = 'Captions assigned in the last 24 hours'),
    details JSON OPTIONS (description = 'Each finding with its value and limits'),
    figures JSON OPTIONS (description = 'What was counted, by queries, work, upkeep and stored, each with the time of its counting; health_figures has its columns')
)
PARTITION BY DATE(check_timestamp)
OPTIONS (
    description = 'One row per health check, every 5 minutes.',
    partition_expiration_days = {{ retention.log_days }},
    require_partition_filter = TRUE
);
