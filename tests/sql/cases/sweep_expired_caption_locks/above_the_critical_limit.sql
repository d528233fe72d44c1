-- case: 10,001 active locks raise a CRITICAL alert and nothing is deactivated

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
SELECT
    CAST(x AS STRING),
    'p',
    CAST(x AS STRING),
    CURRENT_DATE('America/Los_Angeles'),
    CURRENT_TIMESTAMP(),
    TRUE
FROM UNNEST(GENERATE_ARRAY(1, 10001)) AS x;

-- when
CALL sweep_expired_caption_locks();

-- then
ASSERT (SELECT STRING_AGG(CONCAT(alert_level, ' ', alert_name)) FROM automation_alerts) = 'CRITICAL Lock table critical bloat' AS 'one critical alert';
ASSERT (SELECT COUNTIF(is_active) FROM active_caption_assignments) = 10001 AS 'bloat deactivates nothing';
