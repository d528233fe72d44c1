CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.daily_automation_status
OPTIONS (
    description = 'Monitoring query 1: runs of the daily automation in the last 7 days, by business day.'
)
AS
SELECT
    execution_date AS run_date,
    COUNT(*) AS runs,
    COUNTIF(status = 'SUCCESS') AS succeeded,
    COUNTIF(status IN ('FAILED', 'CIRCUIT_OPEN')) AS failed,
    ROUND(100 * SAFE_DIVIDE(COUNTIF(status = 'SUCCESS'), COUNTIF(status != 'RUNNING')), 2) AS success_rate_pct,
    MAX(job_start_time) AS last_run_time,
    MAX_BY(status, job_start_time) AS last_status
FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
WHERE
    job_name = 'run_daily_automation'
    AND job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
GROUP BY execution_date;
