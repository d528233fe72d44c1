-- case: a finished request is COMPLETED

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, claimed_at, claimed_by, attempts)
VALUES ('p', CURRENT_DATE('America/Los_Angeles'), 'PROCESSING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), CURRENT_TIMESTAMP(), 'b', 0);

-- when
CALL finish_schedule_request('b', 'p', CURRENT_DATE('America/Los_Angeles'), NULL);

-- then
ASSERT (SELECT status = 'COMPLETED' AND completed_at IS NOT NULL AND attempts = 0 FROM schedule_generation_queue) AS 'completed';
