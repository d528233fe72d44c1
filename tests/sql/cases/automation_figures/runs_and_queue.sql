-- case: newest run, ages in hours, queue and open alerts

-- given
INSERT INTO etl_job_runs (run_id, job_name, job_start_time, duration_seconds, status, creators_processed, creators_failed)
VALUES
('a', 'run_daily_automation', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 HOUR), 90, 'SUCCESS', 9, 0),
('b', 'run_daily_automation', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 6 HOUR), 120.5, 'PARTIAL', 8, 2),
('c', 'run_daily_automation', CURRENT_TIMESTAMP(), NULL, 'RUNNING', NULL, NULL),
('d', 'update_caption_performance', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 9 HOUR), 5, 'SUCCESS', NULL, NULL),
('e', 'update_caption_performance', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), 5, 'FAILED', NULL, NULL);
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, attempts)
VALUES
('p', CURRENT_DATE('America/Los_Angeles'), 'PENDING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 90 MINUTE), 0),
('q', CURRENT_DATE('America/Los_Angeles'), 'PENDING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 MINUTE), 0),
('r', CURRENT_DATE('America/Los_Angeles'), 'PROCESSING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 0),
('s', CURRENT_DATE('America/Los_Angeles'), 'COMPLETED', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5 HOUR), 0);

-- when
SELECT * FROM automation_figures;

-- then
ASSERT (SELECT daily_run_seconds FROM automation_figures) = 120.5 AS 'the newest finished run counts';
ASSERT (SELECT daily_run_status FROM automation_figures) = 1 AS 'PARTIAL is 1';
ASSERT (SELECT daily_run_age_hours FROM automation_figures) = 30 AS 'age since the last success';
ASSERT (SELECT creator_failure_pct FROM automation_figures) = 20 AS '2 of 10 creators failed';
ASSERT (SELECT feedback_age_hours FROM automation_figures) = 9 AS 'a failed run refreshes nothing';
ASSERT (SELECT sweep_age_hours FROM automation_figures) IS NULL AS 'no sweep, no age';
ASSERT (SELECT queue_depth FROM automation_figures) = 2 AS 'two requests wait';
ASSERT (SELECT queue_processing FROM automation_figures) = 1 AS 'one is in work';
ASSERT (SELECT oldest_pending_minutes FROM automation_figures) = 90 AS 'the oldest waits for 90 minutes';
ASSERT (SELECT open_critical_alerts FROM automation_figures) = 0 AS 'no alert is open';
