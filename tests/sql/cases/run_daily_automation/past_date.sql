-- case: a date before the retention is refused
-- raises: execution_date must be

-- when
CALL run_daily_automation('1999-01-01');

-- then
ASSERT (SELECT COUNT(*) FROM etl_job_runs) = 0 AS 'no run';
