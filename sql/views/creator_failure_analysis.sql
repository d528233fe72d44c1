CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.creator_failure_analysis
OPTIONS (
    description = 'Monitoring query 5: pages whose analysis failed in the last 7 days, with the share of the daily runs that failed for them.'
)
AS
SELECT
    errors.page_name,
    errors.failures,
    errors.last_error_time,
    errors.last_error_message,
    ROUND(100 * SAFE_DIVIDE(errors.failures, runs.runs), 2) AS failure_rate_pct
FROM (
    SELECT
        page_name,
        COUNT(DISTINCT run_id) AS failures,
        MAX(error_time) AS last_error_time,
        MAX_BY(error_message, error_time) AS last_error_message
    FROM `{{ project }}`.`{{ dataset }}`.creator_processing_errors
    WHERE
        error_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
        AND step = 'ANALYZE'
    GROUP BY page_name
) AS errors
CROSS JOIN (
    SELECT COUNT(*) AS runs
    FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
    WHERE
        job_name = 'run_daily_automation'
        AND job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
) AS runs;
