-- case: where nothing is due nothing is written, not even a run

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, claimed_at, attempts)
VALUES
('waits', CURRENT_DATE('America/Los_Angeles'), 'PENDING', CURRENT_TIMESTAMP(), NULL, 0),
('works', CURRENT_DATE('America/Los_Angeles'), 'PROCESSING', CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP(), 0);

-- when
CALL release_schedule_requests();

-- then
ASSERT (SELECT COUNT(*) FROM etl_job_runs) = 0 AS 'no run';
ASSERT (SELECT COUNT(*) FROM automation_locks WHERE holder IS NOT NULL) = 0 AS 'no lease';
ASSERT (SELECT COUNTIF(status IN ('PENDING', 'PROCESSING')) FROM schedule_generation_queue) = 2 AS 'both as they were';
