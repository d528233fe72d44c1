CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.work_figures(moment TIMESTAMP)  -- noqa: LT01
OPTIONS (
    description = 'How the work stands as of a moment, in one row: locks and assignments, runs of the jobs, queue, alerts of procedures that nobody has acknowledged. The health check counts it every 15 minutes. NULL where nothing ran in the last 7 days.'
)
AS (
    WITH locks AS (
        SELECT
            CONCAT(page_name, '/', caption_id) AS caption,
            -- A send date ends with its day in the business time zone; the hourly sweep needs some time.
            TIMESTAMP_ADD(
                TIMESTAMP(DATE_ADD(scheduled_send_date, INTERVAL 1 DAY), '{{ time_zone }}'),
                INTERVAL {{ thresholds.expired_lock_grace_hours }} HOUR
            ) < moment AS is_expired
        FROM `{{ project }}`.`{{ dataset }}`.planned_captions(DATE(moment, '{{ time_zone }}'))
    ),

    lock_figures AS (
        SELECT
            COUNT(*) AS active_locks,
            COUNTIF(is_expired) AS expired_locks,
            COUNT(DISTINCT caption) AS locked_captions
        FROM locks
    ),
    {%- if caption_locks %}

    locks_elsewhere AS (
        SELECT
            COUNT(*) AS active_locks,
            COUNTIF(
                TIMESTAMP_ADD({{ caption_locks.expires_column }}, INTERVAL {{ thresholds.expired_lock_grace_hours }} HOUR) < moment
            ) AS expired_locks
        FROM `{{ project }}`.`{{ dataset }}`.{{ caption_locks.table }}
        WHERE {{ caption_locks.active_column }}
    ),
    {%- endif %}

    violations AS (
        SELECT COUNT(*) AS locked_twice
        FROM (
            SELECT 1 AS one
            FROM locks
            GROUP BY caption
            HAVING COUNT(*) > 1
        )
    ),

    activity AS (
        SELECT
            COUNTIF(assigned_at >= TIMESTAMP_SUB(moment, INTERVAL 24 HOUR)) AS assignments_24h,
            MAX(assigned_at) AS last_assigned_at
        FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments
    ),

    runs AS (
        SELECT
            job_name,
            status,
            job_start_time,
            execution_date,
            duration_seconds,
            creators_total,
            creators_processed,
            creators_failed,
            rows_affected,
            job_name = 'run_daily_automation' AS is_daily,
            MAX(IF(status = 'SUCCESS', job_start_time, NULL)) OVER (PARTITION BY job_name) AS last_success
        FROM `{{ project }}`.`{{ dataset }}`.etl_job_runs
        WHERE
            job_name IN ('run_daily_automation', 'update_caption_performance', 'sweep_expired_caption_locks')
            AND job_start_time >= TIMESTAMP_SUB(moment, INTERVAL 7 DAY)
    ),

    run_figures AS (
        SELECT
            MAX(IF(job_name = 'update_caption_performance', last_success, NULL)) AS last_feedback,
            MAX(IF(job_name = 'sweep_expired_caption_locks', last_success, NULL)) AS last_sweep,
            MAX(IF(is_daily, last_success, NULL)) AS last_good_daily_run,
            -- A daily run in which some creators failed is a run.
            MAX(IF(is_daily AND status IN ('SUCCESS', 'PARTIAL'), job_start_time, NULL)) AS last_daily_run,
            COUNTIF(
                is_daily
                AND status NOT IN ('RUNNING', 'SUCCESS')
                AND (last_success IS NULL OR job_start_time > last_success)
            ) AS failed_daily_runs,
            MAX_BY(
                rows_affected,
                IF(
                    job_name = 'sweep_expired_caption_locks'
                    AND status = 'SUCCESS'
                    AND job_start_time >= TIMESTAMP_SUB(moment, INTERVAL 1 DAY),
                    job_start_time,
                    NULL
                )
            ) AS sweep_volume,
            MAX_BY(duration_seconds, IF(is_daily AND status != 'RUNNING', job_start_time, NULL)) AS daily_run_seconds,
            MAX_BY(
                CASE status WHEN 'SUCCESS' THEN 0 WHEN 'PARTIAL' THEN 1 ELSE 2 END,
                IF(is_daily AND status != 'RUNNING', job_start_time, NULL)
            ) AS daily_run_status,
            -- Of the newest run that has results: one that failed before has none.
            MAX_BY(
                creators_failed,
                IF(is_daily AND status != 'RUNNING' AND creators_failed IS NOT NULL, job_start_time, NULL)
            ) AS creator_failures,
            MAX_BY(
                100 * SAFE_DIVIDE(creators_failed, creators_failed + creators_processed),
                IF(is_daily AND status != 'RUNNING' AND creators_failed IS NOT NULL, job_start_time, NULL)
            ) AS creator_failure_pct,
            -- The newest run of two days, at work or not.
            MAX_BY(
                STRUCT(duration_seconds AS seconds, job_start_time AS started),
                IF(is_daily AND job_start_time >= TIMESTAMP_SUB(moment, INTERVAL 2 DAY), job_start_time, NULL)
            ) AS newest,
            -- The newest run that has something to say of its creators: not the one at work, not
            -- one that ended before it had results. Neither makes good what the run before it
            -- has found.
            MAX_BY(
                STRUCT(
                    status AS status,
                    execution_date AS execution_date,
                    creators_processed AS processed,
                    creators_failed AS failed
                ),
                IF(
                    is_daily
                    AND status != 'RUNNING'
                    AND (status != 'FAILED' OR creators_total IS NOT NULL)
                    AND job_start_time >= TIMESTAMP_SUB(moment, INTERVAL 2 DAY),
                    job_start_time,
                    NULL
                )
            ) AS told
        FROM runs
    ),

    queue AS (
        SELECT
            COUNTIF(status = 'PENDING') AS queue_depth,
            COUNTIF(status = 'PROCESSING') AS queue_processing,
            MIN(IF(status = 'PENDING', created_at, NULL)) AS oldest_pending_at,
            COUNTIF(
                status = 'PENDING'
                AND created_at < TIMESTAMP_SUB(moment, INTERVAL {{ thresholds.queue_backlog_hours }} HOUR)
            ) AS old_requests,
            COUNTIF(
                status = 'FAILED'
                AND completed_at >= TIMESTAMP_SUB(moment, INTERVAL 1 DAY)
            ) AS failed_requests
        FROM `{{ project }}`.`{{ dataset }}`.schedule_generation_queue
        WHERE execution_date >= DATE_SUB(DATE(moment, '{{ time_zone }}'), INTERVAL 30 DAY)
    ),

    outbox AS (
        SELECT
            COUNTIF(alert_level = 'CRITICAL') AS open_critical_alerts,
            COUNTIF(alert_level = 'WARNING') AS open_warning_alerts
        FROM `{{ project }}`.`{{ dataset }}`.open_alerts
        WHERE alert_time >= TIMESTAMP_SUB(moment, INTERVAL 7 DAY)
    )

    SELECT
        moment AS counted_at,
        {%- if caption_locks %}
        lock_figures.active_locks + locks_elsewhere.active_locks AS active_locks,
        lock_figures.expired_locks + locks_elsewhere.expired_locks AS expired_locks,
        {%- else %}
        lock_figures.active_locks,
        lock_figures.expired_locks,
        {%- endif %}
        lock_figures.locked_captions,
        violations.locked_twice,
        activity.assignments_24h,
        activity.last_assigned_at,
        run_figures.last_feedback,
        run_figures.last_sweep,
        run_figures.last_good_daily_run,
        run_figures.last_daily_run,
        run_figures.failed_daily_runs,
        run_figures.sweep_volume,
        run_figures.daily_run_seconds,
        run_figures.daily_run_status,
        run_figures.creator_failures,
        run_figures.creator_failure_pct,
        run_figures.newest.seconds AS newest_run_seconds,
        run_figures.newest.started AS newest_run_started,
        run_figures.told.status AS told_status,
        run_figures.told.execution_date AS told_date,
        run_figures.told.processed AS told_processed,
        run_figures.told.failed AS told_failed,
        queue.queue_depth,
        queue.queue_processing,
        queue.oldest_pending_at,
        queue.old_requests,
        queue.failed_requests,
        outbox.open_critical_alerts,
        outbox.open_warning_alerts
    FROM lock_figures
    CROSS JOIN violations
    {%- if caption_locks %}
    CROSS JOIN locks_elsewhere
    {%- endif %}
    CROSS JOIN activity
    CROSS JOIN run_figures
    CROSS JOIN queue
    CROSS JOIN outbox
);
