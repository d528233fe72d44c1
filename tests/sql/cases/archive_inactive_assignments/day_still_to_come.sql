-- case: a lock that the sweep ended before its day stays until no selection counts it any more

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active, deactivated_at, deactivation_reason)
SELECT
    assignment_id,
    'p',
    assignment_id,
    DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL days_ahead DAY),
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 98 DAY),
    FALSE,
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 91 DAY),
    'STALE'
FROM UNNEST([
    STRUCT('ahead' AS assignment_id, 100 AS days_ahead),
    ('cooling', -6),
    ('over', -7)
]);

-- when
CALL archive_inactive_assignments();

-- then
ASSERT (SELECT STRING_AGG(assignment_id, ' ' ORDER BY assignment_id) FROM active_caption_assignments) = 'ahead cooling' AS 'what stays';
ASSERT (SELECT STRING_AGG(assignment_id) FROM archived_caption_assignments) = 'over' AS 'what moved';
