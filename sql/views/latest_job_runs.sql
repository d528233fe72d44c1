CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.latest_job_runs
OPTIONS (
    description = 'The newest finished run of each procedure in the last day: its duration in seconds and its status.'
)
AS
SELECT
    job_name AS job,
    job_start_time,
    duration_seconds,
    status
FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
WHERE
    status != 'RUNNING'
    AND job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)
QUALIFY ROW_NUMBER() OVER (PARTITION BY job_name ORDER BY job_start_time DESC) = 1;
