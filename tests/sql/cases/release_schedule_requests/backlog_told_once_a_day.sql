-- case: a backlog that lasts raises one alert a day, and an acknowledged one does not come back

-- given
INSERT INTO schedule_generation_queue (page_name, execution_date, status, created_at, attempts)
VALUES ('p', CURRENT_DATE('America/Los_Angeles'), 'PENDING', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 25 HOUR), 0);
INSERT INTO automation_alerts (alert_id, alert_time, alert_level, alert_name, acknowledged)
VALUES ('old', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 25 HOUR), 'WARNING', 'Queue backlog', FALSE);
CALL release_schedule_requests();
UPDATE automation_alerts SET acknowledged = TRUE
WHERE TRUE;

-- when
CALL release_schedule_requests();

-- then
ASSERT (SELECT COUNT(*) FROM automation_alerts) = 2 AS 'one new alert';
ASSERT (SELECT LOGICAL_AND(acknowledged) FROM automation_alerts) AS 'nothing came back';
