-- case: a failure returns the request until the third attempt, which fails it

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, claimed_at, claimed_by, attempts)
VALUES ('p', CURRENT_DATE('America/Los_Angeles'), 'PROCESSING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), CURRENT_TIMESTAMP(), 'b', 1), ('q', CURRENT_DATE('America/Los_Angeles'), 'PROCESSING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), CURRENT_TIMESTAMP(), 'b', 2);

-- when
CALL finish_schedule_request('b', 'p', CURRENT_DATE('America/Los_Angeles'), 'why'); CALL finish_schedule_request('b', 'q', CURRENT_DATE('America/Los_Angeles'), 'why');

-- then
ASSERT (
    SELECT STRING_AGG(FORMAT('%s %s %d %s', page_name, status, attempts, error_message), ', ' ORDER BY page_name)
    FROM schedule_generation_queue
) = 'p PENDING 2 why, q FAILED 3 why' AS 'attempts';
