CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.automation_figures
OPTIONS (
    description = 'The figures of the automation as of now, in one row: newest daily run, age of feedback and lock sweep in hours, queue, open alerts. NULL where nothing ran in the last 7 days.'
)
AS
SELECT
    daily.daily_run_seconds,
    daily.daily_run_status,
    daily.daily_run_age_hours,
    daily.creator_failures,
    daily.creator_failure_pct,
    feedback.feedback_age_hours,
    sweeps.sweep_age_hours,
    queue.queue_depth,
    queue.queue_processing,
    queue.oldest_pending_minutes,
    alerts.open_critical_alerts,
    alerts.open_warning_alerts
FROM (
    SELECT
        MAX_BY(duration_seconds, job_start_time) AS daily_run_seconds,
        MAX_BY(CASE status WHEN 'SUCCESS' THEN 0 WHEN 'PARTIAL' THEN 1 ELSE 2 END, job_start_time) AS daily_run_status,
        TIMESTAMP_DIFF(
            CURRENT_TIMESTAMP(),
            MAX(IF(status = 'SUCCESS', job_start_time, NULL)),
            MINUTE
        ) / 60 AS daily_run_age_hours,
        -- Of the newest run that has results: one that failed before has none.
        MAX_BY(creators_failed, IF(creators_failed IS NULL, NULL, job_start_time)) AS creator_failures,
        MAX_BY(
            100 * SAFE_DIVIDE(creators_failed, creators_failed + creators_processed),
            IF(creators_failed IS NULL, NULL, job_start_time)
        ) AS creator_failure_pct
    FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
    WHERE
        job_name = 'run_daily_automation'
        AND status != 'RUNNING'
        AND job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
) AS daily
CROSS JOIN (
    SELECT TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MAX(job_start_time), MINUTE) / 60 AS feedback_age_hours
    FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
    WHERE
        job_name = 'update_caption_performance'
        AND status = 'SUCCESS'
        AND job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
) AS feedback
CROSS JOIN (
    SELECT TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MAX(job_start_time), MINUTE) / 60 AS sweep_age_hours
    FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
    WHERE
        job_name = 'sweep_expired_caption_locks'
        AND status = 'SUCCESS'
        AND job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
) AS sweeps
CROSS JOIN (
    SELECT
        COUNTIF(status = 'PENDING') AS queue_depth,
        COUNTIF(status = 'PROCESSING') AS queue_processing,
        COALESCE(
            TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MIN(IF(status = 'PENDING', created_at, NULL)), MINUTE),
            0
        ) AS oldest_pending_minutes
    FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
    WHERE execution_date >= DATE_SUB(CURRENT_DATE('{{ time_zone }}'), INTERVAL 30 DAY)
) AS queue
CROSS JOIN (
    SELECT
        COUNTIF(alert_level = 'CRITICAL') AS open_critical_alerts,
        COUNTIF(alert_level = 'WARNING') AS open_warning_alerts
    FROM `{{ project }}`.`{{ dataset }}`.open_alerts
    WHERE alert_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
) AS alerts;
