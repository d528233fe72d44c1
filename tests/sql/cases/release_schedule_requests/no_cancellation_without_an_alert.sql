-- case: a request behind its date is cancelled only when it is old enough for the backlog alert

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, attempts)
VALUES
    ('created_late', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 2 DAY), 'PENDING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 23 HOUR), 0);

-- when
CALL release_schedule_requests();
ASSERT (SELECT status FROM schedule_generation_queue) = 'PENDING' AS 'too young to be cancelled';
UPDATE schedule_generation_queue SET created_at = TIMESTAMP_SUB(created_at, INTERVAL 2 HOUR) WHERE TRUE;
CALL release_schedule_requests();

-- then
ASSERT (SELECT status FROM schedule_generation_queue) = 'CANCELLED' AS 'cancelled';
ASSERT (SELECT STRING_AGG(alert_name) FROM automation_alerts) = 'Queue backlog' AS 'with an alert';
