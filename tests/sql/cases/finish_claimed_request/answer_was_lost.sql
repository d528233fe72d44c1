-- case: a builder whose answer was lost finishes again, and nothing is counted twice

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, claimed_at, claimed_by, attempts)
VALUES
    ('done', CURRENT_DATE('America/Los_Angeles'), 'PROCESSING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP '2026-01-02 03:04:05.000006 UTC', 'b', 0),
    ('failed', CURRENT_DATE('America/Los_Angeles'), 'PROCESSING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP '2026-01-02 03:04:05.000006 UTC', 'b', 0);

-- when
CALL finish_claimed_request('b', 'done', CURRENT_DATE('America/Los_Angeles'), TIMESTAMP '2026-01-02 03:04:05.000006 UTC', NULL);
CALL finish_claimed_request('b', 'done', CURRENT_DATE('America/Los_Angeles'), TIMESTAMP '2026-01-02 03:04:05.000006 UTC', NULL);
CALL finish_claimed_request('b', 'failed', CURRENT_DATE('America/Los_Angeles'), TIMESTAMP '2026-01-02 03:04:05.000006 UTC', 'no luck');
CALL finish_claimed_request('b', 'failed', CURRENT_DATE('America/Los_Angeles'), TIMESTAMP '2026-01-02 03:04:05.000006 UTC', 'no luck');

-- then
ASSERT (SELECT CONCAT(status, CAST(attempts AS STRING)) FROM schedule_generation_queue WHERE page_name = 'done') = 'COMPLETED0' AS 'completed once';
ASSERT (SELECT CONCAT(status, CAST(attempts AS STRING)) FROM schedule_generation_queue WHERE page_name = 'failed') = 'PENDING1' AS 'one failed attempt';
