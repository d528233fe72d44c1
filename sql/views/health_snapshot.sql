CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.health_snapshot
OPTIONS (
    description = 'The figures of the health check as of now, in one row: query jobs of the last 24 hours, the cost of today, the caption pool, the locks, the newest assignments. The pool is what count_active_captions found last, within a day, less the captions that are locked now.'
)
AS
SELECT
    total_queries,
    failed_queries,
    slow_queries,
    avg_execution_seconds,
    p95_seconds,
    daily_cost_usd,
    GREATEST(CAST(COALESCE(active_captions, 0) AS INT64) - locked_captions, 0) AS available_captions,
    locked_captions,
    active_locks,
    expired_locks,
    assignments_24h,
    last_assigned_at,
    error_rate_pct
FROM `{{ project }}`.`{{ dataset }}`.health_figures(
    (SELECT live.figures FROM `{{ project }}`.`{{ dataset }}`.live_figures AS live)
);
