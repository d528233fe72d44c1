CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.automation_figures
OPTIONS (
    description = 'The figures of the automation as of now, in one row: newest daily run, age of feedback and lock sweep in hours, queue, open alerts. NULL where nothing ran in the last 7 days.'
)
AS
SELECT
    daily_run_seconds,
    daily_run_status,
    TIMESTAMP_DIFF(counted_at, last_good_daily_run, MINUTE) / 60 AS daily_run_age_hours,
    creator_failures,
    creator_failure_pct,
    TIMESTAMP_DIFF(counted_at, last_feedback, MINUTE) / 60 AS feedback_age_hours,
    TIMESTAMP_DIFF(counted_at, last_sweep, MINUTE) / 60 AS sweep_age_hours,
    queue_depth,
    queue_processing,
    COALESCE(TIMESTAMP_DIFF(counted_at, oldest_pending_at, MINUTE), 0) AS oldest_pending_minutes,
    open_critical_alerts,
    open_warning_alerts
FROM `{{ project }}`.`{{ dataset }}`.work_figures(CURRENT_TIMESTAMP());
