CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.stale_data_detection
OPTIONS (
    description = 'Monitoring query 9: pages whose figures are older than {{ thresholds.feedback_age_critical_hours }} hours, and pages with figures that no longer send.'
)
AS
SELECT
    COALESCE(health.page_name, stats.page_name) AS page_name,
    stats.last_updated,
    COALESCE(
        health.hours_since_update,
        TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), stats.last_updated, MINUTE) / 60
    ) AS hours_stale,
    health.page_name IS NOT NULL AS active_in_30_days
FROM `{{ project }}`.`{{ dataset }}`.performance_feedback_health AS health
FULL OUTER JOIN (
    SELECT
        page_name,
        MAX(last_updated) AS last_updated
    FROM `{{ project }}`.`{{ dataset }}`.caption_bandit_stats
    GROUP BY page_name
) AS stats
    ON health.page_name = stats.page_name
WHERE
    COALESCE(
        health.hours_since_update,
        TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), stats.last_updated, MINUTE) / 60
    ) > {{ thresholds.feedback_age_critical_hours }}
    OR health.freshness_status = 'CRITICAL';
