-- case: empty tables are no error

-- when
CALL update_caption_performance();

-- then
ASSERT (SELECT COUNT(*) FROM caption_bandit_stats) = 0 AS 'no row';
ASSERT (SELECT STRING_AGG(status) FROM etl_job_runs) = 'SUCCESS' AS 'the run succeeded';
ASSERT (SELECT COUNT(*) FROM automation_alerts) = 0 AS 'no alert';
