-- case: a sweep that never ended does not block the next one, and the run is logged

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
VALUES ('a', 'p', 'c1', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE);
INSERT INTO etl_job_runs (run_id, job_name, job_start_time, status)
VALUES ('dead', 'sweep_expired_caption_locks', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 901 SECOND), 'RUNNING');

-- when
CALL sweep_expired_caption_locks();

-- then
ASSERT (SELECT STRING_AGG(FORMAT('%d %d %d', active_before, expired_deactivated, active_after)) FROM lock_sweep_log) = '1 1 0' AS 'sweep';
ASSERT (SELECT STRING_AGG(FORMAT('%s %d', status, rows_affected)) FROM etl_job_runs WHERE run_id != 'dead') = 'SUCCESS 1' AS 'run';
