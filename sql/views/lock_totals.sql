CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.lock_totals
OPTIONS (
    description = 'Lock load over all pages, in one row. active_lock_status has it by page.'
)
AS
SELECT
    active_locks,
    expired_locks,
    oldest_lock_age_days,
    ROUND(100 * active_locks / {{ thresholds.active_locks_critical }}, 2) AS share_of_limit_pct,
    CASE
        WHEN active_locks > {{ thresholds.active_locks_critical }} THEN 'CRITICAL'
        WHEN active_locks > {{ thresholds.active_locks_warning }} THEN 'WARNING'
        ELSE 'OK'
    END AS level
FROM (
    SELECT
        COUNT(*) AS active_locks,
        COUNTIF(scheduled_send_date < CURRENT_DATE('{{ time_zone }}')) AS expired_locks,
        TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MIN(assigned_at), DAY) AS oldest_lock_age_days
    FROM `{{ project }}`.`{{ dataset }}`.planned_captions(CURRENT_DATE('{{ time_zone }}'))
);
