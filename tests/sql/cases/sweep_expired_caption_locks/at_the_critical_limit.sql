-- case: 10,000 active locks are still a WARNING

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
SELECT
    CAST(x AS STRING),
    'p',
    CAST(x AS STRING),
    CURRENT_DATE('America/Los_Angeles'),
    CURRENT_TIMESTAMP(),
    TRUE
FROM UNNEST(GENERATE_ARRAY(1, 10000)) AS x;

-- when
CALL sweep_expired_caption_locks();

-- then
ASSERT (SELECT STRING_AGG(alert_level) FROM automation_alerts) = 'WARNING' AS 'warning at the limit';
