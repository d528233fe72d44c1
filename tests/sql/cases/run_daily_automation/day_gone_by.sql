-- case: a date before yesterday is refused, since nothing can be planned for it any more
-- raises: execution_date must be

-- when
CALL run_daily_automation(DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 2 DAY));

-- then
ASSERT (SELECT COUNT(*) FROM etl_job_runs) = 0 AS 'no run';
