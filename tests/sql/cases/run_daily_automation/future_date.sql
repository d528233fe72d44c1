-- case: a date in the far future is refused, so that its day is not marked as done
-- raises: execution_date must be

-- when
CALL run_daily_automation('2199-01-01');

-- then
ASSERT (SELECT COUNT(*) FROM etl_job_runs) = 0 AS 'no run';
