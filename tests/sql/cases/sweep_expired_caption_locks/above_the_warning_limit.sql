-- case: 5,001 active locks raise a WARNING

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

-- when
CALL sweep_expired_caption_locks();

-- then
ASSERT (SELECT STRING_AGG(CONCAT(alert_level, ' ', alert_name)) FROM automation_alerts) = 'WARNING Lock table warning bloat' AS 'one warning';
ASSERT (SELECT LOGICAL_AND(bloat_detected) FROM lock_sweep_log) AS 'bloat is logged';
