CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.active_lock_status
OPTIONS (
    description = 'Monitoring query 4: lock load by page, each page once. The level is judged over all pages; lock_totals has their total.'
)
AS
SELECT
    pages.page_name,
    pages.active_locks,
    pages.expired_locks,
    pages.oldest_lock_age_days,
    ROUND(100 * pages.active_locks / {{ thresholds.active_locks_critical }}, 2) AS share_of_limit_pct,
    totals.level
FROM (
    SELECT
        page_name,
        COUNT(*) AS active_locks,
        COUNTIF(scheduled_send_date < CURRENT_DATE('{{ time_zone }}')) AS expired_locks,
        TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MIN(assigned_at), DAY) AS oldest_lock_age_days
    FROM `{{ project }}`.`{{ dataset }}`.planned_captions(CURRENT_DATE('{{ time_zone }}'))
    GROUP BY page_name
) AS pages
CROSS JOIN `{{ project }}`.`{{ dataset }}`.lock_totals AS totals;
