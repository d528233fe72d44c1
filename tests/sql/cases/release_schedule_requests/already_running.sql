-- case: a start while another run is at work does nothing

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, claimed_at, claimed_by, attempts)
VALUES
    ('lost', CURRENT_DATE('America/Los_Angeles'), 'PROCESSING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 31 MINUTE), 'b', 0);
INSERT INTO etl_job_runs (run_id, job_name, job_start_time, status)
VALUES ('other', 'release_schedule_requests', CURRENT_TIMESTAMP(), 'RUNNING');

-- when
CALL release_schedule_requests();

-- then
ASSERT (SELECT STRING_AGG(status) FROM schedule_generation_queue) = 'PROCESSING' AS 'queue';
