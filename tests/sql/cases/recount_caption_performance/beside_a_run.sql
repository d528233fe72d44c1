-- case: a recount beside a feedback run at work says so instead of doing nothing
-- raises: a feedback run is at work

-- given
INSERT INTO etl_job_runs (run_id, job_name, execution_date, job_start_time, status)
VALUES ('other', 'update_caption_performance', CURRENT_DATE('America/Los_Angeles'), CURRENT_TIMESTAMP(), 'RUNNING');

-- when
CALL recount_caption_performance(CURRENT_DATE('UTC'));

-- then
ASSERT (SELECT COUNT(*) FROM etl_job_runs WHERE run_id != 'other') = 0 AS 'no run';
ASSERT (SELECT COUNT(*) FROM automation_alerts) = 0 AS 'no alert: the caller reads the message';
