-- case: 5,000 active locks raise no alert

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
SELECT
    CAST(x AS STRING),
    'p',
    CAST(x AS STRING),
    CURRENT_DATE('America/Los_Angeles'),
    CURRENT_TIMESTAMP(),
    TRUE
FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS x;

-- when
CALL sweep_expired_caption_locks();

-- then
ASSERT (SELECT COUNT(*) FROM automation_alerts) = 0 AS 'no alert at the limit';
