-- case: more than 1,000 locks in one sweep raise a WARNING

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
SELECT
    CAST(x AS STRING),
    'p',
    CAST(x AS STRING),
    DATE '2026-01-01',
    CURRENT_TIMESTAMP(),
    TRUE
FROM UNNEST(GENERATE_ARRAY(1, 1001)) AS x;

-- when
CALL sweep_expired_caption_locks();

-- then
ASSERT (SELECT STRING_AGG(CONCAT(alert_level, ' ', alert_name)) FROM automation_alerts) = 'WARNING Lock cleanup high volume' AS 'one warning';
