CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.lock_cleanup_efficiency
OPTIONS (
    description = 'Monitoring query 3: what the lock sweeps of the last 7 days did, by day, and whether it grows.'
)
AS
SELECT
    sweep_date,
    sweeps,
    expired_deactivated,
    stale_deactivated,
    avg_duration_seconds,
    CASE
        WHEN earlier_total IS NULL THEN 'FIRST'
        WHEN expired_deactivated + stale_deactivated > earlier_total THEN 'UP'
        WHEN expired_deactivated + stale_deactivated < earlier_total THEN 'DOWN'
        ELSE 'FLAT'
    END AS trend
FROM (
    SELECT
        *,
        LAG(expired_deactivated + stale_deactivated) OVER (ORDER BY sweep_date) AS earlier_total
    FROM (
        SELECT
            DATE(sweep_time, '{{ time_zone }}') AS sweep_date,
            COUNT(*) AS sweeps,
            COALESCE(SUM(expired_deactivated), 0) AS expired_deactivated,
            COALESCE(SUM(stale_deactivated), 0) AS stale_deactivated,
            AVG(duration_seconds) AS avg_duration_seconds
        FROM `{{ project }}`.`{{ dataset }}`.lock_sweep_log
        WHERE sweep_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
        GROUP BY sweep_date
    )
);
