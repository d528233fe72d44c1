-- case: without active creators the run succeeds, queues nothing and warns

-- when
CALL run_daily_automation(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT STRING_AGG(FORMAT('%s %d %d', status, creators_total, schedules_queued)) FROM etl_job_runs) = 'SUCCESS 0 0' AS 'run';
ASSERT (SELECT STRING_AGG(CONCAT(alert_level, ' ', alert_name)) FROM automation_alerts) = 'WARNING No active creators' AS 'alert';
