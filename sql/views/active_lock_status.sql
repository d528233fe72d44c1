CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.active_lock_status
OPTIONS (
    description = 'Monitoring query 4: lock load by page, and in the row without a page over all pages. The level is judged over all pages.'
)
AS
SELECT
    page_name,
    active_locks,
    expired_locks,
    oldest_lock_age_days,
    ROUND(100 * active_locks / {{ thresholds.active_locks_critical }}, 2) AS share_of_limit_pct,
    CASE
        WHEN total_locks > {{ thresholds.active_locks_critical }} THEN 'CRITICAL'
        WHEN total_locks > {{ thresholds.active_locks_warning }} THEN 'WARNING'
        ELSE 'OK'
    END AS level
FROM (
    SELECT
        *,
        MAX(active_locks) OVER () AS total_locks
    FROM (
        SELECT
            page_name,
            COUNT(*) AS active_locks,
            COUNTIF(scheduled_send_date < CURRENT_DATE('{{ time_zone }}')) AS expired_locks,
            TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MIN(assigned_at), DAY) AS oldest_lock_age_days
        FROM `{{ project }}`.`{{ dataset }}`.planned_captions(CURRENT_DATE('{{ time_zone }}'))
        GROUP BY page_name
        UNION ALL
        SELECT
            CAST(NULL AS STRING),
            COUNT(*),
            COUNTIF(scheduled_send_date < CURRENT_DATE('{{ time_zone }}')),
            TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MIN(assigned_at), DAY)
        FROM `{{ project }}`.`{{ dataset }}`.planned_captions(CURRENT_DATE('{{ time_zone }}'))
    )
);
