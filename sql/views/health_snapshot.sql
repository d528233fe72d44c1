CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.health_snapshot
OPTIONS (
    description = 'The figures of the health check as of now, in one row: query jobs of the last 24 hours, the cost of today, the caption pool, the locks, the newest assignments. The pool is what count_active_captions found in the last hour, less the captions that are locked now.'
)
AS
WITH jobs AS (
    SELECT
        error_reason,
        bytes_billed,
        -- The automation's own jobs take minutes by design and have limits of their own.
        is_automation,
        creation_time >= TIMESTAMP(CURRENT_DATE('{{ time_zone }}'), '{{ time_zone }}') AS is_today,
        creation_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR) AS is_recent,
        duration_ms / 1000 AS seconds
    FROM `{{ project }}`.`{{ dataset }}`.query_jobs
    WHERE creation_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 25 HOUR)
),

query_figures AS (
    SELECT
        COUNTIF(is_recent) AS total_queries,
        COUNTIF(is_recent AND error_reason IS NOT NULL) AS failed_queries,
        COUNTIF(is_recent AND NOT is_automation AND seconds > {{ thresholds.slow_query_seconds }}) AS slow_queries,
        AVG(IF(is_recent AND NOT is_automation, seconds, NULL)) AS avg_execution_seconds,
        APPROX_QUANTILES(IF(is_recent AND NOT is_automation, seconds, NULL), 100)[SAFE_OFFSET(95)] AS p95_seconds,
        COALESCE(SUM(IF(is_today, bytes_billed, 0)), 0) / POW(2, 40) * {{ prices.query_usd_per_tib }} AS daily_cost_usd
    FROM jobs
),

locks AS (
    SELECT
        page_name,
        caption_id,
        assigned_at,
        -- A send date ends with its day in the business time zone; the hourly sweep needs some time.
        TIMESTAMP_ADD(
            TIMESTAMP(DATE_ADD(scheduled_send_date, INTERVAL 1 DAY), '{{ time_zone }}'),
            INTERVAL {{ thresholds.expired_lock_grace_hours }} HOUR
        ) < CURRENT_TIMESTAMP() AS is_expired
    FROM `{{ project }}`.`{{ dataset }}`.planned_captions(CURRENT_DATE('{{ time_zone }}'))
),

lock_figures AS (
    SELECT
        COUNT(*) AS active_locks,
        COUNTIF(is_expired) AS expired_locks
    FROM locks
),

activity AS (
    SELECT
        COUNTIF(assigned_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR)) AS assignments_24h,
        MAX(assigned_at) AS last_assigned_at
    FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments
),

-- The bank is large and changes slowly, so its captions are counted hourly; locks are counted now.
pool AS (
    SELECT
        locked.captions AS locked_captions,
        GREATEST(bank.active_captions - locked.captions, 0) AS available_captions
    FROM (
        SELECT CAST(COALESCE(MAX_BY(value, figure_time), 0) AS INT64) AS active_captions
        FROM `{{ project }}`.`{{ dataset }}`.stored_figures
        WHERE
            figure = 'active_captions'
            AND figure_time >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)
    ) AS bank
    CROSS JOIN (
        SELECT COUNT(DISTINCT CONCAT(page_name, '/', caption_id)) AS captions
        FROM locks
    ) AS locked
)

SELECT
    query_figures.total_queries,
    query_figures.failed_queries,
    query_figures.slow_queries,
    query_figures.avg_execution_seconds,
    query_figures.p95_seconds,
    query_figures.daily_cost_usd,
    pool.available_captions,
    pool.locked_captions,
    lock_figures.active_locks,
    lock_figures.expired_locks,
    activity.assignments_24h,
    activity.last_assigned_at,
    COALESCE(SAFE_DIVIDE(query_figures.failed_queries, query_figures.total_queries) * 100, 0) AS error_rate_pct
FROM query_figures
CROSS JOIN pool
CROSS JOIN lock_figures
CROSS JOIN activity;
