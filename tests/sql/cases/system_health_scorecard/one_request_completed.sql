-- case: one completed request is enough for a queue to pass, one that waits for more than a day warns

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, completed_at, attempts)
VALUES
    ('p', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 0 DAY), 'FAILED', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), 0),
    ('q', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 'COMPLETED', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 27 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 HOUR), 0),
    ('r', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 0 DAY), 'PENDING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), NULL, 0);

-- when
SELECT * FROM system_health_scorecard;

-- then
ASSERT (SELECT status FROM system_health_scorecard WHERE component = 'Queue') = 'PASS' AS 'status';
ASSERT (SELECT detail FROM system_health_scorecard WHERE component = 'Queue') = 'requests PENDING for more than 24 hours; of the 2 that ended in two days, 1 are completed' AS 'detail';
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, attempts)
VALUES
    ('s', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 'PENDING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 25 HOUR), 0);
ASSERT (SELECT status FROM system_health_scorecard WHERE component = 'Queue') = 'WARN' AS 'a request waits';
