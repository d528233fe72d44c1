-- case: past send dates expire, locks older than seven days are stale, today and seven days stay

-- given
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
VALUES
    ('yesterday', 'p', 'c1', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), TRUE),
    ('today', 'p', 'c2', CURRENT_DATE('America/Los_Angeles'), CURRENT_TIMESTAMP(), TRUE),
    ('almost_stale', 'p', 'c3', CURRENT_DATE('America/Los_Angeles'), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 604740 SECOND), TRUE),
    ('stale', 'p', 'c4', DATE_ADD(CURRENT_DATE('America/Los_Angeles'), INTERVAL 3 DAY), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 604801 SECOND), TRUE),
    ('expired_and_stale', 'p', 'c5', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 9 DAY), TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 20 DAY), TRUE),
    ('long_ago', 'p', 'c6', '1970-01-01', TIMESTAMP '1970-01-01 00:00:00 UTC', TRUE),
    ('far_future', 'p', 'c7', '2199-12-31', CURRENT_TIMESTAMP(), TRUE),
    ('inactive', 'p', 'c8', DATE_SUB(CURRENT_DATE('America/Los_Angeles'), INTERVAL 1 DAY), CURRENT_TIMESTAMP(), FALSE);

-- when
CALL sweep_expired_caption_locks();

-- then
ASSERT (
    SELECT STRING_AGG(assignment_id, ' ' ORDER BY assignment_id)
    FROM active_caption_assignments
    WHERE is_active
) = 'almost_stale far_future today' AS 'locks that stay';
ASSERT (
    SELECT STRING_AGG(CONCAT(assignment_id, '=', deactivation_reason), ' ' ORDER BY assignment_id)
    FROM active_caption_assignments
    WHERE deactivated_at IS NOT NULL
) = 'expired_and_stale=EXPIRED long_ago=EXPIRED stale=STALE yesterday=EXPIRED' AS 'reasons';
ASSERT (
    SELECT COUNT(*) = 1 AND MIN(expired_deactivated) = 3 AND MIN(stale_deactivated) = 1
        AND MIN(active_before) = 7 AND MIN(active_after) = 3 AND NOT LOGICAL_OR(bloat_detected)
    FROM lock_sweep_log
    WHERE status = 'SUCCESS'
) AS 'the log counts what was done';
ASSERT (SELECT COUNT(*) FROM automation_alerts) = 0 AS 'no alert';
