-- case: a queue fails when requests wait for more than a day and none has ended

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, completed_at, attempts)
VALUES
    ('p', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 0 DAY), 'PENDING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 3 HOUR), NULL, 0),
    ('q', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), 'PENDING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 27 HOUR), NULL, 0);

-- when
SELECT * FROM system_health_scorecard;

-- then
ASSERT (SELECT status FROM system_health_scorecard WHERE component = 'Queue') = 'FAIL' AS 'status';
ASSERT (SELECT detail FROM system_health_scorecard WHERE component = 'Queue') = 'requests PENDING for more than 24 hours; of the 0 that ended in two days, 0 are completed' AS 'detail';
