CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.execution_time_trends
OPTIONS (
    description = 'Monitoring query 8: durations of the runs of the last 30 days in seconds, by day and job.'
)
AS
SELECT
    DATE(job_start_time, '{{ time_zone }}') AS run_date,
    job_name,
    AVG(duration_seconds) AS avg_seconds,
    APPROX_QUANTILES(duration_seconds, 100)[SAFE_OFFSET(50)] AS p50,
    APPROX_QUANTILES(duration_seconds, 100)[SAFE_OFFSET(95)] AS p95,
    MAX(duration_seconds) AS max_seconds,
    COUNTIF(duration_seconds > {{ thresholds.daily_run_slow_minutes * 60 }}) AS slow_runs
FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
WHERE
    job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 DAY)
    AND duration_seconds IS NOT NULL
GROUP BY
    run_date,
    job_name;
