CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.performance_feedback_health
OPTIONS (
    description = 'Monitoring query 2: how old the learned figures of each active page are. A page is as fresh as the last feedback run, unless a result from before that run is not counted: then it is as old as its own figures.'
)
AS
SELECT
    page_name,
    last_updated,
    hours_since_update,
    captions_tracked,
    CASE
        WHEN hours_since_update IS NULL THEN 'CRITICAL'
        WHEN hours_since_update > {{ thresholds.feedback_age_critical_hours }} THEN 'CRITICAL'
        WHEN hours_since_update > {{ thresholds.feedback_age_warning_hours }} THEN 'WARNING'
        ELSE 'FRESH'
    END AS freshness_status
FROM (
    SELECT
        sent.page_name,
        stats.last_updated,
        COALESCE(stats.captions_tracked, 0) AS captions_tracked,
        TIMESTAMP_DIFF(
            CURRENT_TIMESTAMP(),
            IF(uncounted.oldest_delivery < runs.last_success, stats.last_updated, runs.last_success),
            MINUTE
        ) / 60 AS hours_since_update
    FROM (
        SELECT DISTINCT page_name
        FROM `{{ project }}`.`{{ dataset }}`.mass_messages
        WHERE
            DATE(sent_at) >= DATE_SUB(CURRENT_DATE('UTC'), INTERVAL {{ automation.active_days }} DAY)
            AND sent_at <= CURRENT_TIMESTAMP()
    ) AS sent
    CROSS JOIN (
        SELECT MAX(job_start_time) AS last_success
        FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
        WHERE
            job_name = 'update_caption_performance'
            AND status = 'SUCCESS'
            AND job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {{ automation.active_days }} DAY)
    ) AS runs
    LEFT JOIN `{{ project }}`.`{{ dataset }}`.uncounted_results AS uncounted
        ON sent.page_name = uncounted.page_name
    LEFT JOIN (
        SELECT
            page_name,
            MAX(last_updated) AS last_updated,
            COUNT(*) AS captions_tracked
        FROM `{{ project }}`.`{{ dataset }}`.caption_bandit_stats
        GROUP BY page_name
    ) AS stats
        ON sent.page_name = stats.page_name
);
