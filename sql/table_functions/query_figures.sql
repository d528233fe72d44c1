CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.query_figures(moment TIMESTAMP)  -- noqa: LT01
OPTIONS (
    description = 'What the job history says as of a moment, in one row: the queries of 24 hours, the cost of the business day so far, and how fast errors use up their budget. stop_overdue_runs counts it every five minutes, the health check takes the newest count.'
)
AS (
    WITH jobs AS (
        SELECT
            bytes_billed,
            -- The automation's own jobs take minutes by design and have limits of their own.
            is_automation,
            error_reason IS NOT NULL AS failed,
            TIMESTAMP_DIFF(moment, creation_time, SECOND) / 60 AS age,
            creation_time >= TIMESTAMP(DATE(moment, '{{ time_zone }}'), '{{ time_zone }}') AS is_today,
            creation_time >= TIMESTAMP_SUB(moment, INTERVAL 24 HOUR) AS is_recent,
            duration_ms / 1000 AS seconds
        FROM `{{ project }}`.`{{ dataset }}`.query_jobs
        WHERE creation_time >= TIMESTAMP_SUB(moment, INTERVAL 25 HOUR)
    ),

    counted AS (
        SELECT
            COUNTIF(is_recent) AS total_queries,
            COUNTIF(is_recent AND failed) AS failed_queries,
            COUNTIF(is_recent AND NOT is_automation AND seconds > {{ thresholds.slow_query_seconds }}) AS slow_queries,
            AVG(IF(is_recent AND NOT is_automation, seconds, NULL)) AS avg_execution_seconds,
            APPROX_QUANTILES(IF(is_recent AND NOT is_automation, seconds, NULL), 100)[SAFE_OFFSET(95)] AS p95_seconds,
            COALESCE(SUM(IF(is_today, bytes_billed, 0)), 0) / POW(2, 40) * {{ prices.query_usd_per_tib }} AS daily_cost_usd,
            COUNTIF(failed AND age <= 60) AS failed_1h,
            COUNTIF(failed AND age <= 360) AS failed_6h,
            SAFE_DIVIDE(COUNTIF(failed AND age <= 60), COUNTIF(age <= 60)) AS share_1h,
            SAFE_DIVIDE(COUNTIF(failed AND age <= 5), COUNTIF(age <= 5)) AS share_5m,
            SAFE_DIVIDE(COUNTIF(failed AND age <= 360), COUNTIF(age <= 360)) AS share_6h,
            SAFE_DIVIDE(COUNTIF(failed AND age <= 30), COUNTIF(age <= 30)) AS share_30m
        FROM jobs
    )

    SELECT
        moment AS counted_at,
        total_queries,
        failed_queries,
        slow_queries,
        avg_execution_seconds,
        p95_seconds,
        daily_cost_usd,
        COALESCE(SAFE_DIVIDE(failed_queries, total_queries) * 100, 0) AS error_rate_pct,
        -- The failed share in multiples of what its window may show, each time the lower of a long
        -- and a short window: the short one lets the alert go soon after the failures end.
        GREATEST(
            IF(failed_1h < {{ thresholds.burn_minimum_failures }}, 0, LEAST(share_1h, COALESCE(share_5m, 0))) / {{ thresholds.burn_fast }},
            IF(failed_6h < {{ thresholds.burn_minimum_failures }}, 0, LEAST(share_6h, COALESCE(share_30m, 0))) / {{ thresholds.burn_slow }}
        ) * 100 / {{ thresholds.error_rate_warning_pct }} AS burn_rate
    FROM counted
);
