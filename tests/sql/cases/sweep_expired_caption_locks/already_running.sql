-- case: a start while another sweep is at work does nothing

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
VALUES ('a', 'p', 'c1', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE);
INSERT INTO etl_job_runs (run_id, job_name, job_start_time, status)
VALUES ('other', 'sweep_expired_caption_locks', CURRENT_TIMESTAMP(), 'RUNNING');

-- when
CALL sweep_expired_caption_locks();

-- then
ASSERT (SELECT COUNTIF(is_active) FROM active_caption_assignments) = 1 AS 'locks';
ASSERT (SELECT COUNT(*) FROM lock_sweep_log) = 0 AS 'log';
