-- case: tomorrow, which is the UTC date in the evening of Los Angeles, is refused: its run at 03:05 would find it done
-- raises: execution_date must be

-- when
CALL run_daily_automation(DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY));

-- then
ASSERT (SELECT COUNT(*) FROM etl_job_runs) = 0 AS 'no run';
