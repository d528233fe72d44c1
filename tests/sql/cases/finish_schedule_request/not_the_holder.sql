-- case: a builder cannot finish what another holds
-- raises: does not hold the request

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, claimed_at, claimed_by, attempts)
VALUES ('p', CURRENT_DATE('America/Los_Angeles'), 'PROCESSING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), CURRENT_TIMESTAMP(), 'b', 0);

-- when
CALL finish_schedule_request('other', 'p', CURRENT_DATE('America/Los_Angeles'), NULL);

-- then
ASSERT (SELECT status FROM schedule_generation_queue) = 'PROCESSING' AS 'still held';
