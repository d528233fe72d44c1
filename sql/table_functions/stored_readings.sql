CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.stored_readings(moment TIMESTAMP)  -- noqa: LT01
OPTIONS (
    description = 'The newest of each stored figure as of a moment, within a day, in one row. The health check reads it each time.'
)
AS (
    SELECT
        MAX_BY(value, IF(figure = 'active_captions', figure_time, NULL)) AS active_captions,
        MAX(IF(figure = 'active_captions', figure_time, NULL)) AS captions_counted_at,
        MAX_BY(value, IF(figure = 'integrity_violations', figure_time, NULL)) AS integrity_violations,
        MAX(IF(figure = 'integrity_violations', figure_time, NULL)) AS integrity_counted_at,
        MAX_BY(value, IF(figure = 'uncounted_results', figure_time, NULL)) AS uncounted_results,
        MAX_BY(value, IF(figure = 'usual_daily_cost_usd', figure_time, NULL)) AS usual_daily_cost_usd,
        MAX_BY(value, IF(figure = 'jobs_near_byte_limit', figure_time, NULL)) AS jobs_near_byte_limit,
        MAX(IF(figure = 'jobs_near_byte_limit', figure_time, NULL)) AS byte_limit_counted_at
    FROM `{{ project }}`.`{{ dataset }}`.stored_figures
    WHERE figure_time >= TIMESTAMP_SUB(moment, INTERVAL 1 DAY)
);
