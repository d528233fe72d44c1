-- case: lasting bloat is reported once a day, an acknowledged alert does not return, and a worse one is reported

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
SELECT
    CAST(x AS STRING),
    'p',
    CAST(x AS STRING),
    CURRENT_DATE('America/Los_Angeles'),
    CURRENT_TIMESTAMP(),
    TRUE
FROM UNNEST(GENERATE_ARRAY(1, 5001)) AS x;
INSERT INTO automation_alerts (alert_id, alert_time, alert_level, alert_name, acknowledged)
VALUES ('old', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 25 HOUR), 'WARNING', 'Lock table warning bloat', TRUE);
CALL sweep_expired_caption_locks();
UPDATE automation_alerts SET acknowledged = TRUE
WHERE TRUE;
CALL sweep_expired_caption_locks();
ASSERT (SELECT COUNT(*) FROM automation_alerts) = 2 AS 'one new alert after a day';
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
SELECT
    CAST(x AS STRING),
    'p',
    CAST(x AS STRING),
    CURRENT_DATE('America/Los_Angeles'),
    CURRENT_TIMESTAMP(),
    TRUE
FROM UNNEST(GENERATE_ARRAY(5002, 10001)) AS x;

-- when
CALL sweep_expired_caption_locks();

-- then
ASSERT (
    SELECT STRING_AGG(alert_name ORDER BY alert_name) FROM automation_alerts
    WHERE NOT acknowledged
) = 'Lock table critical bloat' AS 'a worse alert is reported';
