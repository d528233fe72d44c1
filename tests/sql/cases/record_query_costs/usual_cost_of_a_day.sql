-- case: the usual cost of a day is the mean of the seven business days before this one

-- given
INSERT INTO cost_monitoring (window_start, window_end, statement_type, query_count, bytes_processed, bytes_billed, estimated_cost_usd)
SELECT
    TIMESTAMP(DATETIME(DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL age DAY), TIME '12:00:00'), 'America/Los_Angeles'),
    TIMESTAMP(DATETIME(DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL age DAY), TIME '13:00:00'), 'America/Los_Angeles'),
    kind,
    1,
    1,
    1,
    CASE age WHEN 8 THEN 100 WHEN 0 THEN 50 WHEN 7 THEN 2 ELSE 1 END
FROM UNNEST([0, 1, 7, 8]) AS age
CROSS JOIN UNNEST(['SELECT', 'INSERT']) AS kind;

-- when
CALL record_query_costs();

-- then
ASSERT (SELECT value FROM stored_figures WHERE figure = 'usual_daily_cost_usd') = 3 AS 'the mean of 2 and 4 dollars';
ASSERT (SELECT value FROM stored_figures WHERE figure = 'jobs_near_byte_limit') = 0 AS 'no job was near the limit';
