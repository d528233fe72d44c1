-- case: the oldest pending request is handed out, each once

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, claimed_at, claimed_by, attempts)
VALUES
    ('newer', CURRENT_DATE('America/Los_Angeles'), 'PENDING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), NULL, NULL, 0),
    ('older', CURRENT_DATE('America/Los_Angeles'), 'PENDING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 HOUR), NULL, NULL, 0),
    ('done', CURRENT_DATE('America/Los_Angeles'), 'COMPLETED', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), NULL, NULL, 0);
CALL claim_schedule_request('builder1', NULL);

-- when
CALL claim_schedule_request('builder2', NULL);

-- then
ASSERT (
    SELECT STRING_AGG(CONCAT(page_name, ' ', status, ' ', COALESCE(claimed_by, '-')), ', ' ORDER BY created_at)
    FROM schedule_generation_queue
) = 'done COMPLETED -, older PROCESSING builder1, newer PROCESSING builder2' AS 'claims';
