-- case: a claim that was taken over by a builder of the same name closes nothing
-- raises: does not hold the request

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, claimed_at, claimed_by, attempts)
VALUES ('p', CURRENT_DATE('America/Los_Angeles'), 'PROCESSING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP '2026-01-02 03:04:05.000006 UTC', 'b', 1);

-- when
CALL finish_claimed_request('b', 'p', CURRENT_DATE('America/Los_Angeles'), TIMESTAMP '2026-01-02 02:00:00 UTC', NULL);

-- then
ASSERT (SELECT status FROM schedule_generation_queue) = 'PROCESSING' AS 'still held';
CALL finish_claimed_request('b', 'p', CURRENT_DATE('America/Los_Angeles'), TIMESTAMP '2026-01-02 03:04:05.000006 UTC', NULL);
ASSERT (SELECT status FROM schedule_generation_queue) = 'COMPLETED' AS 'the claim that holds it';
