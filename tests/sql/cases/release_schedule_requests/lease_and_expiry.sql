-- case: ended leases return, old requests are cancelled, a backlog warns

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, claimed_at, claimed_by, attempts)
VALUES
    ('held', CURRENT_DATE('America/Los_Angeles'), 'PROCESSING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 29 MINUTE), 'b', 0),
    ('lost', CURRENT_DATE('America/Los_Angeles'), 'PROCESSING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 31 MINUTE), 'b', 0),
    ('lost_for_good', CURRENT_DATE('America/Los_Angeles'), 'PROCESSING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 31 MINUTE), 'b', 2),
    ('yesterday', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 'PENDING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 20 HOUR), NULL, NULL, 0),
    ('two_days', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 2 DAY), 'PENDING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 48 HOUR), NULL, NULL, 0);

-- when
CALL release_schedule_requests();

-- then
ASSERT (
    SELECT STRING_AGG(CONCAT(page_name, '=', status), ' ' ORDER BY page_name)
    FROM schedule_generation_queue
) = 'held=PROCESSING lost=PENDING lost_for_good=FAILED two_days=CANCELLED yesterday=PENDING' AS 'status';
ASSERT (SELECT STRING_AGG(CONCAT(alert_level, ' ', alert_name)) FROM automation_alerts) = 'WARNING Queue backlog' AS 'alert';
