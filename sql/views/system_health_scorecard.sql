CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.system_health_scorecard
OPTIONS (
    description = 'Monitoring query 7: one row per component with PASS, WARN or FAIL, and the row overall, which passes only when every component does.'
)
AS
WITH daily AS (
    SELECT
        MAX(IF(status = 'SUCCESS', job_start_time, NULL)) AS last_success,
        MAX_BY(status, job_start_time) AS last_status,
        MAX_BY(duration_seconds, job_start_time) AS last_seconds,
        MAX_BY(
            100 * SAFE_DIVIDE(creators_failed, creators_failed + creators_processed),
            IF(creators_failed IS NULL, NULL, job_start_time)
        ) AS failure_rate_pct
    FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
    WHERE
        job_name = 'run_daily_automation'
        AND status != 'RUNNING'
        AND job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
),

feedback AS (
    SELECT TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MAX(job_start_time), MINUTE) / 60 AS age_hours
    FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
    WHERE
        job_name = 'update_caption_performance'
        AND status = 'SUCCESS'
        AND job_start_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
),

sweeps AS (
    SELECT
        TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), MAX(sweep_time), MINUTE) / 60 AS age_hours,
        MAX_BY(expired_deactivated + stale_deactivated, sweep_time) AS last_volume
    FROM `{{ project }}`.`{{ dataset }}`.lock_sweep_log
    WHERE
        status = 'SUCCESS'
        AND sweep_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
),

queue AS (
    SELECT
        COUNTIF(
            status = 'PENDING'
            AND created_at < TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {{ thresholds.queue_backlog_hours }} HOUR)
        ) AS old_pending,
        COUNTIF(created_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 DAY)) AS requested,
        COUNTIF(
            status IN ('COMPLETED', 'FAILED', 'CANCELLED')
            AND completed_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 DAY)
        ) AS ended,
        COUNTIF(
            status = 'COMPLETED'
            AND completed_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 DAY)
        ) AS completed
    FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
    WHERE execution_date >= DATE_SUB(CURRENT_DATE('{{ time_zone }}'), INTERVAL 30 DAY)
),

alerts AS (
    SELECT
        COUNTIF(alert_level = 'CRITICAL') AS critical,
        COUNTIF(alert_level = 'WARNING') AS warning
    FROM `{{ project }}`.`{{ dataset }}`.open_alerts
    WHERE alert_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
),

components AS (
    SELECT
        1 AS place,
        'Daily automation' AS component,
        CASE
            WHEN last_success IS NULL OR last_status IN ('FAILED', 'CIRCUIT_OPEN') THEN 'FAIL'
            WHEN TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), last_success, MINUTE) > {{ thresholds.daily_run_age_critical_hours * 60 }} THEN 'FAIL'
            WHEN last_seconds > {{ thresholds.daily_run_slow_minutes * 60 }} THEN 'WARN'
            ELSE 'PASS'
        END AS status,
        TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), last_success, MINUTE) / 60 AS value,
        {{ thresholds.daily_run_age_critical_hours | float }} AS threshold,
        CONCAT('hours since the last success; last status ', COALESCE(last_status, 'none')) AS detail
    FROM daily
    UNION ALL
    SELECT
        2,
        'Creator failures',
        CASE
            WHEN last_status = 'CIRCUIT_OPEN' THEN 'FAIL'
            WHEN failure_rate_pct > {{ thresholds.creator_failure_warning_pct }} THEN 'WARN'
            ELSE 'PASS'
        END,
        COALESCE(failure_rate_pct, 0),
        {{ thresholds.creator_failure_warning_pct | float }},
        'creators that failed in the last run, in percent'
    FROM daily
    UNION ALL
    SELECT
        3,
        'Performance feedback',
        CASE
            WHEN age_hours IS NULL OR age_hours > {{ thresholds.feedback_age_critical_hours }} THEN 'FAIL'
            WHEN age_hours > {{ thresholds.feedback_age_warning_hours }} THEN 'WARN'
            ELSE 'PASS'
        END,
        age_hours,
        {{ thresholds.feedback_age_warning_hours | float }},
        'hours since the last success'
    FROM feedback
    UNION ALL
    SELECT
        4,
        'Lock cleanup',
        CASE
            WHEN age_hours IS NULL OR age_hours > {{ thresholds.sweep_age_critical_hours }} THEN 'FAIL'
            WHEN age_hours > {{ thresholds.sweep_age_warning_hours }} OR last_volume > {{ thresholds.sweep_volume_warning }} THEN 'WARN'
            ELSE 'PASS'
        END,
        age_hours,
        {{ thresholds.sweep_age_warning_hours | float }},
        CONCAT('hours since the last sweep, which deactivated ', CAST(COALESCE(last_volume, 0) AS STRING))
    FROM sweeps
    UNION ALL
    SELECT
        5,
        'Active locks',
        CASE
            WHEN value > critical_limit THEN 'FAIL'
            WHEN value > warning_limit THEN 'WARN'
            ELSE 'PASS'
        END,
        value,
        warning_limit,
        'active locks over all pages'
    FROM `{{ project }}`.`{{ dataset }}`.health_findings
    WHERE finding = 'active locks'
    UNION ALL
    SELECT
        6,
        'Queue',
        CASE
            WHEN completed = 0 AND (ended > 0 OR (requested > 0 AND old_pending > 0)) THEN 'FAIL'
            WHEN old_pending > 0 THEN 'WARN'
            ELSE 'PASS'
        END,
        CAST(old_pending AS FLOAT64),
        0.0,
        FORMAT(
            'requests PENDING for more than {{ thresholds.queue_backlog_hours }} hours; of the %d that ended in two days, %d are completed',
            ended,
            completed
        )
    FROM queue
    UNION ALL
    SELECT
        7,
        'Open alerts',
        CASE
            WHEN critical > 0 THEN 'FAIL'
            WHEN warning > 0 THEN 'WARN'
            ELSE 'PASS'
        END,
        CAST(critical + warning AS FLOAT64),
        0.0,
        FORMAT('%d CRITICAL and %d WARNING alerts of 7 days are not acknowledged', critical, warning)
    FROM alerts
    UNION ALL
    SELECT
        8,
        'Error rate',
        CASE
            WHEN value > critical_limit THEN 'FAIL'
            WHEN value > warning_limit THEN 'WARN'
            ELSE 'PASS'
        END,
        value,
        warning_limit,
        'failed queries of 24 hours, in percent'
    FROM `{{ project }}`.`{{ dataset }}`.health_findings
    WHERE finding = 'error rate in percent'
)

SELECT
    place,
    component,
    status,
    value,
    threshold,
    detail
FROM components
UNION ALL
SELECT
    9,
    'Overall',
    IF(COUNTIF(status != 'PASS') = 0, 'PASS', 'FAIL'),
    CAST(COUNTIF(status = 'PASS') AS FLOAT64),
    CAST(COUNT(*) AS FLOAT64),
    'components that pass'
FROM components;
