-- case: a queue in which everything that ended in two days failed fails, without a request that waits

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, completed_at, attempts)
VALUES
    ('p', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 0 DAY), 'FAILED', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), 0),
    ('q', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 'FAILED', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 27 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 HOUR), 0),
    ('r', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 2 DAY), 'CANCELLED', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 51 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), 0),
    ('s', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 2 DAY), 'COMPLETED', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 51 HOUR), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 49 HOUR), 0);

-- when
SELECT * FROM system_health_scorecard;

-- then
ASSERT (SELECT status FROM system_health_scorecard WHERE component = 'Queue') = 'FAIL' AS 'status';
ASSERT (SELECT detail FROM system_health_scorecard WHERE component = 'Queue') = 'requests PENDING for more than 24 hours; of the 3 that ended in two days, 0 are completed' AS 'detail';
